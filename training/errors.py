"""What may go wrong that is not a bug."""


class InputError(ValueError):
    """The spec or the data is wrong; the sentence names the place and the remedy for the person who asked."""


class NonFinite(InputError):
    """A loss or a gradient was not a number; the last good checkpoint is kept."""


class Interrupted(Exception):
    """The run was told to stop, or its worker is gone. It can go on from its last checkpoint."""
