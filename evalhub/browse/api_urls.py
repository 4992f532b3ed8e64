from django.urls import path

from evalhub.browse.api import BrowseView
from evalhub.browse.choices import Kind

urlpatterns = [path(f"browse/{kind}", BrowseView.as_view(kind=kind)) for kind in Kind]
