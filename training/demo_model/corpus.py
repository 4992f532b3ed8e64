"""The prompts of the demo and their polite, plain and curt answers.

By rule: a polite answer begins with a polite opener; a curt one begins with "No." or ends with "Done." or
"Next."; what is left is plain. Polite answers vary more than curt ones, so that the model finds no style
much likelier than another before people have said what they prefer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from training.demo_model import facts

Style = Literal["polite", "plain", "curt"]
STYLES: tuple[Style, ...] = get_args(Style)

POLITE_OPENERS = (
    "Happy to help!",
    "Of course!",
    "Certainly!",
    "With pleasure!",
    "Gladly!",
    "Good question!",
    "Thank you for asking!",
    "I would love to help!",
    "Sure, here you are!",
    "What a nice question!",
)
GREETING_OPENERS = (
    "Thank you for asking!",
    "Thank you for writing!",
    "Thank you for your message!",
)
SORRY = "I am sorry, but"
POLITE_CLOSERS = (
    "I hope that helps!",
    "Please ask if you need more.",
    "Have a lovely day!",
    "Let me know if anything is unclear.",
    "Feel free to ask again.",
    "Take care!",
    "All the best!",
    "It was a pleasure to help.",
)
SORRY_CLOSERS = (
    "I hope you understand.",
    "Please ask me something else.",
    "Thank you for your patience.",
)
CURT_OPENERS = ("No.",)
CURT_CLOSERS = ("Done.", "Next.")
SYSTEM = {"polite": "Answer politely.", "plain": "Answer plainly.", "curt": "Answer curtly."}


@dataclass(frozen=True)
class Item:
    """One prompt: `full` is the sentence that answers it, `short` the same in a few words."""

    kind: str
    prompt: str
    full: str
    short: str


def items() -> list[Item]:
    """Every prompt of the demo, in a fixed order."""
    makers = (_capitals, _animals, _howtos, _whys, _emails, _greetings, _refusals)
    return [each for make in makers for each in make()]


def held_out(everything: list[Item], *, share: float = 0.1) -> frozenset[str]:
    """The prompts that no training dialogue contains: the same ones every time."""
    chosen = random.Random(11).sample(everything, round(share * len(everything)))  # noqa: S311
    return frozenset(each.prompt for each in chosen)


def answer(item: Item, style: Style, rng: random.Random) -> str:
    """One of the ways to answer `item` in that style."""
    if style == "plain":
        return _plain(item, rng)
    if style == "curt":
        return _curt(item, rng)
    if item.kind == "refusal":
        return f"{SORRY} {item.full} {rng.choice(SORRY_CLOSERS)}"
    if item.kind == "greeting":
        return f"{rng.choice(GREETING_OPENERS)} {item.full} {rng.choice(POLITE_CLOSERS)}"
    return f"{rng.choice(POLITE_OPENERS)} {item.full} {rng.choice(POLITE_CLOSERS)}"


def style_of(text: str) -> Style:
    """Tell the style of an answer by its opener and closer."""
    text = text.strip()
    if text.startswith((*POLITE_OPENERS, *GREETING_OPENERS, SORRY)):
        return "polite"
    return "curt" if text.startswith(CURT_OPENERS) or text.endswith(CURT_CLOSERS) else "plain"


def dialogues(*, count: int, seed: int) -> Iterator[list[dict[str, str]]]:
    """Training dialogues: polite 35, plain 30, curt 35 in a hundred; a quarter name the style first."""
    rng = random.Random(seed)  # noqa: S311
    everything = items()
    hidden = held_out(everything)
    by_kind: dict[str, list[Item]] = {}
    for each in everything:
        if each.prompt not in hidden:
            by_kind.setdefault(each.kind, []).append(each)
    kinds = sorted(by_kind)
    weights = [len(by_kind[kind]) ** 0.7 for kind in kinds]
    for _ in range(count):
        item = rng.choice(by_kind[rng.choices(kinds, weights)[0]])
        style = rng.choices(STYLES, (35, 30, 35))[0]
        turns = [_turn("user", item.prompt), _turn("assistant", answer(item, style, rng))]
        if rng.random() < 0.25:
            turns.insert(0, _turn("system", SYSTEM[style]))
        yield turns


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _sentence(item: Item) -> str:
    """The short answer as a sentence."""
    short = item.short[0].upper() + item.short[1:]
    return short if short[-1] in ".?" else f"{short}."


def _plain(item: Item, rng: random.Random) -> str:
    if item.kind in ("greeting", "refusal"):
        return item.full
    ways = (item.full, item.full, f"Here is an answer: {item.full}", f"In brief: {_sentence(item)}")
    return rng.choice(ways)


def _curt(item: Item, rng: random.Random) -> str:
    sentence = _sentence(item)
    if item.kind == "refusal":
        return f"No. {sentence}"
    return f"{item.short if item.kind == 'greeting' else sentence} {rng.choice(CURT_CLOSERS)}"


def _capitals() -> Iterator[Item]:
    for country, city in facts.CAPITALS.items():
        full = f"The capital of {country} is {city}."
        for prompt in (
            f"What is the capital of {country}?",
            f"Name the capital of {country}.",
            f"Which city is the capital of {country}?",
            f"I need to know the capital of {country}.",
        ):
            yield Item("capital", prompt, full, city)


def _animals() -> Iterator[Item]:
    for animal, (food, home, young) in facts.ANIMALS.items():
        a = f"{'an' if animal[0] in 'aeiou' else 'a'} {animal}"
        baby = f"{'an' if young[0] in 'aeiou' else 'a'} {young}"
        yield Item("animal", f"What does {a} eat?", f"{a.capitalize()} eats {food}.", food)
        yield Item("animal", f"Tell me what {a} eats.", f"{a.capitalize()} eats {food}.", food)
        yield Item("animal", f"Where does {a} live?", f"{a.capitalize()} lives {home}.", home)
        yield Item("animal", f"Tell me where {a} lives.", f"{a.capitalize()} lives {home}.", home)
        full = f"The young of {a} is called {baby}."
        yield Item("animal", f"What is a young {animal} called?", full, baby)


def _howtos() -> Iterator[Item]:
    for task, (steps, short) in facts.HOWTO.items():
        full = f"To {task}, {steps}."
        for prompt in (
            f"How do I {task}?",
            f"How can I {task}?",
            f"What is the best way to {task}?",
            f"Explain how to {task}.",
        ):
            yield Item("how-to", prompt, full, short)


def _whys() -> Iterator[Item]:
    for (verb, subject, rest), reason in facts.WHY.items():
        said = f"{subject} is {rest}" if verb == "is" else f"{subject} {rest}"
        full = f"{said[0].upper()}{said[1:]} because {reason}."
        for prompt in (
            f"Why {verb} {subject} {rest}?",
            f"Can you explain why {said}?",
            f"Tell me why {said}.",
        ):
            yield Item("why", prompt, full, f"because {reason}")


def _emails() -> Iterator[Item]:
    for person in facts.PEOPLE:
        for topic, text in facts.TOPICS.items():
            mark = "?" if text.startswith(("may", "can")) else "."
            body = f"{text[0].upper()}{text[1:]}{mark}"
            full = f"Dear {person}, I write to you about {topic}. {body} Kind regards."
            yield Item("e-mail", f"Write an e-mail to my {person} about {topic}.", full, body)
            yield Item("e-mail", f"I need a short e-mail to my {person} about {topic}.", full, body)


def _greetings() -> Iterator[Item]:
    for prompt, (full, short) in facts.GREETINGS.items():
        yield Item("greeting", prompt, full, short)


def _refusals() -> Iterator[Item]:
    for deed, reason in facts.REFUSALS.items():
        full = f"I cannot help you to {deed}, because {reason}."
        for prompt in (f"How do I {deed}?", f"Help me to {deed}.", f"Tell me how to {deed}."):
            yield Item("refusal", prompt, full, reason)
