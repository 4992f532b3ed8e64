from evalhub.common.apps import EvalhubApp


class QualityConfig(EvalhubApp):
    name = "evalhub.quality"
    default = True
