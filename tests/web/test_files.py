"""Stored files over HTTP: whose they are, and that no browser runs or mistakes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chanye.kernel.settings import get_settings
from chanye.parties import actions as parties
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from spine.test_files import PNG, SVG

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def client_of(code: str) -> Client:
    firm = parties.create_organisation(actor=SYSTEM, code=code, name=code)
    person = parties.create_person(actor=SYSTEM, organisation_id=firm, username=code, name=code, role="operator")
    client = Client()
    client.force_login(Person.objects.get(pk=person))
    return client


def upload(name: str, content: bytes, media_type: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, media_type)


def test_a_picture_goes_in_and_comes_out() -> None:
    mine, other = client_of("mine"), client_of("other")
    told = mine.post("/files/", {"file": upload("首件 1.html", PNG, "text/html")})
    assert told.status_code == 201
    ref = told.json()
    assert (ref["media_type"], ref["name"]) == ("image/png", "首件 1.html")
    answer = mine.get(ref["url"], headers={"accept-encoding": "gzip"})
    assert answer.getvalue() == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("inline; filename*=utf-8''")
    assert answer["Content-Security-Policy"].endswith("sandbox")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Content-Encoding" not in answer
    assert answer["Content-Length"] == str(len(PNG))
    assert mine.get(ref["url"], headers={"if-none-match": answer["ETag"]}).status_code == 304
    assert other.get(ref["url"]).status_code == 404
    assert Client().get(ref["url"]).status_code == 404
    assert Client().post("/files/", {"file": upload("a.png", PNG)}).status_code == 404


def test_a_program_is_handed_over_not_shown() -> None:
    mine = client_of("mine")
    told = mine.post("/files/", {"file": upload("O1.html", b"<script>1</script>", "text/html"), "kind": "program"})
    answer = mine.get(told.json()["url"])
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "form",
    [
        {"file": ("a.png", SVG)},
        {"file": ("a.png", b"")},
        {"file": ("a.png", PNG), "kind": "firmware"},
        {"file": ("a.png", PNG), "kind": ["picture", "x"]},
        {"file": "text"},
        {},
    ],
)
def test_what_cannot_be_stored_is_said(form: dict[str, object]) -> None:
    sent = {key: upload(*value) if isinstance(value, tuple) else value for key, value in form.items()}
    answer = client_of("mine").post("/files/", sent, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert "what_to_do" in answer.json()


@pytest.mark.parametrize("path", ["/files/", "/api/spine/assets", "/sign-in/"])
def test_a_body_larger_than_anything_is_refused_unread(path: str) -> None:
    answer = Client().post(path, b"", content_type="text/plain", CONTENT_LENGTH=str(1 << 40))
    assert answer.status_code == 413
