"""The outbox: how news travels up. Written with what happened, delivered after the commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from evalhub.jobs.bell import ring_news
from evalhub.jobs.models import News

Subscriber = Callable[[News], None]

_subscribers: defaultdict[str, list[Subscriber]] = defaultdict(list)  # filled in AppConfig.ready()


def subscribe(topic: str, subscriber: Subscriber) -> None:
    """`subscriber` may be called more than once with the same news: it must not mind."""
    if subscriber not in _subscribers[topic]:
        _subscribers[topic].append(subscriber)


def subscribers_of(topic: str) -> list[Subscriber]:
    return _subscribers.get(topic, [])


def announce(topic: str, subject_uid: UUID, **body: object) -> News:
    """Write the news in the caller's transaction; its subscribers hear of it after the commit."""
    news = News.objects.create(topic=topic, subject_uid=subject_uid, body=body)
    transaction.on_commit(lambda: ring_news(news.pk), robust=True)
    return news
