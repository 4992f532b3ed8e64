from django.urls import path

from evalhub.evaluation import api

urlpatterns = [
    path("evaluations", api.EvaluationListView.as_view()),
    path("comparisons", api.ComparisonListView.as_view()),
    path("promotions", api.PromotionListView.as_view()),
]
