"""Error types and severities as people write them: one a line, "Name: description"."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import slugify

from evalhub.rubrics.errors import UnfitRubric

MOST_NAMES, MOST_NAME, MOST_DESCRIPTION = 30, 80, 500

Named = dict[str, str]  # slug, name, description: as a RubricVersion keeps them


def named_from(text: str) -> list[Named]:
    """One of them for each line that says something.

    Raises:
        UnfitRubric: too many, a name is missing or too long, or two are the same.
    """
    found = [
        _named(line, number)
        for number, line in enumerate((each for each in text.splitlines() if each.strip()), start=1)
    ]
    if len(found) > MOST_NAMES:
        raise UnfitRubric(f"At most {MOST_NAMES} lines; these are {len(found)}.")
    seen: set[str] = set()
    for each in found:
        if each["slug"] in seen:
            raise UnfitRubric(f"“{each['name']}” stands there twice; names must differ.")
        seen.add(each["slug"])
    return found


def lines_of(named: Sequence[Named]) -> str:
    """The inverse of `named_from`."""
    rows = ((each["name"], each.get("description", "")) for each in named)
    return "\n".join(f"{name}: {text}" if text else name for name, text in rows)


def _named(line: str, number: int) -> Named:
    name, _, description = line.partition(":")
    name, description = name.strip(), description.strip()
    if not name:
        raise UnfitRubric(f"Line {number} has no name before its colon.")
    if len(name) > MOST_NAME or len(description) > MOST_DESCRIPTION:
        raise UnfitRubric(
            f"Line {number} is too long: at most {MOST_NAME} characters before the colon and "
            f"{MOST_DESCRIPTION} after it."
        )
    slug = slugify(name)[:50] or f"name-{number}"  # a name in a script without Latin letters
    return {"slug": slug, "name": name, "description": description}
