from django.urls import path

from evalhub.evaluation import views

app_name = "evaluation"
urlpatterns = [
    path("comparisons/", views.comparison_list, name="list"),
    path("comparisons/measure/", views.measure, name="measure"),
    path("comparisons/<uuid:uid>/", views.comparison_detail, name="detail"),
]
