"""The form of a plan: what was typed, read as a draft."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from chanye.evidence.types import AssetMeasures, PlanDraft, PlanRef
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import from_us, now_us, to_us

ZONE = "Asia/Shanghai"


def day_of(moment: int, timezone: str) -> str:
    """Return the local day of a moment as a date field holds it."""
    return f"{from_us(moment, ZoneInfo(timezone)):%Y-%m-%d}"


def first_of(plan: PlanRef) -> dict[str, Any]:
    """Return the fields of a form that shows a plan."""
    draft = plan.draft
    last = from_us(draft.baseline_end, ZoneInfo(plan.timezone)) - timedelta(days=1)
    return {
        "title": draft.title,
        "controls": draft.controls,
        "asset": str(plan.asset_id),
        "measure": draft.measure,
        "upgrade_kind": draft.upgrade_kind,
        "method": draft.method,
        "first": day_of(draft.baseline_start, plan.timezone),
        "last": f"{last:%Y-%m-%d}",
        "claim": f"{100 * draft.claim:g}",
        "months": ", ".join(map(str, draft.months)),
        "confidence": f"{100 * draft.confidence:g}",
        "one_sided": f"{100 * draft.one_sided:g}",
    }


class PlanForm:
    """What was typed into the form of a plan.

    Parameters
    ----------
    values
        Of the form, by name.
    assets
        What can be measured where.
    plan
        The plan that is changed or acted on, None for a new one.
    """

    def __init__(
        self, values: Mapping[str, Any], assets: Sequence[AssetMeasures], plan: PlanRef | None = None
    ) -> None:
        self._values, self.assets, self.plan = values, assets, plan
        self.asset_ids = {one.asset_id: one for one in assets}
        self.timezone = plan.timezone if plan else ZONE
        self.fault = ""

    def text(self, name: str, default: str = "") -> str:
        """Return a field as it was typed."""
        return str(self._values.get(name) or default).strip()

    @property
    def shown(self) -> dict[str, str]:
        """What the fields show: what was typed, else what is usual."""
        yesterday = from_us(now_us(), ZoneInfo(self.timezone)).date() - timedelta(days=1)
        usual = {
            "first": f"{yesterday - timedelta(days=364)}",
            "last": f"{yesterday}",
            "claim": "10",
            "months": "6, 12",
            "confidence": "90",
            "one_sided": "68",
            "method": "baseline",
            "upgrade_kind": "equipment",
            "measure": self._measures()[0] if self._measures() else "",
            "asset": str(next(iter(self.asset_ids), "")),
            "key": secrets.token_hex(8),
            "title": "",
            "office": "",
        }
        return {name: self.text(name, value) for name, value in usual.items()}

    def _measures(self) -> tuple[str, ...]:
        number = self.text("asset")
        chosen = self.asset_ids.get(int(number)) if number.isascii() and number.isdigit() else None
        chosen = chosen or next(iter(self.asset_ids.values()), None)
        return chosen.measures if chosen else ()

    def number(self, name: str) -> int:
        """Return a whole number above zero.

        Raises
        ------
        ConfigError
            If it is none.
        """
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and 0 < len(text) < 16):
            raise ConfigError(_("Choose from the list."))
        return int(text)

    def asset_id(self) -> int:
        """Return the asset chosen, the first one if none was."""
        return self.number("asset") if self.text("asset") else next(iter(self.asset_ids), 0)

    def office_id(self) -> int | None:
        """Return the office the plan is given to, None for none."""
        return self.number("office") if self.text("office") else None

    def day(self, name: str, *, after: bool = False) -> int:
        """Return the beginning of a local day, ``after``: of the day after it. [us UTC].

        Raises
        ------
        ConfigError
            If it is no date.
        """
        try:
            found = date.fromisoformat(self.text(name) or self.shown.get(name, ""))
            found += timedelta(days=int(after))
        except (ValueError, OverflowError):
            raise ConfigError(_("Choose a date.")) from None
        if not 1970 < found.year < 2100:
            raise ConfigError(_("Choose a date."))
        return to_us(datetime(found.year, found.month, found.day, tzinfo=ZoneInfo(self.timezone)))

    def share(self, name: str) -> float:
        """Return a percentage as a share.

        Raises
        ------
        ConfigError
            If it is no number.
        """
        try:
            return float(self.shown[name].replace("%", "")) / 100
        except ValueError:
            raise ConfigError(_("Type a percentage, such as 12.")) from None

    def claim(self) -> float | None:
        """Return the claim, None if it cannot be read."""
        try:
            return self.share("claim")
        except ConfigError:
            return None

    def months(self) -> tuple[int, ...]:
        """Return the months after which is measured.

        Raises
        ------
        ConfigError
            If they are no numbers.
        """
        parts = self.shown["months"].replace("、", ",").replace("，", ",").split(",")
        if not all(part.strip().isascii() and part.strip().isdigit() and len(part.strip()) < 4 for part in parts):
            raise ConfigError(_("Type months such as 6, 12."))
        return tuple(int(part) for part in parts)

    def look(self) -> PlanDraft:
        """Return what is needed to look at the baseline."""
        shown = self.shown
        return PlanDraft(
            title=shown["title"],
            measure=shown["measure"],
            upgrade_kind=shown["upgrade_kind"],
            method=shown["method"],
            baseline_start=self.day("first"),
            baseline_end=self.day("last", after=True),
            claim=self.claim() or 0.0,
            confidence=self.share("confidence"),
            one_sided=self.share("one_sided"),
            months=self.months(),
        )

    def draft(self, normalisers: tuple[str, ...]) -> PlanDraft:
        """Return the draft that was typed, what the form does not show as it was.

        Raises
        ------
        ConfigError
            Naming what cannot be read.
        """
        self.share("claim")
        held = self.plan.draft if self.plan else None
        return replace(
            self.look(),
            normalisers=normalisers,
            controls=self.controls(),
            exclusions=held.exclusions if held else (),
        )

    def controls(self) -> tuple[int, ...]:
        """Return the assets ticked to compare with."""
        values = self._values
        ticked = values.getlist("controls") if isinstance(values, QueryDict) else values.get("controls", ())
        return tuple(int(one) for one in ticked if str(one).isascii() and str(one).isdigit() and len(str(one)) < 16)
