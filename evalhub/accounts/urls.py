"""Under /w/<workspace>/. The pages of an account itself stand in evalhub/urls.py."""

from django.urls import path

from evalhub.accounts import member_views as views
from evalhub.accounts import roster_views

app_name = "accounts"
urlpatterns = [
    path("members/", views.member_list, name="members"),
    path("members/add/", views.member_add, name="member_add"),
    path("members/roster/", roster_views.roster, name="roster"),
    path("members/<uuid:uid>/", views.member_detail, name="member"),
    path("members/<uuid:uid>/activate/", views.member_activate, name="member_activate"),
    path("members/<uuid:uid>/deactivate/", views.member_deactivate, name="member_deactivate"),
    path("members/<uuid:uid>/invite-again/", views.member_invite_again, name="invite_again"),
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/<uuid:uid>/revoke/", views.token_revoke, name="token_revoke"),
]
