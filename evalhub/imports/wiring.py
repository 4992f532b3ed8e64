from evalhub.imports.jobs import read_import
from evalhub.imports.models import PREVIEW, READ
from evalhub.imports.preview import preview_import
from evalhub.jobs import handlers


def connect() -> None:
    handlers.register(READ, read_import)
    handlers.register(PREVIEW, preview_import)
