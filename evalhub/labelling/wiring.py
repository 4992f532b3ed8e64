from evalhub.jobs import handlers
from evalhub.labelling.jobs import label, label_collection
from evalhub.labelling.models import LABEL, LABEL_COLLECTION


def connect() -> None:
    handlers.register(LABEL, label)
    handlers.register(LABEL_COLLECTION, label_collection)
