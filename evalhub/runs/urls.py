from django.urls import path

from evalhub.runs import (
    again_views,
    export_views,
    generating_views,
    outside_views,
    pausing_views,
    price_views,
    remark_views,
    rewrite_views,
    score_views,
    views,
)

app_name = "runs"
urlpatterns = [
    path("runs/", views.run_list, name="list"),
    path("runs/new/", views.run_new, name="new"),
    path("runs/price/", price_views.device_price, name="price"),
    path("runs/compare/", views.run_compare, name="compare"),
    path("runs/<uuid:uid>/", views.run_detail, name="detail"),
    path("runs/<uuid:uid>/cancel/", views.run_cancel, name="cancel"),
    path("runs/<uuid:uid>/pause/", pausing_views.run_pause, name="pause"),
    path("runs/<uuid:uid>/resume/", pausing_views.run_resume, name="resume"),
    path("runs/<uuid:uid>/remarks/", remark_views.remarks, name="remarks"),
    path("runs/<uuid:uid>/repeat/", again_views.run_repeat, name="repeat"),
    path("runs/<uuid:uid>/export/", export_views.run_export, name="export"),
    path("runs/<uuid:uid>/files/<path:path>", export_views.merged_file, name="file"),
    path("models/<uuid:uid>/peft/", export_views.model_peft, name="peft"),
    path("models/<uuid:uid>/merge/", export_views.model_merge, name="merge"),
    path("models/<uuid:uid>/check-served/", export_views.model_check_served, name="check_served"),
    path("builds/<uuid:uid>/measure/", views.measure_start, name="measure"),
    path("collections/<slug:slug>/generate/", generating_views.generate, name="generate"),
    path("collections/<slug:slug>/rewrite/", rewrite_views.rewrite, name="rewrite"),
    path("collections/<slug:slug>/score/", score_views.score, name="score"),
    path("models/register/", outside_views.adapter_new, name="register"),
    path("try/", views.try_it, name="try"),
    path("try/<uuid:uid>/", views.trial, name="trial"),
]
