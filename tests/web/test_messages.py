"""Every text of every room is translated, and the pages say so."""

from __future__ import annotations

import pytest
from django.test import Client

from chanye.web import assets, messages


def test_every_text_is_translated_and_used() -> None:
    assert messages.report() == []


def test_collecting_sees_python_and_templates() -> None:
    found = messages.collect()
    assert ("machine state", "Running") in found
    assert ("", ("%(n)s machine", "%(n)s machines")) in found
    assert ("", "%(known)s %% of the time is known") in found


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/?all=1", "/help/", "/search?q=x", "/nothing-here", "/sign-in/"])
def test_chinese_pages_show_no_english(path: str) -> None:
    assets.compile_messages()
    client = Client()
    client.cookies["django_language"] = "zh-hans"
    page = client.get(path, follow=True).content.decode()
    assert 'lang="zh-Hans"' in page
    for english in (
        "Machines",
        "Sites",
        "Search",
        "Help",
        "Skip to content",
        "Reading the board",
        "There is nothing",
    ):
        assert f">{english}" not in page
        assert f'"{english}' not in page
    client.cookies["django_language"] = "en"
    assert 'lang="en"' in client.get(path, follow=True).content.decode()
