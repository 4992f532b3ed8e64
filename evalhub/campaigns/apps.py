from evalhub.common.apps import EvalhubApp


class CampaignsConfig(EvalhubApp):
    name = "evalhub.campaigns"
    default = True
