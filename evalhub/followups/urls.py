from django.urls import path

from evalhub.followups import views

app_name = "followups"

urlpatterns = [
    path("follow-ups/", views.follow_up_list, name="list"),
    path("follow-ups/new/", views.follow_up_new, name="new"),
    path("follow-ups/<uuid:uid>/", views.follow_up_detail, name="detail"),
    path("follow-ups/<uuid:uid>/end/", views.follow_up_end, name="end"),
    path("my-work/followed-up/", views.mine, name="mine"),
]
