from evalhub.datasets.diffing import make_diff
from evalhub.datasets.export.jobs import write_export
from evalhub.datasets.jobs import build_dataset, group_prompts
from evalhub.datasets.models import DIFF, EXPORT, PUSH
from evalhub.datasets.push.jobs import write_push
from evalhub.datasets.sending import SEND_BACK, send_back
from evalhub.jobs import handlers


def connect() -> None:
    handlers.register("datasets.build", build_dataset)
    handlers.register("prompts.group", group_prompts)  # here: it names the builds it affects
    handlers.register(EXPORT, write_export)
    handlers.register(PUSH, write_push)
    handlers.register(DIFF, make_diff)
    handlers.register(SEND_BACK, send_back)
