"""What the environment says about the identity provider, right and wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalhub.common.embedded.errors import CannotStart
from evalhub.common.identity_provider import IdentityProvider, Joining, identity_provider

NOTHING: dict[str, Any] = {  # Any: of several types
    "issuer": "",
    "client_id": "",
    "secret": "",
    "secret_file": "",
    "name": "",
    "domains": [],
    "verified_claim": "email_verified",
    "join": "",
    "only": False,
}
SET = NOTHING | {"issuer": "https://id.example.org/acme", "client_id": "evalhub", "secret": "hush"}


def test_nothing_set_means_no_provider() -> None:
    assert identity_provider(**NOTHING) is None


def test_what_is_set_is_read_and_the_secret_is_in_no_repr() -> None:
    more = {"domains": ["@X.org", " y.org", ""], "join": "acme:annotator"}
    found = identity_provider(**SET | more)
    assert found == IdentityProvider(
        issuer="https://id.example.org/acme",
        client_id="evalhub",
        client_secret="hush",
        name="id.example.org",
        domains=("x.org", "y.org"),
        joining=Joining("acme", "annotator"),
    )
    assert "hush" not in repr(found)


def test_the_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "oidc"
    file.write_text("from-a-file\n")
    found = identity_provider(**SET | {"secret": "", "secret_file": str(file)})
    assert found is not None
    assert found.client_secret == "from-a-file"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"issuer": "", "only": True}, "EVALHUB_OIDC_ONLY"),
        ({"client_id": ""}, "EVALHUB_OIDC_CLIENT_ID"),
        ({"issuer": "http://id.example.org"}, "EVALHUB_OIDC_ISSUER"),
        ({"issuer": "id.example.org"}, "EVALHUB_OIDC_ISSUER"),
        ({"secret_file": "/there/is/none"}, "EVALHUB_OIDC_CLIENT_SECRET"),
        ({"secret": "", "secret_file": "/there/is/none"}, "EVALHUB_OIDC_CLIENT_SECRET_FILE"),
        ({"join": "acme"}, "EVALHUB_OIDC_JOIN"),
        ({"join": "acme:owner"}, "EVALHUB_OIDC_JOIN"),
    ],
)
def test_what_means_nothing_is_refused_by_its_name(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(CannotStart, match=named):
        identity_provider(**SET | wrong)
