from django.urls import path

from evalhub.campaigns import views

app_name = "campaigns"

urlpatterns = [
    path("campaigns/", views.campaign_list, name="list"),
    path("campaigns/new/", views.campaign_new, name="new"),
    path("campaigns/<uuid:uid>/", views.campaign_detail, name="detail"),
    path("campaigns/<uuid:uid>/guidelines/", views.guidelines, name="guidelines"),
    path("campaigns/<uuid:uid>/open/", views.campaign_open, name="open"),
    path("campaigns/<uuid:uid>/pause/", views.campaign_pause, name="pause"),
    path("campaigns/<uuid:uid>/resume/", views.campaign_resume, name="resume"),
    path("campaigns/<uuid:uid>/close/", views.campaign_close, name="close"),
]
