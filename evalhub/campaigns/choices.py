from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TaskType(TextChoices):
    RATING = "rating"  # one completion
    COMPARISON = "comparison"  # two
    RANKING = "ranking"  # three or more
    LABEL = "label"  # a prompt alone
    DEMONSTRATION = "demonstration"  # write the answer


class Ask(TextChoices):
    """What a campaign asks beyond what its task type always asks."""

    RATINGS = "ratings", _("rate each response on the rubric too")  # a rating always does
    CRITERIA = "criteria", _("a preference on each criterion, beside the overall one")
    CORRECTION = "correction", _("a better version of a response")
    CRITIQUE = "critique", _("room for a reason")
    SPANS = "spans", _("mark passages, with the rubric’s error types")
    STEPS = "steps", _("judge each step of a reasoning")
    TOOL_CALLS = "tool_calls", _("judge each tool call: right tool, right arguments")
    TURNS = "turns", _("rate each earlier assistant turn as well")
    PROPOSAL = "proposal", _("show which response a reward model proposes")
    REFERENCE = "reference", _("show the prompt’s reference answer beside the responses")


PREFERENCE_STEPS = (3, 5, 7)  # A = B; with "a little" and "clearly"; with "far"


class Design(TextChoices):
    """Which two completions of a prompt meet in a comparison."""

    FIRST_TWO = "first_two", _("one pair per prompt, of different models where there are any")
    RANDOM = "random", _("one pair per prompt, drawn by lot")
    AGAINST = "against", _("each of the others against one model")
    NEAREST = "nearest", _("the two whose mean ratings so far are nearest")
    SCORED = "scored", _("the two that the newest reward model scores nearest")
    ALL_PAIRS = "all_pairs", _("every pair")


class TaskKind(TextChoices):
    NORMAL = "normal"
    PRACTICE = "practice"  # with an expert's answer shown afterwards; never part of the data
    GOLD = "gold"
    QUALIFICATION = "qualification"
    REPEAT = "repeat"
    TRIAL = "trial"


class CampaignState(TextChoices):
    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class TaskOrder(TextChoices):
    """Which task comes next. Within each, priority 9 before 0, then by lot."""

    PRIORITY = "priority", _("by priority: whatever comes first gets its judgments first")
    SPREAD = "spread", _("spread first: every task gets one judgment before any gets a second")
    FINISH = "finish", _("finish first: tasks that are begun come before new ones")


SHIFTS = {TaskOrder.PRIORITY: 0, TaskOrder.SPREAD: 1, TaskOrder.FINISH: -1}  # see Task.rank


class Requeue(TextChoices):
    """Where a skipped task goes."""

    OTHERS = "others", _("to others")
    BACK = "back", _("to others, and at the end to whoever skipped it")
    NOBODY = "nobody", _("to nobody: the task gets one judgment less")


class Origin(TextChoices):
    PEOPLE = "people"
    IMPORTED = "imported"
    ROUND = "round"
    MODEL = "model"  # closed from the first: a judge model's words on another campaign's tasks


# What pages call them: `{% translate campaign.state %}` looks here for its sentences
SHOWN = (
    *(_("rating"), _("comparison"), _("ranking"), _("label"), _("demonstration")),
    *(_("draft"), _("open"), _("paused"), _("closed")),
    *(_("people"), _("imported"), _("round"), _("model")),
)


class AssignmentState(TextChoices):
    HELD = "held"
    SUBMITTED = "submitted"
    RELEASED = "released"  # handed back: the same person may get it again
    SKIPPED = "skipped"  # not for this person
    EXPIRED = "expired"
    EXTRA = "extra"  # its place was gone; judged all the same, apart from k
    BARRED = "barred"  # never lent: the task is not for this person, see keep_from


class SkipReason(TextChoices):
    NOT_MY_FIELD = "not_my_field", _("I do not know enough about it")
    UNCLEAR = "unclear", _("I do not understand what is asked")
    BROKEN = "broken", _("something is broken")
    OPT_OUT = "opt_out", _("I would rather not read this")  # nobody counts these
    OTHER = "other", _("another reason")


class FlagKind(TextChoices):
    UNSAFE = "unsafe", _("unsafe content")
    PERSONAL_DATA = "personal_data", _("personal data")
    BROKEN_PROMPT = "broken_prompt", _("broken prompt")
    NOT_MY_LANGUAGE = "not_my_language", _("not my language")
    QUESTION = "question", _("a question to the leads")


class PayUnit(TextChoices):
    """What a rate is paid for."""

    TASK = "task", _("task")
    HOUR = "hour", _("active hour")


COMPLETIONS_PER_TASK = {  # least and most
    TaskType.RATING: (1, 1),
    TaskType.COMPARISON: (2, 2),
    TaskType.RANKING: (3, 8),
    TaskType.LABEL: (0, 0),
    TaskType.DEMONSTRATION: (0, 0),
}

_SHOW_RESPONSES = (TaskType.RATING, TaskType.COMPARISON, TaskType.RANKING)
FITTING_TYPES = {  # which types may ask for it
    Ask.RATINGS: (TaskType.COMPARISON, TaskType.RANKING),
    Ask.CRITERIA: (TaskType.COMPARISON,),
    Ask.CORRECTION: _SHOW_RESPONSES,
    Ask.CRITIQUE: tuple(TaskType),
    Ask.SPANS: (*_SHOW_RESPONSES, TaskType.LABEL),
    Ask.STEPS: _SHOW_RESPONSES,
    Ask.TOOL_CALLS: _SHOW_RESPONSES,
    Ask.TURNS: (TaskType.RATING,),
    Ask.PROPOSAL: (TaskType.COMPARISON, TaskType.RANKING),
    Ask.REFERENCE: _SHOW_RESPONSES,
}
