from __future__ import annotations

import pytest

from evalhub.loops.errors import BadPolicy
from evalhub.loops.policy import read_policy, stored
from evalhub.loops.steps.training import chain_of


def test_nothing_said_means_dpo_with_its_sft_term_and_no_simulated_judgments() -> None:
    policy = read_policy({})
    assert policy.chain == "dpo"
    assert not policy.accepts_simulated
    assert policy.gate.not_worse[1].margin == 0.05


def test_what_is_stored_has_every_field_and_reads_back() -> None:
    policy = read_policy({"chain": "sft", "generate": {"n": 3}})
    assert read_policy(stored(policy)) == policy
    assert stored(policy)["generate"]["temperature"] == 0.8


def test_with_nothing_for_its_last_recipe_every_chain_is_sft() -> None:
    for chain in ("sft,dpo", "sft,kto", "kto", "sft"):
        policy = read_policy({"chain": chain})
        assert chain_of(policy, rows=0) == ["sft"]
        assert chain_of(policy, rows=9) == chain.split(",")


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"chain": "ppo"}, "Invalid enum value 'ppo'"),
        ({"chan": "dpo"}, "unknown field `chan`"),
        ({"dpo": {"lr": 1}}, "unknown field lr; known are"),
        ({"generate": {"n": 1}}, "generate.n is 1, but a comparison needs 2 answers to a prompt"),
        ({"campaign": {"overlap": 0}}, "campaign.overlap is 0, but must be 1 or more"),
        ({"campaign": {"asks": ["poem"]}}, "campaign.asks names poem, but a comparison may ask"),
        ({"generate": {"temperature": -1}}, "generate.temperature is -1.0, but must be 0 or more"),
        ({"generate": {"top_p": 0}}, "generate.top_p is 0.0, but must be more than 0"),
        ({"generate": {"prompts": 0}}, "generate.prompts is 0"),
        ({"dpo": {"learning_rate": -1.0}}, "dpo.learning_rate is -1.0, but must be more than 0"),
        ({"dpo": {"loss": ["magic"]}}, "dpo.loss is ['magic'], but must be one or more of sigmoid"),
        ({"sft": {"schedule": "jumpy"}}, "sft.schedule is jumpy"),
        ({"evaluate": {"batch_size": 0}}, "evaluate.batch_size is 0"),
        ({"gate": {"fewest_groups": 1}}, "gate.fewest_groups is 1, but must be 2 or more"),
        ({"gate": {"vetoes": [{"criterion": "x", "least": 2}]}}, "gate.vetoes are about people's"),
        ({"accepts_simulated": "yes"}, "Expected `bool`"),
        ({"train": {"probe": "x"}}, "train.probe is x, but must be a uid"),
        ({"train": {"label": "A 100"}}, "train.label is 'A 100'"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(
    values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadPolicy) as refused:
        read_policy(values)
    assert sentence in str(refused.value)
