from __future__ import annotations

import pytest

from evalhub.loops.errors import BadPolicy
from evalhub.loops.policy import read_policy, stored


def test_nothing_said_means_dpo_with_its_sft_term_and_no_simulated_judgments() -> None:
    policy = read_policy({})
    assert policy.chain == "dpo"
    assert not policy.accepts_simulated
    assert policy.to_gate().most_perplexity_ratio == 1.05


def test_what_is_stored_has_every_field_and_reads_back() -> None:
    policy = read_policy({"chain": "sft", "generate": {"n": 3}})
    assert read_policy(stored(policy)) == policy
    assert stored(policy)["generate"]["temperature"] == 0.8


def test_without_pairs_every_chain_is_sft() -> None:
    assert read_policy({"chain": "sft,dpo"}).recipes(pairs=0) == ["sft"]
    assert read_policy({"chain": "sft,dpo"}).recipes(pairs=9) == ["sft", "dpo"]


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"chain": "ppo"}, "Invalid enum value 'ppo'"),
        ({"chan": "dpo"}, "unknown field `chan`"),
        ({"dpo": {"lr": 1}}, "unknown field lr; known are"),
        ({"generate": {"n": 1}}, "A comparison needs 2 answers to a prompt; set generate.n"),
        ({"campaign": {"overlap": 0}}, "must be 1 or more"),
        ({"accepts_simulated": "yes"}, "Expected `bool`"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(
    values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadPolicy) as refused:
        read_policy(values)
    assert sentence in str(refused.value)
