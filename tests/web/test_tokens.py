"""The colours keep their promises: WCAG 2.2 contrast of every pair that meets on a page, both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import chanye.web

CSS = Path(chanye.web.__file__).parent / "static" / "chanye"
TOKENS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", (CSS / "tokens.css").read_text()))
STATES = ("running", "setup", "waiting", "stopped", "fault", "planned_off", "unknown")


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance of an sRGB colour."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio, 1..21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the well-known near miss


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_is_readable(theme: int) -> None:
    colour = {name: pair.split(", ")[theme] for name, pair in TOKENS.items()}
    pairs = [
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "accent")
        for ground in ("paper", "surface", "raised", "sunk")
    ]
    pairs += [
        ("accent-ink", "accent"),
        ("accent", "accent-soft"),
        ("fault-mark", "surface"),
        ("fault-mark", "raised"),
    ]
    pairs += [(f"{state}-ink", f"{state}-soft") for state in STATES]
    weak = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_marks_and_edges_are_seen(theme: int) -> None:
    colour = {name: pair.split(", ")[theme] for name, pair in TOKENS.items()}
    pairs = [(f"{state}-mark", "surface") for state in STATES]
    pairs += [("line-strong", "raised"), ("focus", "paper"), ("chart-limit", "surface")]
    pairs += [(f"chart-{n}", "surface") for n in range(1, 6)]
    weak = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}


def test_components_use_tokens_only() -> None:
    text = re.sub(r"/\*.*?\*/", "", (CSS / "chanye.css").read_text(), flags=re.S)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![\w-]*\s*[{,>.:\[])", re.sub(r"#[a-z][\w-]*", "", text)) == []
    assert "rgb(" not in text
    used = set(re.findall(r"var\(--([a-z][\w-]*)", text))
    named = set(re.findall(r"--([a-z][\w-]*):", (CSS / "tokens.css").read_text()))
    set_by_pages = {"share", "now", "cols", "rows", "cols-tall", "rows-tall"}
    assert used - named - set_by_pages == set()


def test_own_javascript_stays_small() -> None:
    assert sum(len(path.read_text().splitlines()) for path in CSS.glob("*.js")) < 2000
