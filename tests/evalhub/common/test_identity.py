"""Names that give away who wrote a response, and words that only look like them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.common.identity import BLACK, mask_identity


@pytest.mark.parametrize(
    "text, name",
    [
        ("I am GPT-4.", "GPT-4"),
        ("i'm chatgpt, nice to meet you", "chatgpt"),
        ("Ask gpt-3.5-turbo instead.", "gpt-3.5-turbo"),
        ("It was o1-preview, I think.", "o1-preview"),
        ("Try `pip install openai` first.", "openai"),
        ("I’m **Gemini**.", "Gemini"),
        ("My name is Claude and I help.", "Claude"),
        ("I am called Grok.", "Grok"),
        ("I'm just Copilot.", "Copilot"),
        ("Hi, Claude here!", "Claude"),
        ("You are talking to Bard.", "Bard"),
        ("As Claude, I cannot say.", "Claude"),
        ("Better use claude-3-5-sonnet-20241022.", "claude-3-5-sonnet-20241022"),
        ("I'm Claude 3.5 Sonnet.", "Claude 3.5 Sonnet"),
        ("Llama 3 is good.", "Llama 3"),
        ("The llama-3.1-8b-instruct weights.", "llama-3.1-8b-instruct"),
        ("Qwen2.5-72B-Instruct, that is.", "Qwen2.5-72B-Instruct"),
        ("DeepSeek-R1 thinks.", "DeepSeek-R1"),
        ("Mistral 7B is small.", "Mistral 7B"),
        ("This model was developed by Mistral.", "Mistral"),
        ("I was created by Google.", "Google"),
        ("I am a large language model, trained by the team at Meta.", "Meta"),
        ("As an AI model made by Microsoft, I must not.", "Microsoft"),
        ("I am an AI assistant. I can help.\nI'm Gemma.", "Gemma"),
        ("Ich bin Claude.", "Claude"),
        ("Mein Name ist Mistral.", "Mistral"),
        ("Ich bin ein Sprachmodell, das von Google entwickelt wurde.", "Google"),
        ("Dieses Programm wurde entwickelt von Mistral.", "Mistral"),
        ("Ich wurde von Google entwickelt.", "Google"),
        ("I was originally created by Google.", "Google"),
        ("This language model is from Meta.", "Meta"),
        ("I'm Gemini Advanced.", "Gemini"),
        ("Als Gemini, kann ich das nicht.", "Gemini"),
    ],
)
def test_a_name_that_gives_away_its_maker_is_blacked_out(text: str, name: str) -> None:
    assert mask_identity(text) == text.replace(name, BLACK * len(name))


def test_maker_and_model_go_together() -> None:
    masked = mask_identity("I'm Claude, made by Anthropic, and not OpenAI's ChatGPT.")
    assert masked == "I'm ██████, made by █████████, and not ██████'s ███████."


@pytest.mark.parametrize(
    "text",
    [
        "Claude Monet painted water lilies.",
        "I am an AI assistant and admire Claude Shannon.",
        "Impressionism was shaped by Claude Monet.",
        "The llama is an animal. We saw a llama 3 times.",
        "I am a llama farmer.",
        "I'm a Gemini, born in June; Gemini 8 flew in 1966.",
        "The mistral is a cold wind.",
        "A bard sang, his copilot slept, and nobody could grok it.",
        "By the anthropic principle we are here.",
        "Android was developed by Google, Windows by Microsoft.",
        "I'm sure that Android was developed by Google.",
        "Models from Google are large.",
        "Der Lama heißt auf Englisch llama.",
        "Jean-Claude and Claude-Michel met.",
        "A philanthropic, cohesive, metaphysical qualm.",
    ],
)
def test_words_that_only_look_like_names_stay(text: str) -> None:
    assert mask_identity(text) == text


def test_names_of_our_own_are_blacked_out_as_words_in_any_case() -> None:
    text = "I am Demo-Model (v2); demo-modeling and .* stay."
    assert mask_identity(text, also=["demo-model", "demo-model (v2)", " ", ".*"]) == (
        "I am ███████████████; demo-modeling and ██ stay."
    )


NAMES = ["I am ", "I'm ", "Claude", " GPT-4", "Llama", " 3", "by ", "made ", "von ", "Google", ". "]
NAMES += [
    " ",
    "\n",
    "😀",
    "█",
    "İ",
    "ß",
    "as an AI model ",
    "Gemini",
    ", ",
    "-",
    "É",
    "ǅ",
    "chatgpt",
]


@given(st.lists(st.sampled_from(NAMES)).map("".join) | st.text())
def test_nothing_moves_and_nothing_else_changes(text: str) -> None:
    masked = mask_identity(text, also=["İ"])
    assert len(masked) == len(text)
    assert all(now in (before, BLACK) for before, now in zip(text, masked, strict=True))


WORDY = ["I am ", "as an ", "made by the ", "gpt-", "claude ", "llama-3-3-3", "von Google ", " "]
WORDY += ["...", "! ", "\n \n", "I am called named just ", "Google's ", "''''", "I'm ((((("]


@pytest.mark.parametrize("piece", WORDY)
def test_ten_times_the_text_costs_about_ten_times_the_time(piece: str) -> None:
    short = "Claude, a model. " + piece * (20_000 // len(piece))
    long = "Claude, a model. " + piece * (200_000 // len(piece))
    assert _least_seconds(long) < 25 * max(_least_seconds(short), 0.001)


def _least_seconds(text: str) -> float:
    """Of three, for other programs on the machine make some of them slow."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        mask_identity(text)
        seconds.append(time.process_time() - start)
    return min(seconds)
