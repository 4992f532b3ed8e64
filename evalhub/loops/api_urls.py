from django.urls import path

from evalhub.loops import api

urlpatterns = [
    path("loops", api.LoopListView.as_view()),
    path("loops/<uuid:uid>", api.LoopView.as_view()),
    path("loops/<uuid:uid>/roll-back", api.LoopRollBackView.as_view()),
    path("loops/<uuid:uid>/decide", api.LoopDecideView.as_view()),
    path("loops/<uuid:uid>/rounds", api.LoopRoundsView.as_view()),
    path("loops/<uuid:uid>/next", api.LoopNextView.as_view()),
    path("loops/<uuid:uid>/dry-run", api.LoopDryRunView.as_view()),
    path("loops/<uuid:uid>/go-on", api.LoopGoOnView.as_view()),
    path("rounds/<uuid:uid>", api.RoundView.as_view()),
    path("rounds/<uuid:uid>/resume", api.RoundResumeView.as_view()),
    path("rounds/<uuid:uid>/cancel", api.RoundCancelView.as_view()),
]
