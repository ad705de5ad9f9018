"""Short ordered ids, and the rules for names that become part of a path, a topic or an address."""

from __future__ import annotations

import unicodedata

from chanye.kernel.errors import ConfigError

#: Crockford's base 32: no I, L, O, U, so that an id can be read out loud and sorts like its number.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

#: Not allowed in a segment, and what each would mean elsewhere: MQTT wildcards (+ #), NATS wildcards (> *),
#: path separators (/ \).
_REFUSED = {" ": "space", "+": "+", "#": "#", ">": ">", "*": "*", "/": "/", "\\": "\\"}
_LONGEST = 100


def uuid7(time_us: int, randomness: bytes) -> str:
    """Return a UUID version 7 in its usual 36 characters.

    Parameters
    ----------
    time_us
        Its moment, us UTC; the first 48 bits are milliseconds, so ids sort by time.
    randomness
        At least 10 bytes from a good source, e.g. ``secrets.token_bytes(10)``.

    Raises
    ------
    ValueError
        If the time does not fit 48 bits of milliseconds or there are fewer than 10 random bytes.

    References
    ----------
    RFC 9562, section 5.7.
    """
    number = _uuid7_number(time_us, randomness)
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def short_id(time_us: int, randomness: bytes) -> str:
    """Return the same number as ``uuid7`` in 26 letters and digits that sort by time (Crockford's base 32).

    Raises
    ------
    ValueError
        As ``uuid7``.
    """
    number = _uuid7_number(time_us, randomness)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def _uuid7_number(time_us: int, randomness: bytes) -> int:
    milliseconds = time_us // 1_000
    if not 0 <= milliseconds < 1 << 48:
        msg = f"time {time_us} us does not fit an id: it must be between 1970 and 10889"
        raise ValueError(msg)
    if len(randomness) < 10:
        msg = "an id needs 10 random bytes"
        raise ValueError(msg)
    noise = int.from_bytes(randomness[:10], "big")
    # 48 bits time | 4 bits version 7 | 12 bits random | 2 bits variant 10 | 62 bits random
    return milliseconds << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64 | 0b10 << 62 | (noise & ((1 << 62) - 1))


def check_segment(text: str, what: str = "name") -> str:
    r"""Return one segment of a path or topic in Unicode form NFC, or say what must change.

    Chinese and every other script is allowed. Refused: nothing at all, more than 100 characters, space and
    other white space, ``+ # > * / \``, control and invisible characters, a leading ``$``, ``.`` and ``..``.

    Raises
    ------
    ConfigError
        Naming the character and what to do.
    """
    name = unicodedata.normalize("NFC", text)
    shown = _shown(name)
    if not name:
        raise ConfigError(f"The {what} is empty: give it at least one letter or digit.")
    if len(name) > _LONGEST:
        raise ConfigError(f"The {what} {shown} has {len(name)} characters: use at most {_LONGEST}.")
    if name.startswith("$"):
        raise ConfigError(
            f"The {what} {shown} begins with $, which brokers keep for themselves: begin with a letter."
        )
    if name in {".", ".."}:
        raise ConfigError(f"The {what} {shown} means a folder, not a thing: use letters or digits.")
    for char in name:
        if char in _REFUSED:
            raise ConfigError(f"The {what} {shown} contains {_REFUSED[char]}: use _ or - instead.")
        if unicodedata.category(char)[0] in "CZ":
            raise ConfigError(f"The {what} {shown} contains the invisible character U+{ord(char):04X}: remove it.")
    return name


def check_path(text: str, what: str = "path") -> str:
    """Return a path of segments joined by ``/``, each checked by ``check_segment``.

    Raises
    ------
    ConfigError
        If a segment is refused.
    """
    return "/".join(check_segment(segment, what) for segment in text.split("/"))


def _shown(text: str) -> str:
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:40])
    return f"“{clean}…”" if len(text) > 40 else f"“{clean}”"
