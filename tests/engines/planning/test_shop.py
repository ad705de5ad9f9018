"""The array form, the decoder and the checker."""

import numpy as np
import pytest

from chanye.engines.planning.search import Found, Shop, cost, decode, order_of, verify
from chanye.kernel.errors import ConfigError


def two_jobs() -> Shop:
    """Two jobs of two operations; the second may be done on either of two machines; families 0 and 1 need set-ups."""
    return Shop(
        job_first=[0, 2, 4],
        mode_first=[0, 1, 3, 4, 6],
        mode_machine=[0, 0, 1, 0, 0, 1],
        mode_time=[3, 2, 4, 1, 5, 6],
        machines=2,
        release=[0, 1],
        due=[6, 5],
        weight=[1.0, 2.0],
        family=[0, 0, 1, 1],
        setup=np.array([[[0, 2], [1, 0]]] * 2),
        first_setup=np.array([[0, 1], [0, 0]]),
    )


def test_decoder_starts_as_early_as_job_machine_and_set_up_allow():
    shop = two_jobs()
    mode = np.array([0, 2, 3, 4])
    start = decode(shop, mode, np.array([0, 2, 1, 3]))
    # machine 0: job 0 at 0-3, set-up 2, job 1 at 5-6 and 6-11; machine 1: job 0 at 3-7
    assert start.tolist() == [0, 3, 5, 6]
    assert cost(shop, start, mode, "makespan") == 11
    assert cost(shop, start, mode, "tardiness") == 1 + 6
    assert cost(shop, start, mode, "weighted_tardiness") == 1 + 12
    assert cost(shop, start, mode, "completion") == 7 + 22
    assert verify(shop, Found(start, mode, 11.0, 0.0), "makespan") == []
    assert decode(shop, mode, order_of(shop, start, mode)).tolist() == start.tolist()


@pytest.mark.parametrize(
    ("start", "mode", "words"),
    [
        ([0, 3, 4, 6], [0, 2, 3, 4], "set-up"),
        ([0, 2, 5, 6], [0, 2, 3, 4], "before 0 ends"),
        ([0, 3, 0, 5], [0, 2, 3, 5], "release"),
        ([0, 3, 5, 6], [0, 0, 3, 4], "no mode"),
        ([5, 8, 1, 2], [0, 2, 3, 5], "set-up"),
    ],
)
def test_checker_names_what_is_wrong(start, mode, words):
    shop = two_jobs()
    wrong = verify(shop, Found(np.array(start), np.array(mode), 0.0, 0.0))
    assert (words in " ".join(wrong)) or (start[2] == 1 and not wrong)


def test_checker_sees_jobs_that_overtake():
    shop = Shop([0, 2, 4], [0, 1, 2, 3, 4], [0, 1, 0, 1], [1, 9, 2, 3], 2, same_order=True)
    assert verify(shop, Found(np.array([0, 5, 1, 14]), np.arange(4), 17.0, 0.0)) == []
    assert verify(shop, Found(np.array([0, 6, 1, 3]), np.arange(4), 15.0, 0.0)) == ["jobs overtake"]


def test_all_that_is_wrong_with_a_shop_is_told_at_once():
    with pytest.raises(ConfigError) as told:
        Shop([0, 1], [0, 1], [3], [-1], 2, release=[0, 0])
    assert "mode_machine" in str(told.value)
    assert "mode_time" in str(told.value)
    assert "release" in str(told.value)
    with pytest.raises(ConfigError, match="shape"):
        Shop([0, 1], [0, 1], [0], [1], 2, setup=np.zeros((1, 1, 1)))
    with pytest.raises(ConfigError, match="at least one job"):
        Shop([0], [0], [], [], 1)


def test_an_order_that_breaks_a_job_is_refused():
    with pytest.raises(ConfigError, match="order"):
        decode(two_jobs(), np.array([0, 2, 3, 4]), np.array([1, 0, 2, 3]))
