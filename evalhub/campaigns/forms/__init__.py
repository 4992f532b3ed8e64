from evalhub.campaigns.forms.campaign import CampaignEditForm, CampaignForm
from evalhub.campaigns.forms.guidelines import AnswerForm, GuidelinesForm
from evalhub.campaigns.forms.rate import PayRateForm

__all__ = ["AnswerForm", "CampaignEditForm", "CampaignForm", "GuidelinesForm", "PayRateForm"]
