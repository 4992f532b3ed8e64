from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

from evalhub.common import lookups  # noqa: F401  registers it


class EvalhubApp(AppConfig):
    """Connects what the app's `wiring.connect()` registers: job handlers and subscriptions."""

    default_auto_field = "django.db.models.BigAutoField"
    default = False

    def ready(self) -> None:
        if find_spec(f"{self.name}.wiring"):
            import_module(f"{self.name}.wiring").connect()
