from evalhub.common.apps import EvalhubApp


class AccountsConfig(EvalhubApp):
    name = "evalhub.accounts"
    default = True
