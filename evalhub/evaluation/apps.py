from evalhub.common.apps import EvalhubApp


class EvaluationConfig(EvalhubApp):
    name = "evalhub.evaluation"
    default = True
