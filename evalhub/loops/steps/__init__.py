"""What is done in each Step, in the order of a Round."""

from evalhub.loops.choices import StepKind
from evalhub.loops.steps import answering, data, measuring, training
from evalhub.loops.turn import Plan

PLANS = {
    StepKind.DATASET: Plan(data.begin, data.finish),
    StepKind.BASELINE: Plan(measuring.begin_baseline, measuring.finish_baseline),
    StepKind.TRAIN: Plan(training.begin, training.finish),
    StepKind.EVALUATE: Plan(measuring.begin_candidate, measuring.finish_candidate),
    StepKind.DECIDE: Plan(measuring.begin_decision, measuring.finish_decision),
    StepKind.GENERATE: Plan(answering.begin_answers, answering.finish_answers),
    StepKind.CAMPAIGN: Plan(answering.begin_campaign, answering.finish_campaign),
}
