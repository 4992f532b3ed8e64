from django.urls import path

from evalhub.evaluation import api, benchmark_api, trial_api

urlpatterns = [
    path("evaluations", api.EvaluationListView.as_view()),
    path("evaluations/<uuid:uid>", benchmark_api.EvaluationView.as_view()),
    path("benchmarks", benchmark_api.BenchmarkListView.as_view()),
    path("benchmarks/<uuid:uid>", benchmark_api.BenchmarkView.as_view()),
    path("comparisons", api.ComparisonListView.as_view()),
    path("comparisons/believe", api.BeliefView.as_view()),
    path("comparisons/<uuid:uid>", api.ComparisonView.as_view()),
    path("comparisons/<uuid:uid>/people", api.PeopleView.as_view()),
    path("comparisons/<uuid:uid>/gate", trial_api.GateTryView.as_view()),
    path("models/<uuid:uid>/card", api.ModelCardView.as_view()),
    path("promotions", api.PromotionListView.as_view()),
    path("human-trials", trial_api.TrialListView.as_view()),
    path("human-trials/<uuid:uid>", trial_api.TrialView.as_view()),
    path("human-trials/<uuid:uid>/end", trial_api.TrialEndView.as_view()),
]
