"""What is measured row by row, so that no figure depends on the batch size.

Every interval and test is computed elsewhere from these per-row values. Shapes: B rows, T tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torch import Tensor

from training.device import Device
from training.judged import TIE

ROUGES = ("rouge1", "rouge2", "rougeL")


def completion_logps(
    model: Any,
    rows: Sequence[tuple[list[int], list[int]]],
    *,
    device: Device,
    pad_id: int,
    batch_size: int,
    beat: Callable[[int], None] = lambda done: None,
) -> list[float]:
    """Sum of log-probabilities of each completion, in nats, given its prompt.

    Long rows share batches with long ones. The model must carry TRL's fused head.

    Args:
        rows: (prompt ids, completion ids), neither empty.
        beat: called with the number of rows done; may raise to stop.

    Returns:
        One number per row, in the order of `rows`. With V equally likely tokens, -n ln V for n tokens.
    """
    order = sorted(range(len(rows)), key=lambda at: -len(rows[at][0]) - len(rows[at][1]))
    found = [0.0] * len(rows)
    was_training = model.training
    model.eval()
    try:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            sums_B = _batch_logps(model, [rows[at] for at in chosen], device=device, pad_id=pad_id)
            for at, value in zip(chosen, sums_B.tolist(), strict=True):
                found[at] = value
            beat(start + len(chosen))
    finally:
        model.train(was_training)
    return found


def bleu_statistics(said: str, reference: str) -> list[int]:
    """What BLEU sums over rows: 10 numbers.

    [length of the answer, length of the reference, matching 1-, 2-, 3-, 4-grams, all 1-, 2-, 3-, 4-grams
    of the answer], in tokens of sacrebleu's 13a. Corpus BLEU is `BLEU.compute_bleu` of the sums, with
    exponential smoothing.

    Source: Papineni et al., "BLEU", ACL 2002; Post, "A call for clarity in reporting BLEU scores", 2018.
    """
    return [int(each) for each in _BLEU._extract_corpus_statistics([said], [[reference]])[0]]


def chrf_statistics(said: str, reference: str) -> list[int]:
    """What chrF2 sums over rows: 18 numbers.

    For each order n = 1 … 6: [character n-grams of the answer, of the reference, matching ones].

    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015.
    """
    return [int(each) for each in _CHRF._extract_corpus_statistics([said], [[reference]])[0]]


def rouge_scores(said: str, reference: str) -> dict[str, float]:
    """ROUGE-1, -2 and -L F-measures, 0 to 1, with Porter stemming.

    Source: Lin, "ROUGE: a package for automatic evaluation of summaries", 2004.
    """
    scores = _ROUGE.score(reference, said)
    return {name: round(float(scores[name].fmeasure), 6) for name in ROUGES}


def corpus_bleu(statistics: Sequence[Sequence[int]]) -> float:
    """BLEU of all rows, 0 to 100, from their statistics."""
    return float(_BLEU._compute_score_from_stats(_sums(statistics)).score)


def corpus_chrf(statistics: Sequence[Sequence[int]]) -> float:
    """chrF2 of all rows, 0 to 100, from their statistics."""
    return float(_CHRF._compute_score_from_stats(_sums(statistics)).score)


def share_won(left: Sequence[float], right: Sequence[float]) -> float:
    """How often left is greater than right; a tie counts one half."""
    points = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in zip(left, right, strict=True)]
    return sum(points) / len(points)


def won(worth_NC: Tensor, p_chosen_N: Tensor) -> dict[str, float]:
    """`eval_reward_accuracy`: how often chosen is worth more than rejected, ties of people left out;
    nothing where all are ties.

    Args:
        worth_NC: of the chosen and of the rejected answer of each pair.
    """
    decided_NC = worth_NC[p_chosen_N != TIE]
    return {"eval_reward_accuracy": share_won(*decided_NC.T.tolist())} if len(decided_NC) else {}


def _batch_logps(
    model: Any, rows: Sequence[tuple[list[int], list[int]]], *, device: Device, pad_id: int
) -> Tensor:
    longest = max(len(prompt) + len(said) for prompt, said in rows)
    ids_BT = torch.full((len(rows), longest), pad_id)
    labels_BT = torch.full((len(rows), longest), -100)
    mask_BT = torch.zeros((len(rows), longest), dtype=torch.long)
    for at, (prompt, said) in enumerate(rows):
        end = len(prompt) + len(said)
        ids_BT[at, :end] = torch.tensor(prompt + said)
        labels_BT[at, len(prompt) : end] = torch.tensor(said)
        mask_BT[at, :end] = 1
    with torch.no_grad(), device.autocast():
        logps_BT: Tensor = model(
            input_ids=ids_BT.to(device.name),
            attention_mask=mask_BT.to(device.name),
            labels=labels_BT.to(device.name),
            fused_lm_head=True,
        ).log_probs
    return logps_BT.double().sum(dim=1).cpu()


def _sums(statistics: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*statistics, strict=True)]


_BLEU = BLEU()
_CHRF = CHRF()
_ROUGE = RougeScorer(list(ROUGES), use_stemmer=True)
