from django.urls import path

from evalhub.judges import views

app_name = "judges"
urlpatterns = [
    path("judges/", views.judge_list, name="list"),
    path("judges/new/", views.judge_new, name="new"),
    path("judges/<uuid:uid>/", views.judge_detail, name="detail"),
    path("judges/<uuid:uid>/prompt/", views.prompt_edit, name="prompt"),
    path("judges/<uuid:uid>/judgings/", views.judging_new, name="judge"),
    path("judges/<uuid:uid>/measure/", views.judge_measure, name="measure"),
    path("judges/<uuid:uid>/accept/", views.judge_accept, name="accept"),
    path("judges/<uuid:uid>/revoke/", views.judge_revoke, name="revoke"),
]
