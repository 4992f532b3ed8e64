from evalhub.common.apps import EvalhubApp


class AuditConfig(EvalhubApp):
    name = "evalhub.audit"
    default = True
