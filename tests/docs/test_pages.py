"""Links lead somewhere, translations exist and show the same commands, fences have a known language."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.pages import LINK, ROOT, fences, pages, twin_of

RUN = {"python", "bash"}
SHOWN = {"text", "json", "toml", "xml", "csv", "mermaid"}
TWINS = [
    page
    for page in pages()
    if not page.stem.endswith(".zh-Hans")
    and (page == ROOT / "README.md" or page.parent.name in ("tutorial", "howto"))
]


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_fences(page: Path) -> None:
    for match in LINK.finditer(page.read_text()):
        assert (page.parent / match["target"]).exists(), f"{page}: {match['target']} is not there"
    unknown = {fence.lang for fence in fences(page)} - RUN - SHOWN
    assert not unknown, f"{page}: fences in {unknown or '(no language)'}: run them, or show them as text"


@pytest.mark.parametrize("page", TWINS, ids=lambda p: str(p.relative_to(ROOT)))
def test_chinese_twin_shows_the_same_commands(page: Path) -> None:
    twin = twin_of(page)
    assert twin.exists(), f"{page} has no zh-Hans twin {twin.name}"
    assert [(f.lang, f.body) for f in fences(twin)] == [(f.lang, f.body) for f in fences(page)]
