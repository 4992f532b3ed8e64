from django.urls import path

from evalhub.gold.views import appeals, leads, mine, qualifications

app_name = "gold"

urlpatterns = [
    path("my-work/calibration/", mine.calibration, name="calibration"),
    path("my-work/verdicts/<uuid:uid>/appeal/", appeals.make_appeal, name="appeal_new"),
    path("campaigns/<uuid:uid>/gold/", leads.gold_list, name="list"),
    path("judgments/<uuid:uid>/gold/", leads.gold_from, name="from_judgment"),
    path("gold/<uuid:uid>/", leads.gold_detail, name="detail"),
    path("gold/<uuid:uid>/withdraw/", leads.gold_withdraw, name="withdraw"),
    path("my-work/qualifications/", qualifications.qualifications, name="qualifications"),
    path(
        "my-work/qualifications/<uuid:uid>/start/",
        qualifications.attempt_start,
        name="attempt_start",
    ),
    path("my-work/attempts/<uuid:uid>/", qualifications.attempt, name="attempt"),
    path("my-work/exam-tasks/<uuid:uid>/appeal/", appeals.make_exam_appeal, name="exam_appeal_new"),
    path("my-work/attempts/<uuid:uid>/end/", qualifications.attempt_end, name="attempt_end"),
    path("campaigns/<uuid:uid>/qualification/", qualifications.qualification, name="qualification"),
    path("attempts/<uuid:uid>/take-away/", qualifications.attempt_take_away, name="take_away"),
    path("appeals/", appeals.appeal_list, name="appeals"),
    path("appeals/<uuid:uid>/", appeals.appeal_detail, name="appeal"),
    path("appeals/<uuid:uid>/decide/", appeals.appeal_decide, name="appeal_decide"),
]
