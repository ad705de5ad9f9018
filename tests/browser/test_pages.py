"""Every other page: calm at every size, in both languages and themes."""

from __future__ import annotations

from typing import Any

import pytest

from browser.test_board import SIZES, check_calm

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATHS = {
    "sites": "/?all=1",
    "help": "/help/",
    "connections": "/connections/",
    "new-connection": "/connections/new/?kind=mtconnect",
    "calendars": "/calendars/",
    "people": "/people/",
    "audit": "/audit/",
    "tokens": "/tokens/",
    "sign-in": "/sign-in/",
    "search": "/search?q=%E8%BD%A6%E5%BA%8A",
}


@pytest.mark.parametrize("name", PATHS)
def test_page(plant: Any, visit: Any, name: str) -> None:
    plant(3)
    for size, language, theme in (("desk", "zh-hans", "light"), ("phone", "en", "dark")):
        watched = visit(PATHS[name], SIZES[size], language, theme)
        watched.picture(f"page-{name}-{size}")
        check_calm(watched)
