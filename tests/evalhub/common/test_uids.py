"""What is a uid is one question with one answer, wherever somebody writes one."""

from __future__ import annotations

import pytest

from evalhub.common.uids import is_uid
from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.gate import read_gate
from evalhub.loops.asking import NextCampaign

UID = "0b8f3c52-5a55-4c0e-9d51-0123456789ab"


@pytest.mark.parametrize(
    "text",
    [UID.replace("-", ""), f"{{{UID}}}", f"urn:uuid:{UID}", UID.upper(), UID[:-1], "", "bob"],
)
def test_other_ways_to_write_one_are_none(text: str) -> None:
    assert is_uid(UID)
    assert not is_uid(text)


def test_a_probe_is_named_as_we_write_it_and_people_in_capitals_too() -> None:
    limit = {"metric": "perplexity"}
    assert read_gate({"not_worse": [limit | {"probe": UID}]}).not_worse[0].probe == UID
    with pytest.raises(BadGate, match="must be the uid of a build"):
        read_gate({"not_worse": [limit | {"probe": UID.upper()}]})
    assert NextCampaign(people=(UID, UID.upper())).faults() == []
    assert NextCampaign(people=(UID.replace("-", ""),)).faults() != []
