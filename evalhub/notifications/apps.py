from evalhub.common.apps import EvalhubApp


class NotificationsConfig(EvalhubApp):
    name = "evalhub.notifications"
    default = True
