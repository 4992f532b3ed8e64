from evalhub.common.apps import EvalhubApp


class DatasetsConfig(EvalhubApp):
    name = "evalhub.datasets"
    default = True
