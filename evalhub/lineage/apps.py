from evalhub.common.apps import EvalhubApp


class LineageConfig(EvalhubApp):
    name = "evalhub.lineage"
    default = True
