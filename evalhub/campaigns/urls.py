from django.urls import path

from evalhub.campaigns.views import campaigns, flags, guidelines, rates

app_name = "campaigns"

urlpatterns = [
    path("campaigns/", campaigns.campaign_list, name="list"),
    path("campaigns/new/", campaigns.campaign_new, name="new"),
    path("campaigns/new/size/", campaigns.campaign_size, name="size"),
    path("campaigns/<uuid:uid>/", campaigns.campaign_detail, name="detail"),
    path("campaigns/<uuid:uid>/edit/", campaigns.campaign_edit, name="edit"),
    path("campaigns/<uuid:uid>/guidelines/", guidelines.guidelines, name="guidelines"),
    path(
        "campaigns/<uuid:uid>/guidelines/edit/",
        guidelines.guidelines_edit,
        name="guidelines_edit",
    ),
    path("campaigns/<uuid:uid>/pay/", rates.pay_rates, name="pay_rates"),
    path("flags/", flags.flag_list, name="flags"),
    path("flags/<uuid:uid>/answer/", flags.flag_answer, name="flag_answer"),
    path("campaigns/<uuid:uid>/open/", campaigns.campaign_open, name="open"),
    path("campaigns/<uuid:uid>/pause/", campaigns.campaign_pause, name="pause"),
    path("campaigns/<uuid:uid>/resume/", campaigns.campaign_resume, name="resume"),
    path("campaigns/<uuid:uid>/close/", campaigns.campaign_close, name="close"),
]
