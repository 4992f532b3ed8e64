#!/usr/bin/env python3
"""Run a command of evalhub."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    try:
        from evalhub.common.embedded.errors import CannotStart
    except ImportError as problem:
        raise SystemExit(
            f"{problem}. Is the virtual environment active? `make demo` makes one; or: "
            'pip install -c constraints.txt -e ".[train,dev]"'
        ) from problem
    from evalhub.common.command_line import run_command

    try:
        run_command(sys.argv)
    except CannotStart as problem:
        raise SystemExit(f"evalhub cannot start: {problem}") from problem


if __name__ == "__main__":
    main()
