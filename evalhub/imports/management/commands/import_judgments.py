from evalhub.imports.console import ImportCommand
from evalhub.imports.models import ImportKind


class Command(ImportCommand):
    help = "Read judgments from a file; preference and tree files bring their prompts along."
    kind = ImportKind.JUDGMENTS
