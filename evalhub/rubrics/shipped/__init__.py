"""The rubrics that come with evalhub, as documents: whole ones, and single criteria to combine."""

from __future__ import annotations

from importlib import resources

from django.utils.translation import gettext_lazy as _

from evalhub.common.errors import NotFound
from evalhub.rubrics.document import Document, read_document

WHOLE = {
    "summarisation": _("Summarisation"),
    "customer-support": _("Customer support"),
    "medical-answer": _("Medical answer"),
    "code": _("Code"),
    "step-by-step": _("Step-by-step reasoning"),
    "tool-use": _("Tool use"),
    "red-teaming": _("Red teaming"),
}
SINGLE = {
    "relevance": _("Relevance"),
    "fluency": _("Fluency"),
    "coherence": _("Coherence"),
    "factuality": _("Factuality"),
    "safety": _("Safety"),
    "bias": _("Bias"),
    "honesty": _("Honesty"),
    "helpfulness": _("Helpfulness"),
}


def template(name: str) -> Document:
    """Raise NotFound for a name that is none of ours: it becomes the name of a file."""
    if name not in WHOLE | SINGLE:
        raise NotFound("There is no such template.")
    return read_document(resources.files(__package__).joinpath(f"{name}.json").read_bytes())
