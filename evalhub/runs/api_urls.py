from django.urls import path

from evalhub.runs import (
    again_api,
    api,
    cost_api,
    export_api,
    generating_api,
    measuring_api,
    outside_api,
    pausing_api,
    score_api,
)

urlpatterns = [
    path("builds/<uuid:uid>/measure", measuring_api.BuildMeasureView.as_view()),
    path("generations", generating_api.GenerationListView.as_view()),
    path("models/adapters", outside_api.AdapterListView.as_view()),
    path("rewritings", api.RewritingListView.as_view()),
    path("scorings", score_api.ScoringListView.as_view()),
    path("runs", api.RunListView.as_view()),
    path("runs/price", cost_api.DevicePriceView.as_view()),
    path("runs/compare", api.RunComparisonView.as_view()),
    path("runs/<uuid:uid>", api.RunView.as_view()),
    path("runs/<uuid:uid>/pause", pausing_api.RunPauseView.as_view()),
    path("runs/<uuid:uid>/resume", pausing_api.RunResumeView.as_view()),
    path("runs/<uuid:uid>/clone", again_api.RunCloneView.as_view()),
    path("runs/<uuid:uid>/remarks", again_api.RunRemarksView.as_view()),
    path("runs/<uuid:uid>/repeat", again_api.RunRepeatView.as_view()),
    path("models/<uuid:uid>/export", export_api.ModelExportView.as_view()),
    path("models/<uuid:uid>/merge", export_api.ModelMergeView.as_view()),
    path("models/<uuid:uid>/check-served", export_api.ModelCheckServedView.as_view()),
    path("models/<uuid:uid>/peft", export_api.ModelPeftView.as_view()),
    path("runs/<uuid:uid>/files/<path:path>", export_api.MergedFileView.as_view()),
    path("runs/<uuid:uid>/export", export_api.RunExportView.as_view()),
]
