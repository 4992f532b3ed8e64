from evalhub.browse.jobs import act_on_all
from evalhub.jobs import handlers


def connect() -> None:
    handlers.register("browse.act", act_on_all)
