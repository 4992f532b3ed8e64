from evalhub.common.apps import EvalhubApp


class TrackingConfig(EvalhubApp):
    name = "evalhub.tracking"
    default = True
