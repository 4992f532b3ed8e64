"""pyarrow, which the web side does without until somebody asks for Parquet."""

from __future__ import annotations

from importlib.util import find_spec

from evalhub.common.errors import ParquetNotInstalled


def must_be_installed() -> None:
    """Raise ParquetNotInstalled when pyarrow is not there."""
    if find_spec("pyarrow") is None:
        raise ParquetNotInstalled(
            "Parquet needs pyarrow, which is not installed here: in evalhub's folder, "
            'pip install -c constraints.txt -e ".[parquet]". CSV and JSONL need nothing.'
        )
