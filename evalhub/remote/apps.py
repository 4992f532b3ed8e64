from evalhub.common.apps import EvalhubApp


class RemoteConfig(EvalhubApp):
    name = "evalhub.remote"
    default = True
