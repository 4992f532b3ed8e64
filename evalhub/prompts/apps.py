from evalhub.common.apps import EvalhubApp


class PromptsConfig(EvalhubApp):
    name = "evalhub.prompts"
    default = True
