from django.urls import path

from evalhub.lineage import check_views, erasure_views, merge_views, views

app_name = "lineage"
urlpatterns = [
    path(
        "judgments/<uuid:uid>/lineage/", views.where_it_went, {"kind": "judgment"}, name="judgment"
    ),
    path("prompts/<uuid:uid>/lineage/", views.where_it_went, {"kind": "prompt"}, name="prompt"),
    path("members/<uuid:uid>/lineage/", views.where_it_went, {"kind": "member"}, name="member"),
    path("members/<uuid:uid>/erase/", erasure_views.erase, name="erase"),
    path("builds/<uuid:uid>/contamination/", check_views.checks, name="checks"),
    path("contamination/<uuid:uid>/", check_views.check_detail, name="check"),
    path("split-merges/", merge_views.merge_list, name="merges"),
    path("withdrawals/", views.withdrawal_list, name="withdrawals"),
    path("withdrawals/<uuid:uid>/", views.withdrawal_detail, name="withdrawal"),
    path("withdrawals/<uuid:uid>/reinstate/", views.withdrawal_reinstate, name="reinstate"),
]
