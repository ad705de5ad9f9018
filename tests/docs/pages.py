"""Markdown pages and their fences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<lang>[\w-]*)[^\n]*\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:)(?P<target>[^)#\s]+)")


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, text and first line in the file."""

    lang: str
    body: str
    line: int


def pages() -> list[Path]:
    """Return every Markdown page of the project."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])


def fences(page: Path) -> list[Fence]:
    """Return the fences of a page, in order."""
    text = page.read_text()
    return [Fence(m["lang"], m["body"], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def twin_of(page: Path) -> Path:
    """Return the zh-Hans twin of an English page."""
    return page.with_name(f"{page.stem}.zh-Hans.md")
