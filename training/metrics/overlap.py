"""How near an answer is to the reference: BLEU, chrF, TER, ROUGE and METEOR."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

ROUGES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
TER_WORDS, TER_TOKENS = 40, 128  # what takes it a few hundredths of a second
WORDS = re.compile(r"\w+|[^\w\s]+")


def ter_fits(ter: str, references: Iterable[str | None], *, max_new_tokens: int) -> bool:
    """Whether TER is to be told: "always", "never", or "short", where no reference and no answer is long.

    Its search for shifts takes seconds for a page of text. It hangs on the set and the options alone, never
    on what a model says, so that models have it on the same rows.
    """
    if ter != "short":
        return ter == "always"
    longest = max((len(each.split()) for each in references if each is not None), default=0)
    return longest <= TER_WORDS and max_new_tokens <= TER_TOKENS


def likeness(said: str, reference: str, *, ter: bool) -> dict[str, Any]:
    """All of this module for one answer, by the columns of predictions.jsonl."""
    name, meteor = meteor_score(said, reference)
    edits = {"ter": ter_statistics(said, reference)} if ter else {}
    return edits | {
        **rouge_scores(said, reference),
        "bleu": bleu_statistics(said, reference),
        "chrf": chrf_statistics(said, reference),
        name: meteor,
    }


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


def ter_statistics(said: str, reference: str) -> list[float]:
    """What TER sums over rows: [edits that make the answer the reference, words of the reference].

    A shift of several words is one edit. TER is 100 times the quotient of the sums; case does not count.

    Source: Snover et al., "A study of translation edit rate with targeted human annotation", AMTA 2006.
    """
    return [float(each) for each in _TER._extract_corpus_statistics([said], [[reference]])[0]]


def rouge_scores(said: str, reference: str) -> dict[str, float]:
    """ROUGE-1, -2, -L and -Lsum F-measures, 0 to 1, with Porter stemming; Lsum takes a line for a sentence.

    Source: Lin, "ROUGE: a package for automatic evaluation of summaries", 2004.
    """
    scores = _ROUGE.score(reference, said)
    return {name: round(float(scores[name].fmeasure), 6) for name in ROUGES}


def meteor_score(said: str, reference: str) -> tuple[str, float]:
    """METEOR, 0 to 1, and its name: "meteor" where WordNet is installed, else "meteor_exact_stem".

    Without WordNet words match when they are equal or have the same stem, never as synonyms; so it is
    another figure, and has another name. WordNet is looked for where nltk does, as in $NLTK_DATA.

    Source: Banerjee, Lavie, "METEOR", ACL workshop 2005, with the parameters of Lavie, Agarwal, WMT 2007.
    """
    from nltk.translate.meteor_score import single_meteor_score

    wordnet = _wordnet()
    score = single_meteor_score(
        WORDS.findall(reference), WORDS.findall(said), wordnet=wordnet or _NoSynonyms()
    )
    return "meteor" if wordnet else "meteor_exact_stem", round(float(score), 6)


def corpus_bleu(statistics: Sequence[Sequence[int]]) -> float:
    """BLEU of all rows, 0 to 100, from their statistics."""
    return float(_BLEU._compute_score_from_stats(_sums(statistics)).score)


def corpus_chrf(statistics: Sequence[Sequence[int]]) -> float:
    """chrF2 of all rows, 0 to 100, from their statistics."""
    return float(_CHRF._compute_score_from_stats(_sums(statistics)).score)


class _NoSynonyms:
    """Stands where nltk asks WordNet."""

    def synsets(self, word: str) -> list[Any]:
        return []


@cache
def _wordnet() -> Any:  # nltk's reader, None where there is no WordNet
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return None
    return wordnet


def _sums(statistics: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*statistics, strict=True)]


_BLEU, _CHRF, _TER = BLEU(), CHRF(), TER()
_ROUGE = RougeScorer(list(ROUGES), use_stemmer=True)
