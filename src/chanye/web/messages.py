"""Translations: collect every msgid of all rooms, tell what is missing or unused, keep the ``.po`` in order.

Texts are found where they are written: in Python by babel, in templates by Django's ``templatize``, so that
nothing has to be run and no extra program is needed.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po

from chanye.web.assets import LOCALE

SOURCE = Path(__file__).parent.parent
CATALOGUE = LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"
KEYWORDS: Any = {
    "_": None,
    "_l": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
Key = tuple[str, str | tuple[str, ...]]
HEADER = "# Chinese (simplified) for chanye.\n"


def _sources() -> Iterator[tuple[Path, bytes]]:
    """Yield every file with texts, as Python code."""
    from django.utils.translation.template import templatize

    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, path.read_bytes()
    for path in sorted(SOURCE.rglob("templates/**/*.html")):
        yield path, templatize(path.read_text(encoding="utf-8"), origin=str(path)).encode()


def collect() -> dict[Key, str]:
    """Return every text of the product: (context, msgid or (singular, plural)) -> the file it was first seen in."""
    found: dict[Key, str] = {}
    for path, code in _sources():
        # babel asks for a mapping of keywords and gives (line, function, message or messages, comments)
        calls: Any = extract_python(io.BytesIO(code), KEYWORDS, (), {"encoding": "utf-8"})
        for _line, name, message, _comments in calls:
            parts = [part for part in (message if isinstance(message, tuple | list) else (message,)) if part]
            context = parts.pop(0) if "pgettext" in name and parts else ""
            if not parts:
                continue
            plural = name.startswith("n") and len(parts) > 1
            key: Key = (context, (parts[0], parts[1]) if plural else parts[0])
            found.setdefault(key, str(path.relative_to(SOURCE)))
        if "connectors" in path.parts and path.suffix == ".py":
            for key in _option_texts(code):
                found.setdefault(key, str(path.relative_to(SOURCE)))
    return found


def _option_texts(code: bytes) -> Iterator[Key]:
    """Yield label and description of each option of a connector: pydantic fields of a class called ``…Options``."""
    for one in ast.walk(ast.parse(code)):
        if not isinstance(one, ast.ClassDef) or not one.name.endswith("Options"):
            continue
        for field in one.body:
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.value, ast.Call):
                continue
            yield "connector option", ast.unparse(field.target).replace("_", " ").title()
            for word in field.value.keywords:
                if word.arg == "description" and isinstance(word.value, ast.Constant):
                    yield "", str(word.value.value)


def read() -> Catalog:
    """Return the present translation file, an empty one if there is none."""
    if not CATALOGUE.exists():
        return Catalog(locale="zh_Hans", domain="django", charset="utf-8", fuzzy=False)
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans", domain="django", abort_invalid=True)


def _present(catalogue: Catalog) -> dict[Key, Any]:
    messages: Any = catalogue  # babel's ids are str or, with a plural, tuple
    return {(message.context or "", message.id): message.string for message in messages if message.id}


def report() -> list[str]:
    """Return one line per text that is not translated, translated but used nowhere, or marked fuzzy."""
    wanted, catalogue = collect(), read()
    present = _present(catalogue)
    lines = []
    for key, where in wanted.items():
        string = present.get(key, "")
        filled = bool(string) and all(string if isinstance(string, list | tuple) else [string])
        if not filled:
            lines.append(f"not translated: {key[1]!r} ({where})")
    lines += [f"used nowhere: {key[1]!r}" for key in present if key not in wanted]
    lines += [f"fuzzy: {message.id!r}" for message in catalogue if message.id and message.fuzzy]
    return lines


def update() -> list[str]:
    """Write the translation file anew: every text of the product once, grouped by file, what was translated kept."""
    wanted, present = collect(), _present(read())
    fresh = Catalog(
        locale="zh_Hans",
        domain="django",
        charset="utf-8",
        fuzzy=False,
        header_comment=HEADER.strip(),
        project="chanye",
    )
    for key, where in sorted(wanted.items(), key=lambda item: (item[1], str(item[0]))):
        fresh.add(key[1], present.get(key) or None, locations=[(where, 0)], context=key[0] or None)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    write_po(buffer, fresh, width=118, include_lineno=False, omit_header=False)
    # No dates: the file changes only when a text does.
    noise = (
        '"POT-Creation-Date:',
        '"PO-Revision-Date:',
        '"Last-Translator:',
        '"Language-Team:',
        '"Report-Msgid-Bugs-To:',
    )
    text = "\n".join(line for line in buffer.getvalue().decode().split("\n") if not line.startswith(noise))
    CATALOGUE.write_text(text, encoding="utf-8")
    return [line for line in report() if not line.startswith("used nowhere")] or ["complete"]
