from django.urls import path

from evalhub.groups import pay_views, views

app_name = "groups"
urlpatterns = [
    path("groups/", views.person_list, name="people"),
    path("groups/invite/", views.person_invite, name="invite"),
    path("groups/flags/", views.flag_list, name="flags"),
    path("groups/pay/", pay_views.pay, name="pay"),
    path("groups/pay/csv/", pay_views.pay_csv, name="pay_csv"),
    path("groups/people/<uuid:uid>/", views.person, name="person"),
    path("groups/people/<uuid:uid>/groups/", views.person_groups, name="person_groups"),
    path("groups/people/<uuid:uid>/limits/", views.person_limits, name="person_limits"),
    path("groups/people/<uuid:uid>/campaigns/", views.person_campaigns, name="person_campaigns"),
]
