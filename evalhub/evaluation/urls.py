from django.urls import path

from evalhub.evaluation import (
    belief_views,
    benchmark_views,
    card_views,
    comparison_views,
    trial_views,
    views,
)

app_name = "evaluation"
urlpatterns = [
    path("comparisons/", views.comparison_list, name="list"),
    path("comparisons/believe/", belief_views.believe, name="believe"),
    path("comparisons/measure/", views.measure, name="measure"),
    path("comparisons/<uuid:uid>/", comparison_views.comparison_detail, name="detail"),
    path("comparisons/<uuid:uid>/people/", comparison_views.comparison_people, name="people"),
    path("comparisons/<uuid:uid>/csv/", comparison_views.comparison_csv, name="csv"),
    path("comparisons/<uuid:uid>/json/", comparison_views.comparison_json, name="json"),
    path("comparisons/<uuid:uid>/gate/", trial_views.gate_try, name="gate"),
    path("evaluations/<uuid:uid>/", benchmark_views.evaluation_detail, name="evaluation"),
    path("benchmarks/", benchmark_views.benchmark_list, name="benchmarks"),
    path("benchmarks/add/", benchmark_views.benchmark_add, name="benchmark_add"),
    path("benchmarks/<uuid:uid>/", benchmark_views.benchmark_detail, name="benchmark"),
    path("human-trials/", trial_views.trial_list, name="trials"),
    path("human-trials/<uuid:uid>/", trial_views.trial_detail, name="trial"),
    path("human-trials/<uuid:uid>/end/", trial_views.trial_end, name="trial_end"),
    path("models/<uuid:uid>/card/", card_views.model_card, name="card"),
]
