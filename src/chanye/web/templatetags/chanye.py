"""Template tags and filters of the product: numbers, units, times and states in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from chanye.web import words
from chanye.web.strips import Piece, squeeze

register = template.Library()

#: One letter per state class: strips are drawn hundreds of times a page, so their marks are short.
LETTERS = {
    "running": "r",
    "setup": "s",
    "waiting": "w",
    "stopped": "x",
    "fault": "f",
    "planned_off": "o",
    "unknown": "u",
}


@register.filter
def number(value: float | None, digits: int | None = None) -> str:
    """Return ``value`` with thousands apart; without ``digits`` as many as three figures need."""
    if value is None or value != value:  # NaN is the one value that differs from itself
        return "–"
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2
    return f"{value:,.{int(digits)}f}"  # thousands by comma and a point: as charts write both languages


@register.filter
def reading(value: float | str) -> str:
    """Return a latest value: text as it is, numbers in the reader's locale."""
    return value if isinstance(value, str) else number(value)


@register.filter
def unit(code: str) -> str:
    """Return a UCUM code as people write it in the reader's language."""
    return words.unit(code)


@register.filter
def short_money(fen: float | None) -> str:
    """Return an amount with three figures: ``¥2.24 bn``, ``¥22.4亿``; a dash where it is not known."""
    return words.short_money(fen)


@register.filter
def times(value: float | None, factor: float) -> float | None:
    """Multiply, leaving None alone."""
    return None if value is None else value * float(factor)


@register.filter
def seconds(length: float | None) -> str:
    """Return a length of time given in s: ``1 h 12 min``, ``35 s``."""
    return "–" if length is None else words.duration(round(length * 1e6))


@register.filter
def item(words_by_code: Mapping[Any, Any], code: Any) -> Any:
    """Return what a mapping holds under a key, the key itself if nothing."""
    return words_by_code.get(code, code)


@register.filter
def duration(us: int | None) -> str:
    """Return a length of time given in us: ``1 h 12 min``, ``35 s``."""
    return words.duration(us)


def _local(us: int) -> datetime:
    return timezone.localtime(datetime.fromtimestamp(us / 1e6, tz=UTC))


@register.filter
def clock(us: int | None, form: str = "%H:%M:%S") -> str:
    """Return a moment (us UTC) as local time of day."""
    return "" if us is None else _local(us).strftime(form)


@register.filter
def day_end(us: int) -> str:
    """Return the hour and minute at which a window ends; midnight is the 24th hour of the day that ends."""
    text = clock(us, "%H:%M")
    return "24:00" if text == "00:00" else text


@register.filter
def shown(figure: Any) -> tuple[float | None, str]:
    """Return a figure's value and unit as people read them: thousands of W and Wh become kilo."""
    if figure.value is not None and figure.unit in ("W", "W.h") and abs(figure.value) >= 1000:
        return figure.value / 1000, "k" + figure.unit
    return figure.value, figure.unit


@register.simple_tag
def figure_html(
    figure: Any,
    label: str,
    *,
    unit: str = "",
    digits: str = "",
    factor: float | str = 1,
    href: str = "",
    when: str = "",
) -> SafeString:
    """Draw a figure with its unit and how much of the time it covers, or why it is not measured.

    Drawn once for all that look the same: of the figures of a board few change from one look to the next.
    """
    value, code = shown(figure)
    text = None if value is None else number(value * float(factor), int(digits) if digits else None)
    cover = share(round(figure.coverage, 3), 1), number(figure.coverage * 100, 0), figure.coverage >= 1
    return _figure(
        text, unit or words.unit(code), str(label), figure.why, cover, href, when, translation.get_language() or ""
    )


@lru_cache(maxsize=4096)
def _figure(  # all that is seen of a figure: the key under which it is kept
    text: str | None,
    unit: str,
    label: str,
    why: str,
    cover: tuple[str, str, bool],
    href: str,
    when: str,
    language: str,
) -> SafeString:
    context = {
        "text": text,
        "unit": unit,
        "label": label,
        "why": why,
        "share": cover[0],
        "known": cover[1],
        "full": cover[2],
        "href": href,
        "when": when,
    }
    return render_to_string("parts/figure.html", context)


@register.filter
def moment(us: int | None) -> str:
    """Return a moment (us UTC) as local date and time."""
    return "" if us is None else _local(us).strftime("%Y-%m-%d %H:%M:%S")


@register.filter
def since(us: int | None, now: int) -> str:
    """Return how long ago ``us`` was at ``now`` (both us UTC)."""
    return "" if us is None else words.duration(max(0, now - us))


# Slots for what moves with the clock, so that a drawn tile can be kept: control characters never reach a page.
_SLOT = re.compile("[\x01\x02\x03](\\d+)[\x01\x02\x03]")


@register.filter
def told_since(us: int) -> str:
    """Leave a slot that ``told`` fills with the time passed since ``us``."""
    return f"\x01{us}\x01"


@register.filter
def told_seen(number: int) -> str:
    """Leave a slot for the moment at which machine ``number`` was last heard of."""
    return f"\x02{number}\x02"


@register.filter
def told_age(number: int) -> str:
    """Leave a slot for how long ago machine ``number`` was last heard of."""
    return f"\x03{number}\x03"


@register.filter
def told(html: str, times: tuple[int, dict[int, int | None]]) -> SafeString:
    """Fill the slots of a drawn tile; ``times`` is now and, per machine, when it was last heard of (us UTC)."""
    now, seen = times

    def fill(slot: re.Match[str]) -> str:
        kind, value = slot.group()[0], int(slot.group(1))
        if kind == "\x01":
            return words.duration(max(0, now - value))
        at = seen.get(value)
        if at is None:
            return ""
        return str(at) if kind == "\x02" else words.duration(max(0, now - at))

    return mark_safe(_SLOT.sub(fill, html))  # noqa: S308  # a rendered template, filled with numbers and our own words


@register.filter
def state_name(state: str) -> str:
    """Return the word for a state class."""
    return words.state(state)


@register.filter
def known_state(state: str) -> str:
    """Return ``state`` if it is one of the seven classes, else ``unknown``: safe as part of a class name."""
    return state if state in LETTERS else "unknown"


@register.filter
def why(word: str) -> str:
    """Return the sentence for a machine word that says why something is not measured."""
    return words.why(word)


@register.filter
def share(value: float, whole: float) -> str:
    """Return ``value / whole`` as a plain decimal for style attributes, 0..1."""
    return "0" if not whole else f"{min(1.0, max(0.0, value / whole)):.5f}"


@register.filter
def at_share(us: int, window: tuple[int, int]) -> str:
    """Return where ``us`` lies in ``window`` in percent, 0..100, as a plain decimal."""
    start, end = window
    return "100" if end <= start else f"{min(100.0, max(0.0, 100 * (us - start) / (end - start))):.3f}"


@register.simple_tag
def window(start: int, end: int) -> tuple[int, int]:
    """Make a window for ``at_share``."""
    return start, end


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of the sprite in ``web/sprite.html``."""
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="#i-{}"/></svg>', size, name)


@register.simple_tag
def glyph(state: str) -> SafeString:
    """Draw the shape of a state class, so that it never depends on colour alone."""
    return format_html('<svg aria-hidden="true"><use href="#g-{}"/></svg>', known_state(state))


@register.simple_tag
def strip_svg(
    pieces: Sequence[Any], start: int, end: int, *, columns: int | str = 0, titles: bool = False
) -> SafeString:
    """Draw a state strip: rectangles in percent of the window, filled by pattern.

    ``columns`` > 0 draws at that resolution (the worst state of each column wins, so that no fault is lost).
    """
    if end <= start:
        return mark_safe("")
    drawn: Sequence[Any] = pieces
    if int(columns):
        drawn = squeeze([Piece(p.start, p.end, p.state) for p in pieces], start, end, int(columns))
    scale = 100 / (end - start)
    out: list[str] = []
    for piece in drawn:
        left, right = max(piece.start, start), min(piece.end, end)
        if right <= left:
            continue
        letter = LETTERS.get(piece.state, "u")
        head = f"<rect x={(left - start) * scale:.4g}% width={(right - left) * scale:.4g}% fill=url(#{letter})"
        if titles:
            name = getattr(piece, "text", "") or words.state(piece.state)
            text = f"{name} · {clock(left)}–{clock(right)}"
            text += f" · {words.duration(right - left)}"
            out.append(format_html("{}><title>{}</title></rect>", mark_safe(head), text))  # noqa: S308  # head is numbers and a fixed letter
        else:
            out.append(head + " />")
    return mark_safe('<svg aria-hidden="true">' + "".join(out) + "</svg>")  # noqa: S308  # numbers, fixed letters and escaped titles


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """Return the present address's query with some values changed; None or empty drops one."""
    request = context.get("request")
    params = request.GET.copy() if request is not None else {}
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = str(value)
    encoded = params.urlencode() if hasattr(params, "urlencode") else ""
    return f"?{encoded}" if encoded else "?"


@register.simple_tag
def ticking_words() -> SafeString:
    """Give the browser's ticking clock the words the server uses."""
    return format_html(
        'data-words-d="{}" data-words-h="{}" data-words-m="{}" data-words-s="{}"', *words.duration_forms()
    )


@register.simple_tag
def html_lang() -> str:
    """Return the BCP 47 tag of the page."""
    return "zh-Hans" if (translation.get_language() or "").startswith("zh") else "en"
