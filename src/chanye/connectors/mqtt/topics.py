"""Topic patterns with named fields, and paths into a JSON payload; both are parsed once, when rules are read.

A pattern is an MQTT topic filter in which a level may hold one ``{name}``: ``factory/{asset}/line-{line}/meter``.
``{_}`` and ``+`` match any level without a name; ``#`` at the end matches the rest (MQTT 3.1.1, 4.7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_TOPIC = 65_535
_FIELD = re.compile(r"\{([^{}/]*)\}")
_NAME = re.compile(r"[^\W\d]\w*")
_STEP = re.compile(r"\.([^.\[\]'\"\s]+)|\[(\d{1,6})\]|\[(\*)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
#: What neither a tag nor an asset may be called: white space, wildcards, control characters, path signs.
_BAD_NAME = re.compile(r"[\s+#>*/\x00-\x1f\x7f\ud800-\udfff]|^\$|^\.+$")

Path = tuple[str | int | None, ...]
"""Steps into a JSON value: a key, an index, or None for every element."""


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """A compiled pattern.

    Parameters
    ----------
    filter
        The MQTT topic filter to subscribe to.
    regex
        Matches whole topics, with a group per named field.
    template
        The pattern with its fields, for ``str.format``-free filling: alternating text and field name.
    """

    text: str
    filter: str
    regex: re.Pattern[str]
    fields: tuple[str, ...]

    def match(self, topic: str) -> dict[str, str] | None:
        """Return the named fields of a topic, or None if the pattern does not match it."""
        if topic.startswith("$") and not self.text.startswith("$"):
            return None  # a wildcard in front never matches the broker's own topics
        found = self.regex.fullmatch(topic)
        return None if found is None else found.groupdict()

    def fill(self, fields: dict[str, str]) -> str:
        """Return the pattern with its fields replaced; unnamed levels stay ``+``."""
        return fill(self.text, fields)


def fill(text: str, fields: dict[str, str]) -> str:
    """Replace ``{name}`` by its field; an unknown or unnamed one becomes ``+``."""
    return _FIELD.sub(lambda found: fields.get(found[1], "+"), text)


def field_names(text: str) -> list[str]:
    """Return the names of the fields in a template, in order, without ``_``."""
    return [name for name in _FIELD.findall(text) if name != "_"]


def parse_pattern(text: str) -> TopicPattern:
    """Compile a topic pattern.

    Raises
    ------
    ValueError
        It is not a valid topic filter; the message says what to change.
    """
    if not text or len(text.encode("utf-8", "surrogatepass")) > LONGEST_TOPIC:
        raise ValueError("A topic has 1 to 65,535 bytes: write at least one level.")
    if re.search(r"[\x00\ud800-\udfff]", text):
        raise ValueError("A topic must not hold the character U+0000 or half a surrogate pair: remove it.")
    if text.startswith("$share/"):
        raise ValueError("Write the topic itself, without $share/<group>/: the connection is its only reader.")
    levels = text.split("/")
    filters, regexes, names = [], [], list[str]()
    for place, level in enumerate(levels):
        if level == "#":
            if place != len(levels) - 1:
                raise ValueError(f"# must be the last level of {text!r}: use + or {{name}} for a level in between.")
            filters.append("#")
            regexes.append("#")
            continue
        names += field_names(level)
        filters.append(_level_filter(level, text))
        regexes.append(_level_regex(level))
    if len(set(names)) != len(names):
        raise ValueError(f"A field occurs twice in {text!r}: give each level a name of its own.")
    regex = "/".join(regexes)
    if regexes[-1] == "#":  # a/# also matches a itself
        regex = regex[:-2] + "(?:/.*)?" if len(regexes) > 1 else ".*"
    return TopicPattern(text, "/".join(filters), re.compile(regex, re.DOTALL), tuple(names))


def _level_filter(level: str, text: str) -> str:
    found = _FIELD.findall(level)
    rest = _FIELD.sub("", level)
    if "{" in rest or "}" in rest:
        raise ValueError(f"The braces of {level!r} in {text!r} are not in pairs: write {{name}}.")
    if len(found) > 1:
        raise ValueError(f"{level!r} in {text!r} has two fields: a level may have one.")
    if found and not _NAME.fullmatch(found[0]):
        raise ValueError(f"{found[0]!r} in {text!r} is not a name: use letters, digits and _.")
    if "#" in rest or ("+" in rest and level != "+"):
        raise ValueError(f"+ and # must stand alone between slashes, not as in {level!r} of {text!r}.")
    return "+" if found or level == "+" else level


def _level_regex(level: str) -> str:
    if level == "+":
        return "[^/]*"
    text, place = "", 0
    for found in _FIELD.finditer(level):
        text += re.escape(level[place : found.start()])
        text += "[^/]*" if found[1] == "_" else f"(?P<{found[1]}>[^/]+)"
        place = found.end()
    return text + re.escape(level[place:])


def is_name(text: str) -> bool:
    """Tell whether a text from a topic or payload may name an asset or a tag."""
    return 0 < len(text) <= 100 and _BAD_NAME.search(text) is None


def parse_path(text: str) -> tuple[bool, Path]:
    """Parse ``$.a.b[0]['c d']``; return whether it starts at the whole payload (``$$``) and its steps.

    Raises
    ------
    ValueError
        It is not such a path.
    """
    whole = text.startswith("$$")
    if not text.startswith("$"):
        raise ValueError(f"The path {text!r} must start with $, which is the payload, e.g. $.power_kw.")
    rest = text[2 if whole else 1 :]
    steps: list[str | int | None] = []
    place = 0
    while place < len(rest):
        found = _STEP.match(rest, place)
        if found is None:
            raise ValueError(f"The path {text!r} breaks at {rest[place:]!r}: write $.name, $[0] or $['a name'].")
        name, index, star, single, double = found.groups()
        if star:
            steps.append(None)
        elif index is not None:
            steps.append(int(index))
        else:
            steps.append(next(key for key in (name, single, double) if key is not None))
        place = found.end()
    return whole, tuple(steps)
