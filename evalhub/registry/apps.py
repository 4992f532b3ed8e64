from evalhub.common.apps import EvalhubApp


class RegistryConfig(EvalhubApp):
    name = "evalhub.registry"
    default = True
