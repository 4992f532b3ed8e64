"""Path traversal: names from outside that become paths on our disk.

The class: `../` in an export's or upload's name, absolute names, names whose prefix only looks
right (`/data/files-evil` begins with `/data/files`), static aliases (`/static../`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.utils import override_settings

from evalhub.accounts.models import Member
from evalhub.common.files import file_store
from evalhub.imports.models import Import
from tests.security.pages import shown_by
from tests.security.routes import all_routes
from tests.security.world import World

Enter = Callable[[Member], Client]

KEYS = ["../secret-key", "blobs/../../secret-key", "/etc/passwd", "..", "../files-evil/x", ""]
KEYS += ["blobs/..", "./../secret-key", "blobs//../..//secret-key", "file:///etc/passwd"]
UPWARD = [
    "../../secret-key",
    "..%2f..%2fsecret-key",
    "%2e%2e/%2e%2e/secret-key",
    "....//secret-key",
]
UPWARD += ["%2fetc%2fpasswd", "..%5c..%5csecret-key", "secret-key%00.json"]


@pytest.mark.parametrize("key", KEYS)
def test_no_key_of_the_file_store_leaves_its_root(key: str, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files-evil").mkdir()
    (tmp_path / "files-evil" / "x").write_text("not yours")
    (tmp_path / "secret-key").write_text("not yours")
    with (
        override_settings(EVALHUB_FILES=str(tmp_path / "files")),
        pytest.raises((ValueError, OSError)),
    ):
        file_store().open(key).read()
    assert (tmp_path / "secret-key").exists()


@pytest.mark.parametrize("name", ["../../evil.jsonl", "/etc/evil.jsonl", "..\\..\\evil.jsonl"])
def test_an_upload_is_stored_by_its_content_whatever_its_name(
    name: str, alice: Member, signed_in: Enter
) -> None:
    file = SimpleUploadedFile("x", b'{"id":"p","messages":[{"role":"user","content":"Why?"}]}\n')
    file._name = name  # as a hostile client sends it; Django's own setter would clean it
    words = {"kind": "prompts", "collection": "made-here", "format": "auto", "file": file}
    assert signed_in(alice).post("/w/acme/imports/new/", words).status_code == 302
    stored = Import.objects.get()
    assert "/" not in stored.filename
    assert stored.file_key.startswith("blobs/")
    assert not list(Path(settings.EVALHUB_DATA_DIR).rglob("evil.jsonl"))


def test_no_url_reads_a_file_by_a_name_that_leads_upward(
    world: World, olga: Member, signed_in: Enter
) -> None:
    client = signed_in(olga)
    key = settings.SECRET_KEY.encode()
    named = [route for route in all_routes() if {"str", "path"} & {*route.parameters.values()}]
    for route in named:
        text = next(name for name, kind in route.parameters.items() if kind in {"str", "path"})
        for url in route.opening(client, world) or route.urls(world):  # past the row to the name
            for upward in UPWARD:
                answer = client.get(url.replace(f"/{world.slugs.get(text, '1')}", f"/{upward}", 1))
                assert answer.status_code in {301, 302, 400, 404, 405, 409}, f"{url} {upward}"
                assert key not in shown_by(answer)


@pytest.mark.parametrize("path", ["/static../secret-key", *(f"/static/{each}" for each in UPWARD)])
def test_static_files_are_the_static_files_only(path: str, client: Client, db: None) -> None:
    assert client.get(path).status_code in {301, 400, 404}
