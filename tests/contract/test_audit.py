"""Every write that somebody makes leaves a line in the audit log, read from the source of the services.

A service is a public function with `by`, the person it acts for; it leaves a line where it calls
`record`, or something that does. What it calls is known by its name, so a name that some function has
which leaves none counts for nothing.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from django.conf import settings

EVALHUB = Path(settings.BASE_DIR) / "evalhub"
WRITERS = (
    "services",
    "drafts",
    "intake",
    "carrying",
    "invitations",
    "roster",
    "pausing",
    "starting",
)
RECORDS = {"record", "record_of"}

# Rows that are the line themselves: who and when stand in them, and nobody changes or deletes them.
ARE_THE_LINE = {
    "campaigns/services/flags.py:raise_flag",
    "campaigns/services/guidelines.py:accept_guidelines",
    "judgments/services/revise.py:revise_judgment",
    "evaluation/services.py:note_looks",
}
ELSEWHERE = {
    "browse/services.py:act_on",  # the service of each row leaves one
    "followups/services.py:start_follow_up",  # by `note`, which is another function in other files
    "judgments/services/verdict.py:store_verdict",  # quality's, which calls it
    "loops/starting.py:new_round",  # start_round and deciding, which call it
    "registry/services.py:tell_read",  # writes nothing
}

Function = tuple[str, str]  # the file below evalhub, and the name


def functions() -> dict[Function, ast.FunctionDef]:
    found = {}
    for path in sorted(EVALHUB.rglob("*.py")):
        if "migrations" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    found[path.relative_to(EVALHUB).as_posix(), node.name] = node
    return found


def called_in(function: ast.FunctionDef) -> set[str]:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {call.id if isinstance(call, ast.Name) else getattr(call, "attr", "") for call in calls}


def that_leave_a_line(all_: dict[Function, ast.FunctionDef]) -> set[Function]:
    calls = {each: called_in(node) for each, node in all_.items()}
    by_name: dict[str, list[Function]] = defaultdict(list)
    for each in all_:
        by_name[each[1]].append(each)
    leave = {each for each in all_ if calls[each] & RECORDS}

    def does(name: str, file: str) -> bool:
        if (file, name) in all_:
            return (file, name) in leave
        return bool(by_name[name]) and all(each in leave for each in by_name[name])

    while more := {
        each for each in all_.keys() - leave if any(does(name, each[0]) for name in calls[each])
    }:
        leave |= more
    return leave


def is_service(function: Function, node: ast.FunctionDef) -> bool:
    file, name = function
    is_writer = any(part.removesuffix(".py") in WRITERS for part in file.split("/"))
    takes = {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}
    return is_writer and not name.startswith("_") and "by" in takes


def test_every_service_that_acts_for_somebody_leaves_a_line() -> None:
    all_ = functions()
    leave = that_leave_a_line(all_)
    services = {each for each, node in all_.items() if is_service(each, node)}
    assert len(services) > 150
    silent = {f"{file}:{name}" for file, name in services - leave}
    assert silent == ARE_THE_LINE | ELSEWHERE
