"""Tasks by name: the harness's own, and those of the operator's folder. Data are loaded here.

A task's YAML may run Python (`!function`) and templates, so only a name is ever taken from a spec: no path,
no file of an upload. The folder is the worker's own and is named by its environment.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lm_eval import tasks as harness_tasks
from lm_eval.defaults import DEFAULT_OTHER_SEED
from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import Kind
from lm_eval.tasks._yaml_loader import load_yaml

from training.contract import EvaluateOptions
from training.environment import ALLOW_HUB_VARIABLE
from training.errors import InputError

FOLDER_VARIABLE = "EVALHUB_HARNESS_TASKS"
_OWN = Path(harness_tasks.__file__).parent  # of the harness
_UNSAFE = (
    "The harness task {name!r} runs the programs that the model writes, which is not done here: leave it out, "
    "and measure it in a sandbox of your own."
)


@dataclass(frozen=True)
class Wanted:
    """The harness's own objects, by name: tasks, and groups that are told besides.

    `digests` says how a task asks: answers to a task are only compared where it is equal.
    """

    tasks: dict[str, Any]
    groups: dict[str, Any]
    digests: dict[str, str]
    limit: int | None  # documents of each task

    @property
    def documents(self) -> int:
        return sum(min(len(each.eval_docs), self.limit or len(each.eval_docs)) for each in self.tasks.values())  # fmt: skip


def tasks_wanted(options: EvaluateOptions) -> Wanted:
    """Load the tasks, groups and tags that `options.harness` names, with their data.

    Raises:
        InputError: there is no such task, it cannot be loaded, its data are not here, or it would run
            what the model writes.
    """
    manager = _manager_of(options.harness)
    found = Wanted({}, {}, {}, options.harness_limit or None)
    for name in options.harness:
        loaded = _loaded(manager, name)
        found.tasks.update(loaded["tasks"])
        found.groups.update(loaded["groups"])
    for name, task in found.tasks.items():
        _demand_harmless(name, task)
        _give_examples(task, options.harness_shots)
        found.digests[name] = _digest_of(manager, name, task, options)
    return found


def _manager_of(names: Sequence[str]) -> TaskManager:
    """Of the folder alone where it has all of them: the harness's own are thousands of files to read."""
    folder = _folder()
    if folder is not None:
        manager = TaskManager(include_path=folder, include_defaults=False)
        if all(_is_whole(manager, name) for name in names):
            return manager
    manager = TaskManager(include_path=folder)
    for name in names:
        if name not in manager.all_tasks:
            raise InputError(_unknown(name, manager.all_tasks, folder))
    return manager


def _is_whole(manager: TaskManager, name: str) -> bool:
    """Whether a task, or a group with all that it holds, stands in the folder; tags may go beyond it."""
    entry = manager.task_index.get(name)
    if entry is None or entry.kind == Kind.TAG:
        return False
    held = (entry.cfg or {}).get("task") if entry.kind == Kind.GROUP else []
    return isinstance(held, list) and all(isinstance(each, str) and _is_whole(manager, each) for each in held)  # fmt: skip


def _folder() -> Path | None:
    given = os.environ.get(FOLDER_VARIABLE, "")
    if not given:
        return None
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"{FOLDER_VARIABLE} is {given}, and there is no such folder on the machine that measures: "
            "make it, or take the variable away."
        )
    return folder.resolve()


def _unknown(name: str, known: Sequence[str], folder: Path | None) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    told = f"lm-evaluation-harness has no task {name!r}"
    told += f", nor has {folder}" if folder else ""
    told += f"; did you mean {' or '.join(near)}?" if near else f"; a team's own tasks stand in the folder that {FOLDER_VARIABLE} names."  # fmt: skip
    broken = [fault for fault in map(_fault_of, sorted(folder.rglob("*.yaml"))) if fault] if folder else []  # fmt: skip
    return told + (f" These files there cannot be read: {'; '.join(broken)}." if broken else "")


def _fault_of(path: Path) -> str:
    """Why a YAML file is no task; the harness passes over such files without a word."""
    try:
        load_yaml(path, resolve_func=False)
    except (
        Exception
    ) as error:  # a file of somebody's own may be wrong in any way, and is named for it
        return f"{path.name} ({str(error).splitlines()[0]})"
    return ""


def _loaded(manager: TaskManager, name: str) -> dict[str, Any]:
    entry = manager.task_index.get(name)
    if entry is not None and (entry.cfg or {}).get("unsafe_code"):  # before it loads what it needs
        raise InputError(_UNSAFE.format(name=name))
    try:
        loaded: dict[str, Any] = manager.load([name])
    except ImportError as error:
        raise InputError(
            f"The harness task {name!r} needs a package that is not here ({error}); install it where runs "
            "are made."
        ) from error
    except (
        Exception
    ) as error:  # task files and data loaders may raise anything, and are named for it
        told = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"The harness task {name!r} cannot be loaded ({type(error).__name__}: {told})" + _remedy(error)
        ) from error  # fmt: skip
    return loaded


def _remedy(error: Exception) -> str:
    if not isinstance(error, OSError):
        return "; mend its YAML file, or name another task."
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return (
            f": its data are not on this machine. To download them set {ALLOW_HUB_VARIABLE}=on for the "
            "worker, or put them into the cache that HF_HOME names."
        )
    return (
        ": look whether its data are where its YAML file says, and whether the hub can be reached."
    )


def _demand_harmless(name: str, task: Any) -> None:
    if getattr(task, "UNSAFE_CODE", False):
        raise InputError(_UNSAFE.format(name=name))
    if getattr(task, "MULTIMODAL", False):
        raise InputError(f"The harness task {name!r} shows pictures or sounds, and only text is read here: leave it out.")  # fmt: skip


def _give_examples(task: Any, shots: int) -> None:
    """As the harness's own command does it, so that figures are those it tells."""
    own = task.get_config("num_fewshot")
    if shots >= 0 and own != 0:
        task.set_config(key="num_fewshot", value=shots)
    elif own is None:
        task.set_config(key="num_fewshot", value=0)
    task.set_fewshot_seed(seed=DEFAULT_OTHER_SEED)


def _digest_of(manager: TaskManager, name: str, task: Any, options: EvaluateOptions) -> str:
    """Of the task's YAML without its functions' bodies, its version, and how it is asked."""
    entry = manager.task_index.get(name)
    written = json.dumps(entry.cfg if entry else {}, sort_keys=True, default=str)
    for root in (_OWN, _folder()):  # what lies elsewhere on another machine is the same task
        written = written.replace(str(root), "") if root else written
    asked = [written, str(task.VERSION), str(task.get_config("num_fewshot")), str(options.harness_chat)]  # fmt: skip
    return hashlib.sha256("\0".join(asked).encode()).hexdigest()[:16]
