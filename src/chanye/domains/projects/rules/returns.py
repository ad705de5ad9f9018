"""What a monthly return must fulfil beside each cell being readable: rules across fields and months. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from chanye.domains.projects.types.statistics import IndicatorRef

#: Two sides of a ratio may differ by so much, beside half a step of rounding.
RATIO_SLACK = 0.005

Values = Mapping[str, int]


def check_return(
    indicators: Sequence[IndicatorRef],
    values: Values,
    last: Values | None,
    *,
    january: bool,
    reason: str,
) -> Iterator[tuple[str, str]]:
    """Yield (code of the indicator, rule) for whatever is wrong with a return.

    Parameters
    ----------
    values
        Code -> steps, as reported; what is not reported is missing.
    last
        The month before, None if it is not known.
    january
        Whether the year begins: what is counted since January starts anew.
    reason
        What the firm gives as an explanation; what is only unlikely is taken with one.
    """
    by_code = {one.code: one for one in indicators}
    for one in indicators:
        if one.code not in values:
            if one.required:
                yield one.code, _("is missing: report it, 0 if there was none")
            continue
        yield from _own(one, values[one.code], reason)
        if one.kind == "ratio":
            yield from _ratio(one, by_code, values)
        elif last is not None and one.code in last:
            yield from _against_last(one, values[one.code], last[one.code], january=january, reason=reason)


def _own(one: IndicatorRef, value: int, reason: str) -> Iterator[tuple[str, str]]:
    if value < 0 and one.kind == "stock":
        yield one.code, _("is negative: what stands at the end of a month cannot be")
    elif value < 0 and not reason:
        yield one.code, _("is negative: correct it, or say why in the column Explanation")


def _ratio(one: IndicatorRef, by_code: Mapping[str, IndicatorRef], values: Values) -> Iterator[tuple[str, str]]:
    upper, lower = by_code.get(one.numerator), by_code.get(one.denominator)
    if upper is None or lower is None or upper.code not in values or not values.get(lower.code):
        return
    expected = upper.amount(values[upper.code]) / lower.amount(values[lower.code]) * one.factor
    if abs(one.amount(values[one.code]) - expected) > 0.5 / 10**one.decimals + RATIO_SLACK * abs(expected):
        yield (
            one.code,
            _("does not fit: %(upper)s over %(lower)s is %(expected)s")
            % {"upper": upper.name, "lower": lower.name, "expected": f"{expected:.{one.decimals}f}"},
        )


def _against_last(
    one: IndicatorRef, value: int, last: int, *, january: bool, reason: str
) -> Iterator[tuple[str, str]]:
    if one.kind == "cumulative":
        if not january and value < last:
            yield (
                one.code,
                _("is less than a month before (%(last)s): what is counted since January cannot shrink")
                % {"last": f"{one.amount(last):,.{one.decimals}f}"},
            )
        return
    if reason or last == 0 or value == 0:
        return
    factor = max(abs(value), abs(last)) / min(abs(value), abs(last))
    if factor > one.jump:
        yield (
            one.code,
            _("is %(factor)s times away from a month before (%(last)s): correct it, or say why in Explanation")
            % {"factor": f"{factor:.1f}", "last": f"{one.amount(last):,.{one.decimals}f}"},
        )


def stage_of(revision: int, *, closed: bool) -> str:
    """Return how firm a figure is: ``first``, ``revised`` or ``final``."""
    if closed:
        return "final"
    return "first" if revision == 1 else "revised"


def _standard(code: str, name: str, name_en: str, unit: str, kind: str, **more: Any) -> IndicatorRef:
    return IndicatorRef(0, code, name, name_en, unit, more.pop("decimals", 2), kind, **more)


#: The indicators most offices of a district collect, in the order of the form.
STANDARD: tuple[IndicatorRef, ...] = (
    _standard("output_value", "工业总产值", "Industrial output value", "CNY", "flow"),
    _standard("revenue", "营业收入", "Revenue", "CNY", "flow"),
    _standard("investment", "工业投资", "Industrial investment", "CNY", "cumulative"),
    _standard("tax", "税金总额", "Tax", "CNY", "flow", jump=10.0),
    _standard("employees", "从业人员期末人数", "Employees", "{person}", "stock", decimals=0, jump=1.5),
    _standard("energy", "综合能源消费量", "Energy used", "{tce}", "flow", direction=-1),
    _standard(
        "energy_intensity",
        "单位产值能耗",
        "Energy per output value",
        "{tce}/{10kCNY}",
        "ratio",
        decimals=4,
        direction=-1,
        numerator="energy",
        denominator="output_value",
        factor=10_000,
        required=False,
    ),
)
