"""What an application server serves: `granian --interface wsgi evalhub.wsgi:application`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")

application = get_wsgi_application()
