"""Logs: one line per event, for people (`console`) or machines (`json`), and never a secret."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

LEFT_OUT = "[left out]"
SECRET_NAME = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key|dsn", re.I)
SECRET_TEXT = re.compile(r"(?i)(bearer\s+|://[^\s:/@]*:)[^\s@]+")
Event = MutableMapping[str, Any]  # structlog's own type: an event holds values of any type


def without_secrets(_logger: object, _method: str, event: Event) -> Event:
    """Leave out values whose name says that they are secret, and passwords inside URLs."""
    for key, value in event.items():
        if SECRET_NAME.search(key):
            event[key] = LEFT_OUT
        elif isinstance(value, str):
            event[key] = SECRET_TEXT.sub(rf"\1{LEFT_OUT}", value)
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    without_secrets,
]


def logging_config(*, level: str, form: str) -> dict[str, Any]:
    """The value for Django's LOGGING; the type is the one `dictConfig` takes."""
    renderer: Any = (  # the renderers share no type
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=False,
            exception_formatter=structlog.dev.plain_traceback,  # the others print local variables
        )
    )
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        last.append(structlog.processors.format_exc_info)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": "structlog.stdlib.ProcessorFormatter",
                "foreign_pre_chain": SHARED,
                "processors": [*last, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            name: {"level": "WARNING"}
            for name in (
                "celery",
                "kombu",
                "amqp",
                "fsspec",
                "asyncio",
                "urllib3",
                "django.utils.autoreload",
            )
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Django calls this with LOGGING once the settings are read."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(config)
