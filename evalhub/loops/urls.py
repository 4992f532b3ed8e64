from django.urls import path

from evalhub.loops import deciding_views, views

app_name = "loops"
urlpatterns = [
    path("loops/", views.loop_list, name="list"),
    path("loops/new/", views.loop_new, name="new"),
    path("loops/default/", views.loop_default, name="default"),
    path("loops/<uuid:uid>/", views.loop_detail, name="detail"),
    path("loops/<uuid:uid>/edit/", views.loop_edit, name="edit"),
    path("loops/<uuid:uid>/roll-back/", views.loop_roll_back, name="roll_back"),
    path("loops/<uuid:uid>/policy/", views.loop_policy, name="policy"),
    path("loops/<uuid:uid>/dry-run/", views.loop_forecast, name="forecast"),
    path("loops/<uuid:uid>/go-on/", views.loop_go_on, name="go_on"),
    path("loops/<uuid:uid>/rounds/", views.round_start, name="start"),
    path("models/<uuid:uid>/decide/", deciding_views.model_decide, name="decide"),
    path("rounds/<uuid:uid>/", views.round_detail, name="round"),
    path("rounds/<uuid:uid>/resume/", views.round_resume, name="resume"),
    path("rounds/<uuid:uid>/cancel/", views.round_cancel, name="cancel"),
]
