from evalhub.common.apps import EvalhubApp


class LabellingConfig(EvalhubApp):
    name = "evalhub.labelling"
    default = True
