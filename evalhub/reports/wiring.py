from evalhub.jobs import handlers
from evalhub.reports.jobs import write_export
from evalhub.reports.models import WRITE


def connect() -> None:
    handlers.register(WRITE, write_export)
