from evalhub.common.apps import EvalhubApp


class JobsConfig(EvalhubApp):
    name = "evalhub.jobs"
    default = True
