from evalhub.jobs import handlers
from evalhub.labelling.jobs import label
from evalhub.labelling.models import LABEL


def connect() -> None:
    handlers.register(LABEL, label)
