"""The tables of a first start, made in a few seconds."""

from __future__ import annotations

from django.db import migrations
from django.db.migrations.state import ProjectState


class CreateModel(migrations.CreateModel):
    """As Django's, but renders the new model alone.

    Django renders all models anew that are related to the new one, which in a house where everything
    belongs to a workspace are nearly all: of 12.4 s that a first `migrate` took, 9 went there. No rendered
    model changes by another that refers to it, but for the way back, which is laid as on any start.
    """

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        rendered = state.__dict__.pop("apps", None)
        super().state_forwards(app_label, state)
        if rendered is not None:
            rendered.render_multiple([state.models[app_label, self.name_lower]])
            state.__dict__["apps"] = rendered
