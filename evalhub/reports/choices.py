from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ExportFormat(TextChoices):
    CSV = "csv", _("CSV, for spreadsheets: one flat line for each judgment")
    JSONL = "jsonl", _("JSONL, for programs: one nested object for each judgment")
    PARQUET = "parquet", _("Parquet, for data frames: the columns of the CSV, typed")


class Standing(TextChoices):
    """What a judgment counts for; see `JudgmentQuerySet.counted` and `usable` in quality."""

    COUNTED = "counted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    EXTRA = "extra"
    UNSETTLED = "unsettled"  # too young: whoever said it may still withdraw it
    EXCLUDED = "excluded"  # its author is left out of the campaign
    OUT_OF_DATA = "out_of_data"  # it, its prompt or its author was withdrawn from data


class ReportKind(TextChoices):
    AGREEMENT = "agreement", _("Agreement")
    RELIABILITY = "reliability", _("Reliability")
    LEADERBOARD = "leaderboard", _("Leaderboard")
    WORDINGS = "wordings", _("Wordings")
    CONSISTENCY = "consistency", _("Consistency")
    BIAS = "bias", _("Bias")
