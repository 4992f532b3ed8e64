from evalhub.common.apps import EvalhubApp


class ReportsConfig(EvalhubApp):
    name = "evalhub.reports"
    default = True
