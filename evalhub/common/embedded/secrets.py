"""Settings that would do harm if they were wrong: the key that signs sessions, switches, numbers."""

from __future__ import annotations

from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import DataDirectory

SHORTEST_KEY = 50
FEWEST_LETTERS = 5
PLACEHOLDERS = (
    "django-insecure",
    "changeme",
    "change-me",
    "secret",
    "insecure",
    "placeholder",
    "your-",
)
MAKE_ONE = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"


def usable_secret_key(given: str, *, place: DataDirectory, private: bool) -> str:
    """`given`, or for a private instance the one in its data directory.

    Raises:
        CannotStart: none is given where one is needed, or anybody could guess it.
    """
    if not given and private:
        return place.secret_key()
    if not given:
        raise CannotStart(
            f"Set EVALHUB_SECRET_KEY: with DATABASE_URL set it has no default. {MAKE_ONE}"
        )
    if given.lower().startswith(PLACEHOLDERS):
        raise CannotStart(f"EVALHUB_SECRET_KEY is a placeholder. Make one of your own: {MAKE_ONE}")
    if len(given) < SHORTEST_KEY or len(set(given)) < FEWEST_LETTERS:
        raise CannotStart(
            f"EVALHUB_SECRET_KEY is too easily guessed: it needs {SHORTEST_KEY} characters. {MAKE_ONE}"
        )
    return given


def clearly(name: str, given: str) -> bool:
    """A switch is on when somebody clearly said so, off when unset.

    Raises:
        CannotStart: what is given means neither.
    """
    if given.lower() in {"on", "yes", "true", "1"}:
        return True
    if given.lower() in {"off", "no", "false", "0", ""}:
        return False
    raise CannotStart(f"{name} is {given!r}. Set it to on or off.")


def whole_number(name: str, given: str, *, least: int, most: int = 1_000_000_000) -> int:
    """The number that `given` says.

    Raises:
        CannotStart: it is none, or out of range.
    """
    try:
        number = int(given)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        takes = f"from {least} to {most}" if most < 1_000_000_000 else f"of {least} or more"
        raise CannotStart(f"{name} is {given!r}. Set it to a whole number {takes}.")
    return number
