"""What may go wrong that is not a bug."""


class InputError(ValueError):
    """The spec or the data is wrong; the sentence names the place and the remedy for the person who asked.

    `code` names the finding that it is, where it is one of training.findings.
    """

    def __init__(self, sentence: str, *, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code


class NonFinite(InputError):
    """A loss or a gradient was not a number; the last good checkpoint is kept."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, code="not_finite")


class Interrupted(Exception):
    """The run was told to stop, or its worker is gone. It can go on from its last checkpoint."""
