from evalhub.imports.console import ImportCommand
from evalhub.imports.models import ImportKind


class Command(ImportCommand):
    help = "Read prompts, and completions that came with them, from a file."
    kind = ImportKind.PROMPTS
