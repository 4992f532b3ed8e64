from evalhub.common.apps import EvalhubApp


class MailConfig(EvalhubApp):
    name = "evalhub.mail"
    default = True
