from evalhub.common.apps import EvalhubApp


class WebhooksConfig(EvalhubApp):
    name = "evalhub.webhooks"
    default = True
