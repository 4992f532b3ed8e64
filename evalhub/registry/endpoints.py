"""Models that servers elsewhere run: added, changed, retired. Their keys go in and never come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.sealing import seal, unseal
from evalhub.registry.errors import BadEndpoint, EndpointNotAllowed, ModelNameTaken
from evalhub.registry.models import Endpoint, LanguageModel, ModelKind, Stage
from training.addresses import fault_of_host, fault_of_url
from training.contract import COMPLETION_BOUND, EndpointSpec

_KEY = re.compile(r"[\x21-\x7e]{1,500}", re.ASCII)
MOST_PRICE = Decimal(10**6)
MOST_AT_ONCE, MOST_PER_MINUTE = 64, 100_000


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a server is asked; prices are of a million tokens, in whatever the team reckons in."""

    url: str
    served_name: str
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    per_minute: int = 0
    at_once: int = 4


@transaction.atomic
def add_endpoint(
    *, workspace: Workspace, name: str, access: Access, key: str = "", by: Member | None = None
) -> LanguageModel:
    """Register a model that a server runs.

    Args:
        key: what the server asks for; it is stored sealed.

    Raises:
        BadEndpoint: something means nothing; the sentence says what.
        EndpointNotAllowed: it is a private machine that the operator has not named.
        ModelNameTaken: the workspace has a model of that name.
    """
    _demand(access)
    model = LanguageModel(workspace=workspace, name=name, kind=ModelKind.ENDPOINT)
    try:
        with transaction.atomic():
            model.save()
    except IntegrityError as error:
        raise ModelNameTaken(f"There is a model “{name}” already; choose another name.") from error
    endpoint = Endpoint.objects.create(model=model, sealed_key=_sealed(key), **asdict(access))
    _record("endpoint.added", endpoint, by)
    return model


@transaction.atomic
def change_endpoint(
    *, endpoint: Endpoint, given: Mapping[str, Any], key: str | None = None, by: Member | None = None
) -> Endpoint:  # fmt: skip
    """Ask the server otherwise from the next run on.

    A key goes with its server: to another one it is not sent, unless it is given again.

    Args:
        given: those fields of an Access that change.
        key: None keeps the one that is there, empty drops it.

    Raises:
        BadEndpoint: it is retired; else as of `add_endpoint`, as EndpointNotAllowed.
    """
    endpoint = _locked(endpoint)
    if endpoint.model.stage == Stage.RETIRED:
        raise BadEndpoint("It is retired and has forgotten its key: register the server anew.")
    access = Access(
        **{name: getattr(endpoint, name) for name in Access.__dataclass_fields__} | dict(given)
    )
    _demand(access)
    if key is None and endpoint.has_key and server_of(access.url) != server_of(endpoint.url):
        raise BadEndpoint(
            "The key is the other server's: give the new one's, or say that it needs none."
        )
    if (access.url, access.served_name) != (endpoint.url, endpoint.served_name):
        endpoint.bounds_by = EndpointSpec.bounds_by  # another model may take another one
    for field, value in asdict(access).items():
        setattr(endpoint, field, value)
    if key is not None:
        endpoint.sealed_key = _sealed(key)
    endpoint.save()
    _record("endpoint.changed", endpoint, by, key_changed=key is not None)
    return endpoint


@transaction.atomic
def retire_endpoint(*, endpoint: Endpoint, by: Member | None = None) -> Endpoint:
    """Start no run with it any more, and forget its key; what it wrote stays."""
    endpoint = _locked(endpoint)
    endpoint.sealed_key = ""
    endpoint.save(update_fields=["sealed_key"])
    endpoint.model.stage = Stage.RETIRED
    endpoint.model.save(update_fields=["stage"])
    _record("endpoint.retired", endpoint, by)
    return endpoint


def remember_bound(*, model: LanguageModel, bounds_by: str) -> None:
    """By which field its server takes the length of an answer, as a run has learnt: the next ones say it at once."""
    if bounds_by == COMPLETION_BOUND:
        Endpoint.objects.filter(model=model).update(bounds_by=bounds_by)


def key_of(endpoint: Endpoint) -> str:
    """For the process that asks the server, and for nobody else.

    Raises:
        CannotUnseal: it was sealed with a key that is no longer there.
    """
    return unseal(endpoint.sealed_key)


def _demand(access: Access) -> None:
    if fault := fault_of_url(access.url):
        raise BadEndpoint(f"The address cannot be used: {fault}.")
    if not access.served_name.strip():
        raise BadEndpoint("Say what the server calls the model; its /v1/models lists them.")
    prices = [access.input_price, access.output_price]
    if (prices[0] is None) != (prices[1] is None):
        raise BadEndpoint("Give both prices, of tokens read and written, or none.")
    if any(
        price is not None and not (isfinite(price) and 0 <= price <= MOST_PRICE) for price in prices
    ):
        raise BadEndpoint("A price is of a million tokens, 0 or more.")
    if not 0 <= access.per_minute <= MOST_PER_MINUTE or not 1 <= access.at_once <= MOST_AT_ONCE:
        raise BadEndpoint(
            f"Requests at once are 1 to {MOST_AT_ONCE}; per minute 0, for no limit, to {MOST_PER_MINUTE}."
        )
    _demand_allowed(access.url)


def _demand_allowed(url: str) -> None:
    """What can be seen without asking where a name lies; each request looks again."""
    host = urlsplit(url).hostname or ""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        fault = fault_of_host(host, address, private=settings.EVALHUB_ENDPOINT_PRIVATE)
    except ValueError:
        return  # a name
    if fault:
        raise EndpointNotAllowed(f"Nothing may be sent there: {fault}.")


def server_of(url: str) -> tuple[str, str]:
    """What a key is for: scheme, and host with port."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _locked(endpoint: Endpoint) -> Endpoint:
    return (
        Endpoint.objects.select_for_update().select_related("model__workspace").get(pk=endpoint.pk)
    )


def _sealed(key: str) -> str:
    if key and not _KEY.fullmatch(key):
        raise BadEndpoint(
            "A key is at most 500 letters, digits and signs, without spaces; this one is not repeated here."
        )
    return seal(key)


def _record(verb: str, endpoint: Endpoint, by: Member | None, **details: Any) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=endpoint.model.workspace.slug,
        target=f"model {endpoint.model.uid}",
        url=endpoint.url,
        served_name=endpoint.served_name,
        has_key=endpoint.has_key,
        **details,
    )
