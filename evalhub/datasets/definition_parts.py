"""The fields of a definition's form, subject by subject."""

from __future__ import annotations

from django import forms

from evalhub.datasets.augmenting.forms import SlicesField
from evalhub.datasets.definition import EVIDENCE, SCORED, Definition
from evalhub.datasets.definition_fields import MomentField, PartsField, ReplayField, WeightsField
from evalhub.judgments.choices import Source

_DEFAULTS = Definition()


class WhichJudgments(forms.Form):
    collections = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of the workspace.",
    )
    sources = forms.MultipleChoiceField(
        choices=Source.choices,
        initial=list(_DEFAULTS.sources),
        widget=forms.CheckboxSelectMultiple,
        label="Judgments of which source",
    )
    campaigns = forms.MultipleChoiceField(
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text="None chosen: all of those collections, but pilots.",
    )
    rubric_versions = forms.MultipleChoiceField(
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        label="Wordings of the rubric",
        help_text="That people saw when they judged. None chosen: any.",
    )
    groups = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Groups of people",
        help_text="None chosen: anybody.",
    )
    evidence = forms.MultipleChoiceField(
        required=False,
        choices=[
            ("corrections", "corrections"),
            ("demonstrations", "answers that people wrote"),
            ("preferences", "preferences"),
            ("rankings", "rankings"),
            ("ratings", "ratings"),
            ("steps", "judged steps"),
            ("references", "references that came with prompts (for SFT, where people gave none)"),
        ],
        initial=list(EVIDENCE),
        widget=forms.CheckboxSelectMultiple,
        label="What is taken from them",
        help_text="None chosen: all but references.",
    )
    slices = SlicesField(
        required=False,
        label="Prompts of these slices",
        help_text="Like language=de, language=fr, domain=law. Empty: all.",
    )
    red_team = forms.ChoiceField(
        required=False,
        choices=[
            ("", "left out, but of evaluation sets"),
            ("keep", "taken like any other"),
            ("leave_out", "left out"),
        ],
        label="Red-team prompts",
        help_text="Of collections that are marked so on their page.",
    )
    judged_from = MomentField(label="Judged from")
    judged_before = MomentField(label="Judged before")
    min_judgments = forms.IntegerField(
        min_value=1, initial=_DEFAULTS.min_judgments, label="Least judgments behind a row"
    )
    max_spread = forms.FloatField(
        required=False,
        min_value=0,
        label="Most spread of ratings",
        help_text="Standard deviation on 1 to 5. Empty: any.",
    )
    min_agreement = forms.FloatField(
        required=False,
        min_value=-1,
        max_value=1,
        label="Least agreement",
        help_text="Of the lower end of Krippendorff’s alpha, question by question. Empty: any.",
    )
    min_reliability = forms.FloatField(
        required=False,
        min_value=-1,
        max_value=1,
        label="Least reliability of people",
        help_text="1: like the others, 0: as if by lot. Empty: everybody.",
    )


class HowDecided(forms.Form):
    criterion = forms.SlugField(
        required=False, help_text="Empty: the overall preference, and the mean of all ratings."
    )
    weights = WeightsField(
        label="Criteria and what they count",
        help_text="Instead of one criterion, a line for each: tone = 2. “overall” is the preference that names "
        "no criterion. The rows go by the weighted sum.",
    )
    consensus = forms.ChoiceField(
        choices=[
            ("votes", "by votes: each counts the same"),
            ("reliability", "by reliability: whoever agrees with the others counts for more"),
        ],
        label="How sure answers are",
        help_text="By reliability p_chosen is the probability that the better one is better; ratings, labels and "
        "written answers count as far as their authors can be relied on.",
    )
    verdicts = forms.ChoiceField(
        choices=[
            ("prefer", "in the place of what else was said about their tasks"),
            ("leave_out", "left out"),
        ],
        label="Verdicts on disagreements",
    )
    min_consensus = forms.FloatField(
        required=False,
        min_value=0.5,
        max_value=1,
        label="Least share of the votes",
        help_text="Empty: above 0.5 for pairs, 0.6 for SFT.",
    )
    margin = forms.FloatField(
        min_value=1e-9,  # the definition wants it above 0
        initial=_DEFAULTS.margin,
        help_text="Between mean ratings, for pairs that nobody compared directly.",
    )
    min_rating = forms.FloatField(
        min_value=1,
        max_value=5,
        initial=_DEFAULTS.min_rating,
        label="Least mean rating",
        help_text="For SFT rows, and good unpaired ones.",
    )
    max_rating = forms.FloatField(
        min_value=1,
        max_value=5,
        initial=_DEFAULTS.max_rating,
        label="Most mean rating",
        help_text="For bad unpaired rows.",
    )
    ties = forms.ChoiceField(
        choices=[("keep", "rows with p_chosen 0.5"), ("leave_out", "left out")],
        label="Pairs on which votes are even",
    )
    best_of = forms.ChoiceField(
        required=False,
        label="Best of n, by a reward model",
        help_text="For SFT: of prompts that nobody judged, the answer that it scores highest.",
    )
    best_of_answers = forms.IntegerField(
        required=False,
        min_value=2,
        initial=SCORED,
        label="Of how many scored answers at least",
    )
    rankings = forms.ChoiceField(
        choices=[("all", "every pair of a ranking"), ("adjacent", "neighbours only")],
    )


class Mixture(forms.Form):
    """Of the training rows alone: what is measured on is never thinned out."""

    parts = PartsField(
        label="Parts",
        help_text="A line for each: its name, and which rows it takes, as “law: domain=law; in contracts, faq; "
        "share 0.51; cap 1000”. A row is of the first part that takes it, else of the rest; shares are of the "
        "training rows, 0 to 1.",
    )
    temperature = forms.FloatField(
        required=False,
        min_value=1,
        initial=_DEFAULTS.temperature,
        help_text="Parts without a share: 1 as large as they are, higher values more alike.",
    )
    balance = forms.CharField(
        required=False,
        max_length=100,
        label="Balance by a slice",
        help_text="Its key, as language: rows get weights so that each value counts the same. Empty: none.",
    )
    replay = ReplayField(
        rows=2,
        label="Rows of earlier builds",
        help_text="Against forgetting, a line for each: the build’s uid, as its address has it, and the share of "
        "the training rows: 0d5c… = 0.2",
    )


class Shape(forms.Form):
    form = forms.ChoiceField(
        choices=[("conversational", "conversational (messages)"), ("string", "plain strings")],
        label="Form of the rows",
    )
    model = forms.ChoiceField(
        required=False, label="Model to fit", help_text="Rows too long for it are left out."
    )
    max_tokens = forms.IntegerField(
        required=False,
        min_value=0,
        label="Most tokens of a row",
        help_text="Of that model. Empty: as many as it has positions.",
    )
    near_duplicates = forms.ChoiceField(
        required=False,
        choices=[("", "look for them first"), ("no", "do not look")],
        label="Near-duplicates among the prompts",
    )
    licence = forms.CharField(
        required=False, label="Licence of the sources", help_text="For the card, as far as known."
    )
