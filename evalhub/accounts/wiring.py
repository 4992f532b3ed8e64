from importlib import import_module


def connect() -> None:
    """Make the form of our tokens known to the API's schema."""
    import_module("evalhub.accounts.openapi")
