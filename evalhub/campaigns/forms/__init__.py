from evalhub.campaigns.forms.campaign import CampaignEditForm, CampaignForm
from evalhub.campaigns.forms.guidelines import AnswerForm, GuidelinesForm

__all__ = ["AnswerForm", "CampaignEditForm", "CampaignForm", "GuidelinesForm"]
