"""The form of a run: each setting explained, fitted to the rows, and refused where it cannot be."""

from __future__ import annotations

from dataclasses import fields

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_adapter
from evalhub.runs.errors import BadSpec
from evalhub.runs.explained import NOT_ON_THE_FORM, SETTINGS, settings_for
from evalhub.runs.fit import (
    CARD,
    FILLED,
    LLAMA_8B,
    Data,
    course_of,
    misfits,
    on_24_gb,
    preset_for,
    rates_to_search,
    suggested,
)
from evalhub.runs.models import TRAINING, Run
from evalhub.runs.services import start_training
from tests.evalhub.runs.scenes import built
from training.contract import OPTIONS, SftOptions, TrainOptions

DATA = Data(rows=80, validation=20)


def address(build: DatasetBuild, model: LanguageModel, **more: object) -> str:
    query = {"build": build.uid, "method": "sft", "model": model.uid, **more}
    return reverse("runs:new", args=["acme"], query=query)


def sent(erins: Client, url: str, **changes: object) -> object:
    """What the browser sends of the form as it stands, with changes."""
    form = erins.get(url).context["form"]
    first = {name: form[name].field.prepare_value(form[name].initial) for name in form.fields}
    written = {name: "" if value is None else value for name, value in first.items()}
    return erins.post(url, {**written, **changes})


@pytest.mark.parametrize("recipe", [*TRAINING])
def test_every_setting_is_explained_or_left_out_for_a_reason(recipe: str) -> None:
    """What stands in the options and acts is on the form; dropout does nothing but in sft and text, and rloo splits no base."""
    known = {each.name for each in fields(OPTIONS[recipe])}
    shown = {each.name for fresh in (True, False) for each in settings_for(recipe, fresh=fresh)}
    idle = set() if recipe in ("sft", "text") else {"lora_dropout"}
    idle |= {"sharding"} if recipe == "rloo" else set()
    assert known - idle == shown | NOT_ON_THE_FORM.keys()
    assert len({each.name for each in SETTINGS}) == len(SETTINGS)


def test_a_run_starts_with_what_the_rows_suggest(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    sent(erins, address(build, base), epochs="2", title="x")
    run = Run.objects.get()
    assert run.spec["options"] == {
        "learning_rate": 2e-4, "batch_size": 4, "epochs": 2.0, "lora_rank": 8, "lora_alpha": 16, "weight_decay": 0.01,
    }  # fmt: skip


def test_a_run_may_ask_for_workers_that_offer_a_label(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    refused = sent(erins, address(build, base), worker_label="A 100")
    assert "worker_label" in refused.context["form"].errors  # type: ignore[attr-defined]  # a test client's answer
    sent(erins, address(build, base), worker_label="a100")
    assert Run.objects.get().job.asked_of == "gpu.a100"


def test_from_a_build_the_form_begins_with_what_learns_from_it(erins: Client, erin: Member, base: LanguageModel) -> None:  # fmt: skip
    pairs = built(erin.workspace, "preference", train=80)
    link = reverse("runs:new", args=["acme"], query={"build": pairs.uid})
    page = erins.get(link)
    basis = page.context["basis"]
    assert not basis.errors
    onwards = reverse("sweeps:new", args=["acme"], query={"build": pairs.uid})
    assert onwards in page.content.decode()
    assert not erins.get(onwards).context["basis"].errors
    initial = {name: basis[name].initial for name in ("build", "method", "model")}
    assert initial == {"build": pairs, "method": "dpo", "model": base}


def test_the_form_names_what_does_not_fit(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    answer = sent(erins, address(build, base), batch_size="96", patience="3", lora_alpha="0")
    form = answer.context["form"]  # type: ignore[attr-defined]  # a test client's answer
    assert "is 96 rows a step, but there are 80" in form.errors["batch_size"][0]
    assert "the build has none" in form.errors["patience"][0]
    assert form.errors["lora_alpha"] == ["Lora_alpha is 0, but must be 1 or more."]
    assert not Run.objects.exists()


def test_a_method_of_another_kind_of_build_is_refused(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    answer = erins.get(address(build, base, method="dpo"))
    assert answer.context["form"] is None
    assert "dpo learns from a preference build" in answer.content.decode()


def test_an_adapter_that_is_trained_further_has_no_settings_of_a_new_one(
    erins: Client, erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    files = {"adapter_config.json": {"key": "k", "sha256": "0" * 64}}
    adapter = add_adapter(workspace=erin.workspace, name="a", parent=base, files=files)
    form = erins.get(address(build, adapter)).context["form"]
    assert {"lora_rank", "lora_dropout", "target_modules"}.isdisjoint(form.fields)
    assert "lora_plus" in form.fields


def test_a_run_is_started_again_with_changes(erins: Client, erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    first = start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, options={"epochs": 7.0, "lora_rank": 4}, seed=3, by=erin)  # fmt: skip
    url = reverse("runs:new", args=["acme"], query={"again": first.uid})
    sent(erins, url, lora_rank="6")
    again = Run.objects.exclude(pk=first.pk).get()
    assert again.spec == first.spec | {"options": {"epochs": 7.0, "lora_rank": 6}}
    assert erins.get(reverse("runs:new", args=["acme"], query={"again": "x"})).status_code == 404


def test_what_does_not_fit_is_refused_at_every_door(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    with pytest.raises(BadSpec, match="is 128 rows a step, but there are 80"):
        start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, options={"batch_size": 128})  # fmt: skip


def test_steps_are_counted_as_the_trainer_counts_them() -> None:
    """80 rows by 8 × 4 are 10 batches, 3 steps an epoch; 3 epochs are 9 steps, a look at each."""
    course = course_of(SftOptions(batch_size=8, accumulation=4, epochs=3.0), DATA)
    assert (course.steps, course.warmup_steps, course.looks) == (9, 1, 9)
    quarter = course_of(SftOptions(batch_size=8, train_share=0.25), DATA)
    assert (quarter.rows, quarter.steps) == (20, 9)


@pytest.mark.parametrize(
    "options, why",
    [
        ({"batch_size": 40, "accumulation": 4}, "is 160 rows a step"),
        ({"batch_size": 40, "epochs": 1.0, "warmup": 0.9}, "takes all of the 2 steps"),
        ({"patience": 10, "epochs": 1.0}, "can never end a run that looks 10 times"),
        ({"evaluate_every": 99, "epochs": 1.0}, "evaluate_every 99 is more than the 10 steps"),
    ],
)  # fmt: skip
def test_settings_that_the_rows_forbid(options: dict[str, object], why: str) -> None:
    (told,) = misfits(SftOptions.of({**options}), DATA, asked=options)
    assert why in told


def test_a_batch_that_is_large_by_default_is_only_not_full() -> None:
    assert misfits(SftOptions(), Data(rows=3, validation=0), asked={}) == []


@pytest.mark.parametrize("recipe", [*TRAINING])
@pytest.mark.parametrize("rows", [4, 30, 200, 201, 5_000])
def test_what_is_suggested_always_fits(recipe: str, rows: int) -> None:
    for data in (Data(rows=rows, validation=0), Data(rows=rows, validation=9)):
        chosen = OPTIONS[recipe].of(values := suggested(recipe, data))
        assert isinstance(chosen, TrainOptions)
        assert chosen.faults() == misfits(chosen, data, asked=values) == []


def test_a_small_model_takes_a_higher_learning_rate() -> None:
    rates = [
        suggested("dpo", DATA, weights=weights)["learning_rate"]
        for weights in (None, 2_000_000, 7_000_000_000)
    ]
    assert rates == [1e-5, 1e-4, 1e-5]


def test_the_form_says_which_rate_all_weights_take_and_trains_them_as_it_stands(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    """What it suggests for adapters does nothing then, and is no fault."""
    form = erins.get(address(build, base)).context["form"]
    adapters, whole = form["learning_rate"].initial, form["trains"].help_text
    assert f"With all these rows suggest a learning_rate of {adapters / 10:g}." in whole
    sent(erins, address(build, base), trains="all", learning_rate="2e-5")
    options = Run.objects.get().spec["options"]
    assert (options["trains"], options["learning_rate"]) == ("all", 2e-5)
    assert "lora_rank" not in options
    sent(erins, address(build, base), trains="all", learning_rate="1e-4")
    asked = Run.objects.latest("pk").spec["options"]
    assert asked["learning_rate"] == 1e-4, "an adapter has that by itself, and all weights have not"


def test_all_weights_again_begin_with_the_rate_they_had(erins: Client, erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    run = start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, options={"trains": "all"}, by=erin)  # fmt: skip
    form = erins.get(reverse("runs:new", args=["acme"], query={"again": run.uid})).context["form"]
    assert form["learning_rate"].initial == 1e-5


@pytest.mark.parametrize("recipe", [*TRAINING])
@pytest.mark.parametrize("trains", ["adapter", "all"])
@pytest.mark.parametrize("weights", [None, 2_000_000, 7_000_000_000])
def test_a_search_begins_around_the_rate_that_is_suggested(recipe: str, weights: int | None, trains: str) -> None:  # fmt: skip
    low, high = rates_to_search(recipe, weights=weights, is_whole=trains == "all")
    rate = suggested(recipe, DATA, weights=weights, is_whole=trains == "all")["learning_rate"]
    assert low * 10 <= rate <= high / 5


def test_presets_go_by_the_number_of_rows() -> None:
    assert [preset_for(rows).name for rows in (1, 200, 201, 2_000, 2_001)] == ["few", "few", "some", "some", "many"]  # fmt: skip


def test_a_card_of_24_gb_by_hand() -> None:
    """4 bits, 8 / 64 for a scale and 32 / 16,384 for its own are 4.127 bits: 6.98e9 weights take 3.60 GB; 1.05e9 in
    16 bits 2.10; 84e6 × 16 bytes 1.34; 2,048 × 32 × 4,096 × 38 bytes 10.20. Together 17.24, with 4,096 tokens 27.4.
    """
    assert LLAMA_8B.bytes_at(2048) / 1e9 == pytest.approx(17.24, abs=0.01)
    assert LLAMA_8B.bytes_at(4096) / 1e9 == pytest.approx(27.45, abs=0.01)
    assert LLAMA_8B.bytes_at(2048) < FILLED * CARD < LLAMA_8B.bytes_at(4096)
    assert LLAMA_8B.adapter == 32 * 32 * (2 * 8192 + 2 * 5120 + 3 * 18432)
    asked = on_24_gb(preset_for(500)).values
    assert {name: asked[name] for name in ("quantise", "batch_size", "accumulation", "max_length")} == {
        "quantise": "nf4", "batch_size": 1, "accumulation": 8, "max_length": 2048,
    }  # fmt: skip


def test_the_form_fills_in_what_fits_24_gb(
    erins: Client, base: LanguageModel, build: DatasetBuild
) -> None:
    query = {"build": build.uid, "method": "sft", "model": base.uid, "preset": "24 GB"}
    page = erins.get(reverse("runs:new", args=["acme"], query=query))
    assert "What stands below is for a card of 24 GB" in page.text
    form = page.context["form"]
    told = {name: form[name].initial for name in ("quantise", "batch_size", "accumulation")}
    assert told["quantise"] == "nf4"
    assert told["batch_size"] == 1
    first = {name: form[name].field.prepare_value(form[name].initial) for name in form.fields}
    written = {name: "" if value is None else value for name, value in first.items()}
    assert erins.post(reverse("runs:new", args=["acme"], query=query), written).status_code == 302
    assert Run.objects.get().spec["options"]["quantise"] == "nf4"


@pytest.mark.parametrize("recipe", [*TRAINING])
@pytest.mark.parametrize("rows", [1, 3, 9, 150])
def test_what_24_gb_suggest_fits_the_rows_too(recipe: str, rows: int) -> None:
    data = Data(rows=rows, validation=4)
    values = suggested(recipe, data, preset=on_24_gb(preset_for(rows)))
    at_once = values["batch_size"] * values["accumulation"]
    assert at_once <= max(rows // 4, 4 if recipe == "kto" else 1)
