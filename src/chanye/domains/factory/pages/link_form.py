"""The section of a machine's settings that says how its stops and counts are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from chanye.domains.factory.actions.downtime import configure_link
from chanye.domains.factory.queries.link_settings import LinkView, link_view
from chanye.domains.factory.rules.downtime import Sorted, sort_out
from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.spine.types import AssetRef

SECOND = 1_000_000
#: Thresholds that are shown side by side. [s]
STEPS = (30, 60, 120, 300, 600, 1800)
LONGEST = 86_400


def told(seconds: int) -> str:
    """Return whole minutes as such, else seconds: a threshold is never rounded."""
    if seconds and not seconds % 60:
        return pgettext("minutes", "%(n)s min") % {"n": seconds // 60}
    return pgettext("seconds", "%(n)s s") % {"n": seconds}


@dataclass(frozen=True, slots=True)
class Trial:
    """What one threshold [s] makes of the last 7 days; ``share`` of the greatest number of stops, 0..100."""

    threshold: int
    made: Sorted
    share: float
    here: bool

    @property
    def words(self) -> str:
        """The threshold as people say it."""
        return told(self.threshold)


@dataclass(slots=True)
class LinkForm:
    """What is set or typed, what is wrong with it, and what it would do."""

    view: LinkView
    threshold: str
    auto_book: bool
    fault: str = ""

    @property
    def seconds(self) -> int | None:
        """The threshold [s]; None if what is typed is none."""
        text = self.threshold.strip()
        known = text.isascii() and text.isdigit() and len(text) < 6
        return int(text) if known and int(text) <= LONGEST else None

    @property
    def words(self) -> str:
        """The threshold as people say it."""
        return told(self.seconds or 0)

    @property
    def effect(self) -> Sorted | None:
        """What it makes of the last 7 days; None if nothing is known of them."""
        at = self.seconds
        return None if at is None or not self.view.lost else sort_out(self.view.lost, at * SECOND)

    @property
    def trials(self) -> list[Trial]:
        """Some thresholds beside each other, the one that is typed among them."""
        if not self.view.lost:
            return []
        here = self.seconds
        steps = sorted({*STEPS, *([] if here is None else [here])})
        made = [sort_out(self.view.lost, one * SECOND) for one in steps]
        most = max(1, *(one.wanting for one in made))
        rows = zip(steps, made, strict=True)
        return [Trial(at, one, 100 * one.wanting / most, at == here) for at, one in rows]

    @property
    def changed(self) -> bool:
        """Tell whether it differs from what is stored."""
        return (self.seconds, self.auto_book) != (self.view.threshold, self.view.auto_book)

    @property
    def pieces(self) -> int:
        """Good pieces that are counted and not booked now."""
        return sum(one.good for one in self.view.waiting)


def link_form(viewer: Viewer, asset: AssetRef, sent: Mapping[str, str], *, now: int) -> LinkForm:
    """Return the section as it is stored, or as it was sent if a button of it was pressed."""
    view = link_view(viewer, asset, now=now)
    command = sent.get("do", "")
    if not command.startswith("link:"):
        return LinkForm(view, str(view.threshold), view.auto_book)
    typed = command.removeprefix("link:take:") if command.startswith("link:take:") else sent.get("threshold", "")
    form = LinkForm(view, typed.strip(), sent.get("auto_book") == "on")
    if form.seconds is None:
        form.fault = _("Write whole seconds from 0 to 86400 (24 h), e.g. 120.")
    return form


def take_link(viewer: Viewer, asset: AssetRef, form: LinkForm, command: str) -> bool:
    """Save the section if that was asked for and nothing is wrong; tell whether it was saved."""
    if command != "link:save" or form.seconds is None:
        return False
    try:
        configure_link(actor=viewer, asset_id=asset.id, threshold=form.seconds, auto_book=form.auto_book)
    except ConfigError as error:
        form.fault = str(error)
        return False
    return True
