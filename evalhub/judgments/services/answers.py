from __future__ import annotations

from django.apps import apps

from evalhub.common.copying import copy_in
from evalhub.judgments.models import Judgment
from evalhub.judgments.question import Findings
from evalhub.judgments.services.statements import TABLES, tables_of


def store_answers(judgment: Judgment, findings: Findings) -> None:
    """Store what was said under a judgment that is there already: a fix, a verdict."""
    models = {
        model._meta.db_table: model for model in apps.get_app_config("judgments").get_models()
    }
    for key in tables_of(findings):
        table = TABLES[key]
        names = [name.strip('"') for name, _type in table.columns]
        rows = ([judgment.pk, *row] for row in table.rows(findings))
        copy_in(models[table.name], ["judgment_id", *names], rows)
