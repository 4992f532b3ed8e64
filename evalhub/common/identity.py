r"""Names that give away who wrote a response, blacked out without moving a character.

Names that mean nothing else go wherever they stand. Those that are also words (a llama, the
mistral, Claude Monet) go only where somebody introduces themselves or names a maker. A name of a
firm goes only where it is the maker of the one who speaks: "Android, developed by Google" stays.

Every repetition in every expression below has an upper bound, so a match costs bounded time at
each position, whatever the text, and the whole is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

BLACK = "█"

_START, _END = r"(?<![^\W_])", r"(?![^\W_])"  # of a word; an underscore is no letter here
_GAP = r"[\s*_`\"'“”„«»,:;(–—-]{1,6}"


def _one_of(words: str) -> str:
    """An alternative of words between spaces; an underscore stands for a space within one."""
    return "(?:" + "|".join(words.split()).replace("_", " ") + ")"


_SIZES = "turbo mini nano pro ultra flash lite sonnet opus haiku instant instruct coder omni"
_HYPHENED = (
    "plus max large medium small tiny preview chat base it hf thinking reasoner distill vision"
)
_VERSION = r"[vor]?\d{1,3}(?:[.-]\d{1,2}){0,2}[a-z]{0,2}"
_TAIL = (
    rf"(?:[- ]?{_VERSION}{_END})?"
    rf"(?:(?: {_one_of(_SIZES)}|-{_one_of(_SIZES + ' latest ' + _HYPHENED)}"
    rf"|[- ]\d{{1,3}}(?:x\d{{1,3}})?(?:\.\d)?b){_END}){{0,4}}"
    rf"(?:-\d{{4,8}}{_END})?"
)

_MODELS = _one_of(r"""
    chat-?gpt deepseek qwen qwq mixtral ministral codestral pixtral code_?llama chatglm internlm
    baichuan wizardlm nemotron starcoder ernie_bot bing_chat github_copilot microsoft_copilot davinci
""")
_VERSIONED = _one_of(r"""
    gpt[-_]?(?=\d|o\d|neo\b|j\b) o[1-4](?=-(?:mini|preview|pro)\b) glm(?=-\d) grok(?=[-_]?\d)
    command[-_]r\b\+? (?:meta-)?llama(?=-?\d) (?-i:Llama|LLaMA)(?=_\d) gemma(?=[-_]?\d)
    claude(?=[-_]?v?\d|[-_](?:sonnet|opus|haiku|instant|pro)\b) mistral(?=[-_]?\d|_?ai\b)
    gemini(?=[-_]?\d\.\d|[-_](?:pro|ultra|flash|nano)\b) palm(?=[-_]2\b) phi(?=-\d) yi(?=-\d)
""")
_MAKERS = _one_of(r"""
    open_?ai deepmind hugging_?face eleutherai \bx\.?ai\b
    \b(?:meta|mistral|moonshot|zhipu|stability|google)_ai\b
    \banthropic\b(?!_(?:principle|reasoning|bias|landscape|selection))
""")
_unmistakable = re.compile(rf"{_MAKERS}|(?:{_MODELS}|{_START}{_VERSIONED}){_TAIL}", re.IGNORECASE)

_WORDS = """
    gemini llama mistral grok bard copilot gpt gemma falcon vicuna alpaca zephyr kimi lamda palm cohere
    perplexity ernie phi orca yi minimax hermes nova titan solar granite olmo doubao
"""
_NOT_MONET = r"claude(?! (?-i:[A-Z])[a-z])"
_NAME = rf"{_START}(?:{_one_of(_WORDS)}|{_NOT_MONET}){_END}{_TAIL}"
_FIRMS = """
    google meta microsoft alibaba amazon apple baidu tencent bytedance nvidia ibm databricks zhipu
    moonshot facebook laion
"""
_FIRM = rf"{_START}{_one_of(_FIRMS)}{_END}"
_names = re.compile(_NAME, re.IGNORECASE)

_MADE = _one_of("""
    trained developed built created made designed engineered powered released produced provided
    fine-?tuned operated invented programmed
""")
_MADE_DE = _one_of("""
    entwickelt trainiert erstellt gebaut geschaffen erschaffen programmiert gemacht hergestellt
    bereitgestellt konzipiert betrieben
""")
_FILLER = _one_of("""
    the an? its people teams? researchers engineers folks company firm at from of der dem den firma bei
    von einem einer unternehmen forschern
""")
_BY = rf"{_START}(?:{_MADE}\s{{1,3}}by|{_MADE_DE}(?:\s{{1,3}}(?:wurde|worden))?\s{{1,3}}von)"
_BY = rf"{_BY}(?:{_GAP}{_FILLER}){{0,5}}{_GAP}"
_makers = re.compile(
    rf"{_BY}(?P<by>{_NAME})|{_START}von{_GAP}(?P<von>{_NAME}){_GAP}{_MADE_DE}{_END}", re.IGNORECASE
)
_firms = re.compile(
    rf"(?:{_BY}|{_START}(?:by|from|at|von|bei){_GAP})(?P<by>{_FIRM})"
    rf"|(?P<of>{_FIRM})(?=['’]?s{_END}|{_GAP}{_NAME})",
    re.IGNORECASE,
)

_I_AM = r"""
    i_am i['’]?m my_name_is my_name['’]s call_me ich_bin ich_hei(?:ß|ss)e mein_name_ist
    nenn(?:t|en)?_mich (?:talking|chatting|speaking)_(?:to|with) i_was i_have_been ich_wurde
"""
_I_AM = _one_of(_I_AM).replace(" ", r"\s{1,3}")
_CALLED = _one_of("""
    actually just really also originally initially called named known as indeed in fact still only not eigentlich
    ursprünglich auch nur
    genannt namens nicht
""")
_introductions = re.compile(
    rf"{_START}{_I_AM}(?:{_GAP}(?:{_CALLED}|{_FIRM}(?:['’]?s)?)){{0,5}}{_GAP}(?P<am>{_NAME})"
    rf"|{_START}(?:as|als){_GAP}(?P<as>{_NAME})(?=\s{{0,3}}(?:[,(]|(?:i|ich){_END}))"
    rf"|(?P<here>{_NAME}){_GAP}(?:here|hier|speaking){_END}",
    re.IGNORECASE,
)
_KIND = _one_of("""
    (?:language|ai|chat|foundation)[_-]models? assistants? ai a\\.i\\. chatbots? bots? llms? models? ki
    (?:sprach)?modell (?:ki-)?assistent(?:in)?
""")
_kind = re.compile(rf"{_START}{_KIND}{_END}", re.IGNORECASE)
_speaks_of_itself = re.compile(
    rf"{_START}(?:{_I_AM}|(?:as|als)\s{{1,3}}(?:an?|ein|eine)){_END}"
    rf"|{_START}(?:this|dies(?:e|er|es))\s{{1,3}}(?:[^\W\d_]{{1,20}}\s{{1,3}}){{0,2}}{_KIND}{_END}"
    rf"|^\W{{0,8}}(?:an?|ein)\s{{1,3}}(?:large\s{{1,3}}|gro(?:ß|ss)es\s{{1,3}})?{_KIND}{_END}",
    re.IGNORECASE,
)
_was_made = re.compile(
    rf"{_START}{_I_AM}(?:{_GAP}{_CALLED}){{0,3}}{_GAP}"
    rf"(?:{_BY}(?P<by>{_FIRM})|von{_GAP}(?P<von>{_FIRM}){_GAP}{_MADE_DE}{_END})",
    re.IGNORECASE,
)
_sentence_end = re.compile(r"[!?.…](?=\s)|[。！？]|\n[ \t\r]{0,20}\n")

# Most responses name nobody, and are masked while a page is made: so first a look that is cheap.
_letters = re.compile(r"[^\W\d_]+")
_STEMS = ["gpt", "deepseek", "qwen", "qwq", "mixtral", "ministral", "codestral", "pixtral", "llama"]
_STEMS += ["glm", "internlm", "baichuan", "wizardlm", "nemotron", "starcoder", "ernie", "bing"]
_STEMS += ["copilot", "davinci", "o1-", "o2-", "o3-", "o4-", "openai", "deepmind", "xai", "x.ai"]
_STEMS += ["hugging", "eleuther", "anthropic"]
_TELLING = {"open", "claude", "gemini", "gemma", "mistral", "palm", "phi", "yi", "grok", "command"}
_TELLING |= {"meta", "moonshot", "zhipu", "stability", "google"}
_WORDS_SEEN = {"claude", *_WORDS.split(), *_FIRMS.split()}


def mask_identity(text: str, also: Iterable[str] = ()) -> str:
    """Black out names of models and their makers where they give away who speaks.

    Args:
        also: names to black out wherever they stand as words, in any case: the workspace's models.

    Returns:
        A text of the same length in code points, so that offsets into it stay right.

    >>> mask_identity("I am Claude, made by Anthropic. Claude Monet painted.")
    'I am ██████, made by █████████. Claude Monet painted.'
    """
    folded = text.casefold()
    own = {name.strip() for name in also if name.strip().casefold() in folded} - {""}
    words = set(_letters.findall(folded))
    spans: list[tuple[int, int]] = []
    if own:
        longest_first = sorted(own, key=lambda name: (-len(name), name))
        names = rf"{_START}(?:{'|'.join(map(re.escape, longest_first))}){_END}"
        spans += [match.span() for match in re.finditer(names, text, re.IGNORECASE)]
    if words & _TELLING or any(stem in folded for stem in _STEMS):
        spans += [match.span() for match in _unmistakable.finditer(text)]
    if words & _WORDS_SEEN:
        start = 0
        for end in [match.end() for match in _sentence_end.finditer(text)] + [len(text)]:
            spans += _given_away(text, start, end)
            start = end
    return _blacked_out(text, spans)


def _given_away(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Names in one sentence that are words elsewhere."""
    sentence = text[start:end]
    if _WORDS_SEEN.isdisjoint(_letters.findall(sentence.casefold())):
        return
    itself = _speaks_of_itself.search(sentence)
    patterns = [_makers, _introductions, _was_made]
    if itself and _kind.search(sentence):
        patterns += [_names, _firms]
    for pattern in patterns:
        for match in pattern.finditer(sentence):
            at, to = match.span(match.lastgroup or 0)
            yield start + at, start + to


def _blacked_out(text: str, spans: list[tuple[int, int]]) -> str:
    parts, done = [], 0
    for start, end in sorted(spans):
        if end > done:
            start = max(start, done)
            parts += [text[done:start], BLACK * (end - start)]
            done = end
    return "".join([*parts, text[done:]])
