"""The machine board in a real browser."""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"desk": (1440, 900), "laptop": (1280, 800), "phone": (390, 844)}
#: How a page is looked at: each size, language and theme; every mixture of them only where pictures are taken.
LOOKS = [
    ("desk", "zh-hans", "light"),
    ("laptop", "en", "dark"),
    ("phone", "zh-hans", "dark"),
    ("phone", "en", "light"),
]
if os.environ.get("CHANYE_SCREENSHOTS"):
    LOOKS = list(itertools.product(SIZES, ["zh-hans", "en"], ["light", "dark"]))


def check_calm(watched: Any) -> None:
    """No console errors, nothing wider than the screen, nothing that jumps."""
    page = watched.page
    assert watched.errors == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate("window.shift") < 0.005  # a clock that grows a digit may nudge itself, nothing else moves


def test_board_everywhere(plant: Any, visit: Any) -> None:
    site = plant(13).site_id
    for size, language, theme in LOOKS:
        watched = visit(f"/sites/{site}/", SIZES[size], language, theme)
        watched.page.wait_for_timeout(300)
        watched.picture(f"board-{size}-{language}-{theme}")
        drawn = watched.page.evaluate(
            "[...document.querySelectorAll('.strip')].map(strip => strip.querySelectorAll('rect').length)"
        )
        assert len(drawn) == 13
        assert min(drawn) >= 1
        check_calm(watched)


def test_empty_board(plant: Any, visit: Any) -> None:
    site = plant(0).site_id
    for size, pixels in SIZES.items():
        watched = visit(f"/sites/{site}/", pixels)
        watched.picture(f"board-empty-{size}")
        check_calm(watched)


@pytest.mark.parametrize("machines", [6, 24, 60])
def test_wall_needs_no_scrolling(plant: Any, visit: Any, machines: int) -> None:
    site = plant(machines).site_id
    for size in ((1920, 1080), (1080, 1920)):
        watched = visit(f"/sites/{site}/?wall=1", size, "zh-hans", "dark")
        watched.page.wait_for_timeout(200)
        watched.picture(f"wall-{machines}-{size[0]}")
        check_calm(watched)
        assert watched.page.locator(".tile").count() == machines
        low = watched.page.evaluate(
            "Math.max(...[...document.querySelectorAll('.tile')].map(t => t.getBoundingClientRect().bottom))"
        )
        assert low <= size[1]
        cut = watched.page.evaluate(
            "[...document.querySelectorAll('.tile-in')].filter(t => t.scrollHeight > t.clientHeight + 1).length"
        )
        assert cut == 0
