"""Money: whole fen as ``int`` (1 yuan = 100 fen). There is no float anywhere on the way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from chanye.kernel.errors import ConfigError

#: Digits with or without groups of three, up to any number of decimals.
_AMOUNT = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?", re.ASCII)
_SCALES = (("亿元", 10**8), ("万元", 10**4), ("亿", 10**8), ("万", 10**4), ("元", 1))
_LONGEST = 40


def parse_money(text: str) -> int:
    """Return an amount that a person typed, in fen: ``1,234.5``, ``¥12``, ``3.2万元``, ``1.5亿``, ``CNY 7``.

    Raises
    ------
    ConfigError
        If it is not an amount or not a whole number of fen; nothing is rounded.
    """
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").replace("−", "-")
    plain = re.sub(r"^([+-]?)(?:CNY|RMB|¥|元)", r"\1", plain, flags=re.IGNORECASE)
    scale = 1
    for word, times in _SCALES:
        if plain.endswith(word):
            plain, scale = plain.removesuffix(word), times
            break
    found = _AMOUNT.fullmatch(plain) if len(plain) <= _LONGEST else None
    if found is None:
        raise ConfigError(f"{text[:40]!r} is not an amount: write it like 1234.50, 1,234.50 or 3.2万元.")
    sign, whole, decimals = found.groups()
    number = Fraction(f"{whole.replace(',', '')}.{decimals or 0}") * scale * 100
    if number.denominator != 1:
        raise ConfigError(f"{text[:40]!r} has parts of a fen: write at most two decimals of a yuan.")
    return -int(number) if sign == "-" else int(number)


def format_money(fen: int, language: str = "en") -> str:
    """Return fen as ``¥1,234.50``; in Chinese round amounts from ten thousand yuan as ``¥3.2万`` or ``¥1.5亿``.

    The short form is used only where it loses nothing with at most two decimals.
    """
    sign, amount = ("-" if fen < 0 else ""), abs(fen)
    if language.lower().startswith("zh"):
        for word, yuan in (("亿", 10**8), ("万", 10**4)):
            step = yuan  # yuan / 100 is the value of the second decimal; in fen that is yuan * 100 / 100
            if amount >= yuan * 100 and amount % step == 0:
                whole, rest = divmod(amount // step, 100)
                return f"{sign}¥{whole:,}{f'.{rest:02d}'.rstrip('0') if rest else ''}{word}"
    return f"{sign}¥{amount // 100:,}.{amount % 100:02d}"


def allocate(fen: int, weights: Sequence[int]) -> list[int]:
    """Return ``fen`` split by weights so that the parts add up exactly (largest remainder, Hamilton's method).

    Each part is its exact share rounded down or up; equal remainders go to the earlier part.

    Parameters
    ----------
    fen
        Any amount, negative too. [fen]
    weights
        Whole, not negative, at least one positive: shares, areas, counts.

    Raises
    ------
    ConfigError
        If the weights cannot share anything.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ConfigError("The weights of an allocation must be zero or more, and one of them more than zero.")
    sign, amount = (-1 if fen < 0 else 1), abs(fen)
    parts = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    order = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
