"""Human evaluation of language models, with the training loop closed."""

from evalhub.celery import app as celery_app

__all__ = ["celery_app"]
