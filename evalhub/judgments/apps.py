from evalhub.common.apps import EvalhubApp


class JudgmentsConfig(EvalhubApp):
    name = "evalhub.judgments"
    default = True
