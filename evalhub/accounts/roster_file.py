"""A list of people as CSV, read without the database: what each row asks for, or what is wrong with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

from evalhub.accounts.choices import Role
from evalhub.accounts.models import User, roles_of

WORDS = ("languages", "groups", "qualifications")
COLUMNS = ("email", "pseudonym", "roles", *WORDS)
OTHER_NAMES = {"e-mail": "email", "mail": "email", "name": "pseudonym", "role": "roles"}
ROWS, LETTERS = 500, 50
_is_email = EmailValidator()


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be taken: which field, and what would make it right."""

    line: int  # of the file, from 1
    field: str
    reason: str


@dataclass(frozen=True)
class PersonRow:
    """A field of None stood in no column: of somebody who is a member it stays as it is."""

    line: int
    email: str
    pseudonym: str
    roles: list[str] | None
    words: Mapping[str, list[str] | None]


@dataclass
class RosterFile:
    rows: list[PersonRow] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_roster(text: str) -> RosterFile:
    """Read the rows; each that is wrong is a Fault, and so is a file that cannot be read at all.

    Commas, semicolons and tabs separate columns, whichever the first line has most of. Within a
    cell, words stand with commas or semicolons between them.
    """
    found = RosterFile()
    lines = _records(text)
    try:
        _line, head = next(lines, (1, []))
        names = [OTHER_NAMES.get(name, name) for name in (cell.strip().lower() for cell in head)]
        if faults := _faults_of_head(names):
            return RosterFile(faults=faults)
        for line, cells in lines:
            if len(found.rows) + len(found.faults) >= ROWS:
                told = _("A file has at most %(n)s people; put the rest into another one.") % {
                    "n": ROWS
                }
                return RosterFile(faults=[Fault(line, "", told)])
            _take(found, line, names, cells)
    except csv.Error as error:
        found.faults.append(
            Fault(1, "", _("This is no CSV that we can read: %(error)s.") % {"error": error})
        )
    if not found.rows and not found.faults:
        found.faults.append(Fault(1, "", _("No people: below the line of names stands one each.")))
    return found


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the line that it begins on."""
    first = text.lstrip("\ufeff\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(
        io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, skipinitialspace=True
    )
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _faults_of_head(names: Sequence[str]) -> list[Fault]:
    if "email" not in names:
        told = _("The first line names the columns: %(names)s. Only email has to be there.")
        return [Fault(1, "email", told % {"names": ", ".join(COLUMNS)})]
    told = _("There is no such column; there are %(names)s.") % {"names": ", ".join(COLUMNS)}
    faults = [Fault(1, name or "(empty)", told) for name in names if name not in COLUMNS]
    twice = sorted({name for name in names if names.count(name) > 1 and name in COLUMNS})
    told = _("This column is there twice; take one out.")
    return faults + [Fault(1, name, told) for name in twice]


def _take(found: RosterFile, line: int, names: Sequence[str], cells: Sequence[str]) -> None:
    if len(cells) > len(names):
        told = _(
            "The row has more cells than there are columns; put quotation marks round words with commas."
        )
        found.faults.append(Fault(line, "", told))
        return
    given = dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=True))
    row = PersonRow(
        line=line,
        email=given["email"].strip().lower(),
        pseudonym=" ".join(given.get("pseudonym", "").split()),
        roles=_words(given["roles"]) if "roles" in given else None,
        words={name: _words(given[name]) if name in given else None for name in WORDS},
    )
    faults = [*_faults_of(row), *_seen_before(row, found.rows)]
    if faults:
        found.faults.extend(faults)
    else:
        found.rows.append(row)


def _words(cell: str) -> list[str]:
    pieces = cell.replace(";", ",").split(",")
    return sorted({word for each in pieces if (word := " ".join(each.split()).lower())})


def _faults_of(row: PersonRow) -> Iterator[Fault]:
    try:
        _is_email(row.email)
        for rule in User._meta.get_field("username").validators:
            rule(row.email)
    except ValidationError:
        told = _(
            "Write one e-mail address of letters, digits and . + - _ with at most 150 characters."
        )
        yield Fault(row.line, "email", told)
    if len(row.pseudonym) > 100 or not row.pseudonym.isprintable():
        told = _("At most 100 letters, and nothing that cannot be seen.")
        yield Fault(row.line, "pseudonym", told)
    if row.roles is not None and (not row.roles or roles_of(row.roles) != _in_order(row.roles)):
        told = _("Write one or more of %(names)s.") % {"names": ", ".join(Role.values)}
        yield Fault(row.line, "roles", told)
    for name, words in row.words.items():
        if words and (len(words) > LETTERS or any(not _is_word(word) for word in words)):
            told = _("At most 50 words of 50 letters, with commas between them.")
            yield Fault(row.line, name, told)


def _is_word(word: str) -> bool:
    return len(word) <= LETTERS and word.isprintable()


def _in_order(roles: Sequence[str]) -> list[str]:
    places = {role.value: place for place, role in enumerate(Role)}
    return sorted(roles, key=lambda role: places.get(role, len(places)))


def _seen_before(row: PersonRow, rows: Sequence[PersonRow]) -> Iterator[Fault]:
    for other in rows:
        if other.email == row.email:
            told = _("Line %(line)s has this address already; take one of them out.")
            yield Fault(row.line, "email", told % {"line": other.line})
        elif row.pseudonym and other.pseudonym == row.pseudonym:
            told = _("Line %(line)s has this pseudonym already; choose another.")
            yield Fault(row.line, "pseudonym", told % {"line": other.line})
