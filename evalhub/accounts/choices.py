from django.db.models import TextChoices


class Role(TextChoices):
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    LEAD = "lead"
    ENGINEER = "engineer"
    OWNER = "owner"


class MemberKind(TextChoices):
    PERSON = "person"
    MODEL = "model"  # a judge model
    IMPORTED = "imported"  # somebody named in a file; cannot sign in
    SIMULATED = "simulated"  # made by the demo; cannot sign in
