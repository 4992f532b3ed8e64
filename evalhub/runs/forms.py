from __future__ import annotations

from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.common.forms import NumbersField, RowField, choose_from
from evalhub.common.money import CURRENCIES
from evalhub.registry.models import LanguageModel, ModelKind, Stage
from evalhub.runs.demands import MOST_PARTS
from evalhub.runs.models import RewritingWay
from evalhub.runs.rewriting.asking import LANGUAGES
from evalhub.runs.rewriting.services import MOST_EACH, MOST_PROMPTS


class BaseForm(forms.Form):
    base = RowField(LanguageModel.objects.none(), label="Base model")

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        bases = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.BASE)
        choose_from(self, "base", bases)


class TryForm(forms.Form):
    base = RowField(LanguageModel.objects.none(), label="Base model")
    adapter = RowField(
        LanguageModel.objects.none(), label="Adapter", required=False, empty_label="none"
    )
    prompt = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    temperature = forms.FloatField(
        min_value=0, max_value=2, initial=0.0, help_text="0 always takes the likeliest word."
    )

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace)
        bases, adapters = (models.filter(kind=kind) for kind in (ModelKind.BASE, ModelKind.ADAPTER))
        choose_from(self, "base", bases)
        choose_from(self, "adapter", adapters)
        adapter = adapters.filter(stage=Stage.INCUMBENT).first() or adapters.first()  # the newest
        self.fields["adapter"].initial = adapter
        self.fields["base"].initial = adapter.base if adapter else bases.first()


class DevicePriceForm(forms.Form):
    amount = forms.DecimalField(
        min_value=0, max_digits=12, decimal_places=4, label="For an hour of a device"
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES], initial="EUR")


class RemarksForm(forms.Form):
    tags = forms.CharField(
        required=False, max_length=1100, help_text="With commas between them, such as: tone, keep."
    )
    note = forms.CharField(
        required=False,
        max_length=4000,
        label="Your note",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Without words it is taken away.",
    )


class RewriteForm(forms.Form):
    model = RowField(LanguageModel.objects.none(), help_text="One that follows instructions.")
    way = forms.ChoiceField(
        choices=[
            (RewritingWay.PARAPHRASE.value, "paraphrase: in other words, one run"),
            (RewritingWay.BACK_TRANSLATION.value, "back-translation: there and back, two runs"),
        ],
        initial=RewritingWay.PARAPHRASE.value,
        widget=forms.RadioSelect,
        label="By",
    )
    language = forms.ChoiceField(
        required=False,
        choices=[("", "—"), *LANGUAGES.items()],
        label="Language of the prompts",
        help_text="For back-translation.",
    )
    through = forms.ChoiceField(
        required=False,
        choices=[("", "—"), *LANGUAGES.items()],
        label="Language in between",
        help_text="For back-translation.",
    )
    each = forms.IntegerField(
        min_value=1, max_value=MOST_EACH, initial=1, label="New prompts for each"
    )
    most = forms.IntegerField(
        min_value=1,
        max_value=MOST_PROMPTS,
        initial=100,
        label="Prompts at most",
        help_text="By lot.",
    )
    max_new_tokens = forms.IntegerField(
        min_value=8, max_value=4096, initial=256, label="Tokens of an answer at most"
    )
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=0)

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace).generating()
        choose_from(self, "model", models.order_by("name"))


class ScoreForm(forms.Form):
    model = RowField(
        LanguageModel.objects.none(),
        label="Reward model",
        help_text="One that the recipe reward trained on people’s preferences.",
    )

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.REWARD)
        choose_from(self, "model", models.order_by("-pk"))


_NAMED = ("model", "beside", "judge", "parts", "seed")  # what are no options of the recipe


class GenerateForm(forms.Form):
    """The options of the recipe generate that people choose; what is empty keeps the recipe's own."""

    model = RowField(LanguageModel.objects.none(), help_text="The newest first.")
    beside = forms.ModelMultipleChoiceField(
        LanguageModel.objects.none(),
        to_field_name="uid",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Beside it",
        help_text="Other adapters on the same base, in the same run: sooner than one after the other.",
    )
    n = forms.IntegerField(
        min_value=1,
        max_value=64,
        initial=2,
        label="Answers to a prompt",
        help_text="By each setting.",
    )
    temperatures = NumbersField(
        initial=[0.8],
        help_text="One or more, with spaces between them. 0 always takes the likeliest word.",
    )
    top_ps = NumbersField(
        initial=[1.0],
        label="Top p",
        help_text="One or more: each of them with each temperature is a setting.",
    )
    max_new_tokens = forms.IntegerField(
        min_value=1, max_value=8192, initial=128, label="Tokens of an answer at most"
    )
    refills = forms.IntegerField(
        min_value=0,
        max_value=20,
        initial=3,
        label="Tries where two answers say the same",
        help_text="What is still said twice is left out.",
    )
    judge = RowField(
        LanguageModel.objects.none(),
        required=False,
        label="Reward model",
        empty_label="none",
        help_text="It scores the answers.",
    )
    best = forms.IntegerField(
        required=False,
        min_value=1,
        label="Keep the best",
        help_text="So many answers to a prompt, by the reward model. Empty: all.",
    )
    most_requests = forms.IntegerField(
        required=False,
        min_value=1,
        label="Requests at most",
        help_text="To a server, those tried again too. Empty: no bound.",
    )
    most_cost = forms.FloatField(
        required=False,
        min_value=0,
        label="Cost at most",
        help_text="By the server’s prices, in their currency. Empty: no bound.",
    )
    parts = forms.IntegerField(
        min_value=1,
        max_value=MOST_PARTS,
        initial=1,
        label="Runs that share the prompts",
        help_text="So many workers answer at once. A server’s model takes one.",
    )
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=0)

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace).order_by("-pk")
        writing = [ModelKind.BASE, ModelKind.ADAPTER, ModelKind.ENDPOINT]
        choose_from(self, "model", models.filter(kind__in=writing))
        choose_from(self, "beside", models.filter(kind=ModelKind.ADAPTER))
        choose_from(self, "judge", models.filter(kind=ModelKind.REWARD))

    @property
    def asked(self) -> dict[str, Any]:
        """What `start_generating` takes beside the collection and who asks."""
        given = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, [])
        }
        named = {name: given.pop(name) for name in _NAMED if name in given}
        return named | {"options": given}
