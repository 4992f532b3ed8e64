from evalhub.jobs import handlers
from evalhub.reports.jobs import make_reports, write_export
from evalhub.reports.models import MAKE, WRITE


def connect() -> None:
    handlers.register(WRITE, write_export)
    handlers.register(MAKE, make_reports)
