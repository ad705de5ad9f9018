"""What is kept is made once, and thrown away when it is over."""

from __future__ import annotations

import threading
import time

import pytest

from chanye.domains.factory import kept


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> None:
    kept.forget()


def test_many_that_ask_at_once_make_it_once() -> None:
    made: list[int] = []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return 7

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(kept.keep(make, "a", seconds=5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, made) == ([7] * 8, [1])


def test_it_is_made_anew_when_it_is_over_and_after_a_failure() -> None:
    made: list[int] = []
    for _ in range(2):
        kept.keep(lambda: made.append(1), "a", seconds=0)
        time.sleep(0.001)
    assert len(made) == 2
    with pytest.raises(ZeroDivisionError):
        kept.keep(lambda: 1 // 0, "b", seconds=5)
    assert kept.keep(lambda: 3, "b", seconds=5) == 3


def test_what_is_over_does_not_pile_up() -> None:
    for number in range(20 * kept.SWEEP_FROM):
        kept.keep(object, "answer", number, seconds=0)
    assert len(kept._kept) <= 2 * kept.SWEEP_FROM
    assert len(kept._making) <= 2 * kept.SWEEP_FROM
    long = [kept.keep(lambda: object(), "long", number, seconds=60) for number in range(3 * kept.SWEEP_FROM)]
    assert [kept.keep(object, "long", number, seconds=60) for number in range(len(long))] == long
