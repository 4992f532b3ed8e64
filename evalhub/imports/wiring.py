from evalhub.imports.jobs import read_import
from evalhub.jobs import handlers


def connect() -> None:
    handlers.register("imports.read", read_import)
