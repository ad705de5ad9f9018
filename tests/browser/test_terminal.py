"""The operator terminal in a browser: one tap books once, with and without a network, and says which it was."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from playwright.sync_api import Page, expect

from chanye.domains.factory.models import Booking
from chanye.parties.models import Membership, Person
from mes_kit import Mes

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mes() -> Mes:
    person = Person.objects.create(pk=1, username="li", name="李师傅")
    made = Mes()
    Membership.objects.create(person=person, organisation=made.firm, role="operator")
    return made


def until(holds: Callable[[], Any], seconds: float = 8.0) -> Any:
    """Wait until something holds and return it."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OperationalError):  # the server shares these records and is writing
            if found := holds():
                return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def tablet(visit: Any, mes: Mes) -> Iterator[Any]:
    """Return ``open(path)``: a tablet at the mill; the service worker has taken over when it is asked for."""

    def go(
        path: str = "/terminal/mes-mill/", *, worker: bool = False, size: tuple[int, int] = (1280, 800), **more: Any
    ) -> Any:
        watched = visit(path, size, **more)
        if worker:
            watched.page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
        return watched

    return go


def tap(page: Page, name: str, **more: Any) -> None:
    page.get_by_role("button", name=name, **more).first.click()


def booked(page: Page) -> None:
    """Wait until nothing waits on the tablet."""
    expect(page.locator("[data-link=fine] [data-count]")).to_have_text("全部已报工")


def test_a_tap_starts_counts_and_finishes(tablet: Any, mes: Mes) -> None:
    order = mes.order("W-1", 4)
    watched = tablet()
    page = watched.page
    expect(page.get_by_role("button", name="开工")).to_be_visible()
    watched.picture("terminal-list")
    tap(page, "开工")
    expect(page.locator("[data-said=booked]")).to_be_visible()
    watched.picture("terminal-run")
    page.get_by_role("button", name="+1").dblclick()  # one finger, two taps
    expect(page.locator("[data-good]")).to_have_text("1")
    tap(page, "报废")
    watched.picture("terminal-scrap")
    tap(page, "毛刺")
    tap(page, "数量")
    tap(page, "2", exact=True)
    watched.picture("terminal-number")
    tap(page, "报合格 2 件")
    expect(page.get_by_text("这里没有任务")).to_be_visible()
    booked(page)
    page.close()
    mill = until(lambda: mes.operation(order, 10))
    assert (mill.state, mill.good, mill.scrap) == ("finished", 3, 1)
    assert Booking.objects.filter(kind="output").count() == 3
    assert watched.errors == []
