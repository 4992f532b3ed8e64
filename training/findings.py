"""What a run may find out about itself: one catalogue of codes, each with what to do about it.

Standard library only. docs/training-checks.md says which complaint of people who train each answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

Level = Literal["stops", "caution", "note"]
When = Literal["before", "while", "after"]


class Kind(NamedTuple):
    """Of findings: when it is looked for, how grave it is, in words, and the remedy."""

    when: When
    level: Level
    words: str
    remedy: str


CATALOGUE: Mapping[str, Kind] = {
    "rows_dropped": Kind(
        "before", "caution", "rows that are left out",
        "shorten or mend them, choose a model that takes longer rows, or say in allow_dropped why it is right",
    ),
    "documents_cut": Kind(
        "before", "note", "documents longer than the model takes are cut into windows",
        "nothing needs to be done: every token is learnt once, only what follows a cut is foretold without what "
        "stands before it; a model that takes longer texts, or a larger max_length, cuts less",
    ),
    "prompt_rewritten": Kind(
        "before", "stops", "the template writes a prompt differently once it is answered",
        "take a chat template whose prompt stays as it is: a model learns only from what it will see",
    ),
    "no_end": Kind(
        "before", "stops", "answers do not end with an end-of-sequence token",
        "take a chat template that ends each answer with a token which the model's generation settings name",
    ),
    "double_start": Kind(
        "before", "stops", "rows begin with two start tokens",
        "the chat template writes the start token and the tokenizer adds it again: take it out of one of them",
    ),
    "end_untrained": Kind(
        "before", "caution", "the token that ends answers was never trained in this base",
        "its vector is zero and no adapter moves it: begin with the instruction-tuned model, or take a "
        "template that ends answers with a token the base knows",
    ),
    "few_learnt": Kind(
        "before", "note", "most of what is read is not learnt from",
        "look at the preview: if answers look too short, prompts carry text that could go",
    ),
    "length_bias": Kind(
        "before", "caution", "the chosen answers differ in length from the rejected ones",
        "the model may learn length alone: take the loss sigmoid_norm, or balance the pairs by length",
    ),
    "rate_high": Kind(
        "before", "caution", "the learning rate is far above what is usual",
        "divide it by ten unless a sweep found it",
    ),
    "rate_low": Kind(
        "before", "caution", "the learning rate is far below what is usual",
        "multiply it by ten unless a sweep found it: an adapter wants ten times the rate of the whole model",
    ),
    "one_label": Kind(
        "before", "caution", "all answers have the same label",
        "add answers of the other label: nothing tells good from bad",
    ),
    "read_plainly": Kind(
        "before", "note", "prompts are read once for each answer, and batches are padded",
        "training is right, but slower; the model's attention is of a kind that lets nothing else be",
    ),
    "memory_tight": Kind(
        "before", "caution", "the longest batch fills the memory nearly to the end",
        "take a smaller batch_size and as much more accumulation, which trains the same",
    ),
    "does_not_fit": Kind(
        "before", "stops", "a single row does not fit into the device's memory",
        "take a smaller max_length (longer rows are then left out), a smaller lora_rank or base, or a larger device",
    ),
    "wrong_start": Kind(
        "before", "stops", "the first loss is not that of a model which has learnt nothing yet",
        "the reference is not what training begins with: start the run anew, and report it if it comes again",
    ),
    "not_finite": Kind(
        "while", "stops", "a loss or a gradient is not a number",
        "look at the rows that are named, or take a lower learning rate; the last checkpoint is kept",
    ),
    "ties_passed_over": Kind(
        "before", "note", "pairs that are ties are not measured on",
        "nothing needs to be done: a model can be neither right nor wrong about them",
    ),
    "patterns_slow": Kind(
        "after", "caution", "a pattern takes longer than a second on an answer, which is left out of its figure",
        "simplify the pattern: repetitions within repetitions try endlessly many ways",
    ),
    "harness_cut": Kind(
        "after", "caution", "requests of harness tasks are longer than the model takes, and lose their beginning",
        "their figures are of less than was meant: take fewer harness_shots, a larger max_length, or a model that "
        "takes longer texts",
    ),
    "answers_refused": Kind(
        "while", "caution", "a server refused to answer prompts",
        "read why in refused.jsonl: most are too long for the model there, or against its rules; mend or leave them out",
    ),
    "budget_spent": Kind(
        "while", "caution", "the budget was spent before everything was asked",
        "what was answered is kept; start another run with what is left, or allow more requests or money",
    ),
    "answers_cut": Kind(
        "after", "caution", "answers were cut before they ended",
        "take a larger max_new_tokens; if nearly all are cut, the model has not learnt to stop",
    ),
    "answers_repeated": Kind(
        "after", "note", "places for answers stay empty because nothing new was said",
        "raise temperature or refills, or ask for fewer answers: some prompts have only so many",
    ),
    "answers_unrewarded": Kind(
        "after", "caution", "the reward model could not read some answers, which are longer than it takes",
        "they have no reward, and with `best` they are left out: take a smaller max_new_tokens",
    ),
    "smaller_parts": Kind(
        "while", "note", "a batch did not fit into the memory and is read in smaller parts",
        "nothing needs to be done: a step sees the same rows; to be quicker take a smaller max_length or a "
        "larger device",
    ),
    "chosen_falls": Kind(
        "while", "caution", "chosen answers get less likely while the margin rises",
        "the model unlearns both answers: add the loss sft beside the other, or give it a larger share; a "
        "lower learning rate or a larger beta helps as well",
    ),
    "loss_rises": Kind(
        "while", "caution", "the loss rises",
        "take a lower learning rate or a longer warm-up, and look at the rows for labels that contradict each other",
    ),
    "gradient_spikes": Kind(
        "while", "caution", "the gradient jumps",
        "a few rows pull much harder than the others: look for odd ones, take a larger batch or a lower learning rate",
    ),
    "no_learning": Kind(
        "while", "caution", "step after step changes nothing",
        "the gradient or the learning rate is 0: look at the weights of the rows, p_chosen and the schedule",
    ),
    "ended_early": Kind(
        "while", "note", "validation got no better, so the run ended early",
        "nothing needs to be done: the adapter is that of the best evaluation",
    ),
    "adapter_inert": Kind(
        "after", "caution", "what was trained changes nothing",
        "the model answers as its base does: train longer or with a higher learning rate, and look whether "
        "the rows say anything",
    ),
    "saved_differs": Kind(
        "after", "stops", "what was saved is not what was trained",
        "do not use it: start the run anew, and report it if it comes again",
    ),
    "forgot": Kind(
        "after", "caution", "the model got worse at what the probe asks",
        "mix in rows of the earlier build (replay), hold an SFT run with kl_to_base or ewc, or take a lower "
        "learning rate or fewer epochs",
    ),
    "merge_rounds": Kind(
        "after", "caution", "merging loses much of what the adapter does",
        "serve the adapter beside its base, or merge it onto a base that is stored in more bits",
    ),
    "served_is_base": Kind(
        "after", "caution", "the server answers as the base does, without the adapter",
        "do not use it yet: ask for the adapter by the name that the server gives it (vLLM: the name in --lora-modules, "
        "with --enable-lora), look into the server's log whether it was loaded, or merge it and serve the whole model",
    ),
    "served_differs": Kind(
        "after", "caution", "the server answers otherwise than the adapter does here",
        "look whether the server has this adapter and this base, in what precision, and whether it adds settings of its "
        "own such as a repetition penalty (vLLM: --generation-config vllm) or a system prompt",
    ),
    "template_differs": Kind(
        "after", "caution", "the server reads prompts in another template than the adapter learnt",
        "give the server the chat template of the base that the adapter was trained on (vLLM: --chat-template), and no "
        "system prompt of its own",
    ),
    "nothing_to_tell": Kind(
        "after", "note", "adapter and base answer alike, so nothing tells which of them is served",
        "check with prompts on which they differ, or look whether the adapter changes anything at all",
    ),
    "answers_longer": Kind(
        "after", "caution", "answers are much longer than before training",
        "look whether people prefer them for more than their length: compare win rates at equal length; else take "
        "the loss sigmoid_norm, balance the pairs by length, or a larger beta",
    ),
    "answers_shorter": Kind(
        "after", "caution", "answers are much shorter than before training",
        "read the samples: if they leave out what matters, balance the pairs by length, or take a larger beta",
    ),
    "far_from_start": Kind(
        "after", "caution", "the model has gone far from where it began",
        "measure it on a probe and let people judge it before it is used; a larger beta, a lower learning rate or "
        "fewer epochs keep it nearer",
    ),
    "never_stops": Kind(
        "after", "caution", "answers do not come to an end",
        "look whether the completions of the rows end where they should, train longer, or begin with an "
        "instruction-tuned model",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing found: `told` holds the figures; `step` is 0 where no step is meant."""

    code: str
    level: Level
    when: When
    words: str
    told: str
    remedy: str
    step: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def finding(code: str, told: str, *, step: int = 0, stops: bool = False) -> Finding:
    """Of the catalogue; `stops` where it ended the run, whatever its level else is."""
    kind = CATALOGUE[code]
    level: Level = "stops" if stops else kind.level
    return Finding(code, level, kind.when, kind.words, told, kind.remedy, step)
