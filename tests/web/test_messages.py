"""Every text of every room is translated, and the pages say so."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import translation

from chanye.web import assets, messages


def test_every_text_is_translated_and_used() -> None:
    assert messages.report() == []


def test_collecting_sees_python_and_templates() -> None:
    found = messages.collect()
    assert ("machine state", "Running") in found
    assert ("", ("%(n)s machine", "%(n)s machines")) in found
    assert ("", "%(known)s %% of the time is known") in found
    assert ("connector option", "Devices Xml") in found
    assert (
        "",
        (
            "Quality of service asked for. 2 is not offered: with it the broker forgets a message before it is "
            "stored here."
        ),
    ) in found


@pytest.mark.parametrize("kind", ["mtconnect", "shdr", "mqtt", "file"])
def test_every_option_of_a_connector_is_asked_for_in_chinese(kind: str) -> None:
    from chanye.connectors.pages import _fields

    assets.compile_messages()
    with translation.override("zh-hans"):
        chinese = _fields(kind, {})
    with translation.override("en"):
        english = _fields(kind, {})
    assert chinese
    for one, other in zip(chinese, english, strict=True):
        assert one.label != other.label or one.label.upper() in ("QOS", "TLS")
        assert one.description != other.description


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


def test_every_name_under_which_texts_are_marked_is_known() -> None:
    """A text marked by a name that the collection does not know would never be translated."""
    marking = re.compile(r"import (?:n?p?n?gettext(?:_lazy|_noop)?) as (\w+)")
    names = {name for path in messages.SOURCE.rglob("*.py") for name in marking.findall(path.read_text("utf-8"))}
    assert names
    assert names <= set(messages.KEYWORDS)
