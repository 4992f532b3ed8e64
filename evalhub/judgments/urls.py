from django.urls import path

from evalhub.judgments.views import desk, judging, mine

app_name = "judgments"

urlpatterns = [
    path("my-work/", mine.mine, name="mine"),
    path("my-work/keys/", desk.desk, name="desk"),
    path("campaigns/<uuid:uid>/judge/", judging.judge, name="judge"),
    path("campaigns/<uuid:uid>/judge/accept/", judging.accept, name="accept"),
    path("campaigns/<uuid:uid>/judge/next/", judging.judge_next, name="next"),
    path("campaigns/<uuid:uid>/judge/submit/", judging.judge_submit, name="submit"),
    path("campaigns/<uuid:uid>/judge/draft/", judging.judge_draft, name="draft"),
    path("campaigns/<uuid:uid>/judge/skip/", judging.judge_skip, name="skip"),
    path("campaigns/<uuid:uid>/judge/release/", judging.judge_release, name="release"),
    path("campaigns/<uuid:uid>/judge/flag/", judging.judge_flag, name="flag"),
]
