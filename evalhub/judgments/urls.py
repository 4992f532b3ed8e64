from django.urls import path

from evalhub.judgments.views import (
    desk,
    expert,
    judging,
    keeping,
    late,
    looking,
    mine,
    pace,
    pilot,
    practice,
    preview,
    price,
    review,
)

app_name = "judgments"

urlpatterns = [
    path("campaigns/<uuid:uid>/judge/submit/", judging.judge_submit, name="submit"),
    path("campaigns/<uuid:uid>/judge/next/", judging.judge_next, name="next"),
    path("rubrics/versions/<uuid:uid>/preview/", preview.preview, name="rubric_preview"),
    path("my-work/", mine.mine, name="mine"),
    path("my-work/keys/", desk.desk, name="desk"),
    path("my-work/calibration/", mine.calibration, name="calibration"),
    path("my-work/corrections/", mine.taken_over, name="taken_over"),
    *(
        path(f"my-work/{state}/", mine.work, {"state": state}, name=state)
        for state in ("drafts", "submitted", "skipped", "returned", "questions")
    ),
    path("my-work/skipped/<uuid:uid>/take-back/", mine.take_back, name="take_back"),
    path("my-work/judgments/<uuid:uid>/revise/", looking.revise, name="revise"),
    path("judgments/<uuid:uid>/", looking.look, name="look"),
    path("judgments/<uuid:uid>/return/", looking.hand_back, name="return"),
    path("reviews/", review.review_list, name="review_list"),
    path("reviews/<uuid:uid>/", review.review, name="review"),
    path("reviews/<uuid:uid>/accept/", review.review_accept, name="review_accept"),
    path("reviews/<uuid:uid>/fix/", review.review_fix, name="review_fix"),
    path("reviews/<uuid:uid>/return/", review.review_return, name="review_return"),
    path("campaigns/<uuid:uid>/reviews/", review.campaign_reviews, name="reviews"),
    path("campaigns/<uuid:uid>/reviews/next/", review.next_review, name="review_next"),
    path("campaigns/<uuid:uid>/expert/", expert.expert_list, name="expert"),
    path("campaigns/<uuid:uid>/expert/add/", expert.expert_add, name="expert_add"),
    path("campaigns/<uuid:uid>/practice/", practice.practice, name="practice"),
    path("campaigns/<uuid:uid>/judge/", judging.judge, name="judge"),
    path("campaigns/<uuid:uid>/judge/accept/", judging.accept, name="accept"),
    path("campaigns/<uuid:uid>/judge/draft/", judging.judge_draft, name="draft"),
    path("campaigns/<uuid:uid>/judge/skip/", judging.judge_skip, name="skip"),
    path("campaigns/<uuid:uid>/judge/keep/", keeping.keep, name="keep"),
    path("campaigns/<uuid:uid>/judge/leave/", keeping.leave, name="leave"),
    path("campaigns/<uuid:uid>/judge/withdraw/", keeping.withdraw, name="withdraw"),
    path("campaigns/<uuid:uid>/late/", late.late_list, name="late"),
    path("campaigns/<uuid:uid>/pace/", pace.pace, name="pace"),
    path("campaigns/<uuid:uid>/price/", price.price, name="price"),
    path("campaigns/<uuid:uid>/pilot/", pilot.pilot, name="pilot"),
    path("campaigns/<uuid:uid>/pilot/version/", pilot.pilot_version, name="pilot_version"),
    path("late/<uuid:uid>/", late.late_look, name="late_look"),
    path("my-work/drafts/<uuid:uid>/extra/", late.extra, name="extra"),
    path("campaigns/<uuid:uid>/judge/flag/", judging.judge_flag, name="flag"),
]
