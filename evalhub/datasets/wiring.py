from evalhub.datasets.jobs import build_dataset, group_prompts
from evalhub.jobs import handlers


def connect() -> None:
    handlers.register("datasets.build", build_dataset)
    handlers.register("prompts.group", group_prompts)  # here: it names the builds it affects
