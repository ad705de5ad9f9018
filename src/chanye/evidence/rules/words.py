"""Why something could be measured or not, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: Name of a gate or reason of the engines -> what it means that it does not hold; with what was found and the limit.
REASONS: dict[str, str | Promise] = {
    "baseline_length": gettext_lazy("The baseline has %(found)s days; it takes %(limit)s."),
    "length_since": gettext_lazy("Since the upgrade there are %(found)s days; it takes %(limit)s."),
    "baseline_known": gettext_lazy("Of the baseline only %(share)s of the days are known; it takes %(part)s."),
    "known_since": gettext_lazy("Since the upgrade only %(share)s of the days are known; it takes %(part)s."),
    "distinct_values": gettext_lazy(
        "The meter shows hardly ever another value (%(share)s of them differ): it looks stuck."
    ),
    "longest_still": gettext_lazy("The meter stood still over %(share)s of the baseline: it looks stuck."),
    "unexplained": gettext_lazy(
        "The baseline leaves %(share)s of the mean unexplained: name normalisers, or measure something steadier."
    ),
    "outside_baseline": gettext_lazy(
        "On %(share)s of the days the conditions were outside of what the baseline has seen."
    ),
    "size": gettext_lazy(
        "Production lies %(share)s beyond every month of the baseline, at most %(part)s may be: the plant has another"
        " size, compare it with other plants."
    ),
    "excluded": gettext_lazy("Events take out %(share)s of the days since the upgrade; at most %(part)s may be."),
    "controls": gettext_lazy("There are %(found)s plants to compare with; it takes %(limit)s."),
    "blocks": gettext_lazy("There are too few whole months or weeks before or since the upgrade."),
    "model": gettext_lazy(
        "The baseline cannot be fitted: its days do not tell its columns apart, or add up to nothing."
    ),
    "interval": gettext_lazy("The plants to compare with are too few or too restless for an interval."),
    "inputs": gettext_lazy(
        "There are no days to measure with: check that the asset has the series the measure needs."
    ),
}


def percent(value: float) -> str:
    """Return a share as text with one decimal."""
    return f"{100 * value:.1f} %"


def reason_words(reason: Mapping[str, object]) -> str:
    """Return one reason in words; ``reason`` holds name, found and limit."""
    found, limit = (float(str(reason.get(name) or 0)) for name in ("found", "limit"))
    words = str(REASONS.get(str(reason["name"]), reason["name"]))
    return words % {"found": f"{found:.0f}", "limit": f"{limit:.0f}", "share": percent(found), "part": percent(limit)}


def why(
    verdict: str, reasons: Sequence[Mapping[str, object]], *, claim: float, lower: float | None, upper: float | None
) -> str:
    """Return in words what a verdict rests on."""
    if lower is None or upper is None or verdict == "not_measurable":
        return " ".join(reason_words(one) for one in reasons)
    if verdict == "confirmed":
        return _("An effect is shown, and the claim of %(claim)s lies within what the data allow.") % {
            "claim": percent(claim)
        }
    if lower <= 0:
        return _("No effect is shown: the interval holds zero.") if upper >= 0 else _("It has become worse.")
    return _("An effect is shown, but the claim of %(claim)s lies above the interval.") % {"claim": percent(claim)}
