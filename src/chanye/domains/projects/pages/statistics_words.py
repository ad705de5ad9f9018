"""Words and figures of the statistics, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from chanye.domains.projects.figures import chinese
from chanye.domains.projects.types.statistics import IndicatorRef

SIZE_WORDS = {
    "large": pgettext_lazy("size of a firm", "large"),
    "medium": pgettext_lazy("size of a firm", "medium"),
    "small": pgettext_lazy("size of a firm", "small"),
    "micro": pgettext_lazy("size of a firm", "micro"),
}
STAGE_WORDS = {
    "first": pgettext_lazy("return", "first figure"),
    "revised": pgettext_lazy("return", "revised"),
    "final": pgettext_lazy("return", "final"),
    "missing": pgettext_lazy("return", "not reported"),
}
STAGE_TONES = {"first": "setup", "revised": "waiting", "final": "running", "missing": "unknown"}
KIND_WORDS = {
    "flow": gettext_lazy("of the month"),
    "stock": gettext_lazy("at the end of the month"),
    "ratio": gettext_lazy("ratio"),
    "cumulative": gettext_lazy("since January"),
}
MEASURE_WORDS = {
    "level": pgettext_lazy("target", "level"),
    "growth": pgettext_lazy("target", "growth of the same scope"),
}
METHOD_WORDS = {
    "ratio": gettext_lazy("missing firms at their figure of a year before times the growth of those that reported"),
    "carried": gettext_lazy("all firms at their figure of a year before times the growth of the month before"),
}


def name_of(one: IndicatorRef) -> str:
    """Return the name of an indicator."""
    return one.name if chinese() else one.name_en


def sparkline(points: tuple[tuple[str, float | None], ...], width: int = 96, height: int = 24) -> str:
    """Return the path of a small line through points in time; what is unknown breaks it."""
    known = [value for _month, value in points if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(*known, 0.0), max(*known, 0.0)
    spread = (high - low) or 1.0
    step = width / max(1, len(points) - 1)
    path, pen = [], "M"
    for i, (_month, value) in enumerate(points):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{i * step:.1f} {height - 2 - (value - low) / spread * (height - 4):.1f}")
        pen = "L"
    return "".join(path)
