"""Cells of a CSV that a spreadsheet takes for words, whatever somebody wrote into them."""


def inert(cell: str) -> str:
    """Put an apostrophe ahead of what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell
