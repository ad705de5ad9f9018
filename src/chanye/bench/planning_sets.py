"""Instances of the bench ``planning``: read from files of the classic forms, or drawn again from published seeds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from chanye.engines.planning.search.shop import F64, I64, Shop

# Time and machine seeds, and best-known makespans, of É. Taillard (1993), "Benchmarks for basic scheduling problems",
# EJOR 64:278-285, doi:10.1016/0377-2217(93)90182-M. Best-known values as of 2026.
FLOW = {
    (20, 5): "873654221 379008056 1866992158 216771124 495070989 402959317 1369363414 2021925980 573109518 88325120",
    (
        20,
        10,
    ): "587595453 1401007982 873136276 268827376 1634173168 691823909 73807235 1273398721 2065119309 1672900551",
    (
        20,
        20,
    ): "479340445 268827376 1958948863 918272953 555010963 2010851491 1519833303 1748670931 1923497586 1829909967",
    (
        50,
        5,
    ): "1328042058 200382020 496319842 1203030903 1730708564 450926852 1303135678 1273398721 587288402 248421594",
    (
        50,
        10,
    ): "1958948863 575633267 655816003 1977864101 93805469 1803345551 49612559 1899802599 2013025619 578962478",
    (
        50,
        20,
    ): "1539989115 691823909 655816003 1315102446 1949668355 1923497586 1805594913 1861070898 715643788 464843328",
    (
        100,
        5,
    ): "896678084 1179439976 1122278347 416756875 267829958 1835213917 1328833962 1418570761 161033112 304212574",
    (
        100,
        10,
    ): "1539989115 655816003 960914243 1915696806 2013025619 1168140026 1923497586 167698528 1528387973 993794175",
    (
        100,
        20,
    ): "450926852 1462772409 1021685265 83696007 508154254 1861070898 26482542 444956424 2115448041 118254244",
    (
        200,
        10,
    ): "471503978 1215892992 135346136 1602504050 160037322 551454346 519485142 383947510 1968171878 540872513",
    (
        200,
        20,
    ): "2013025619 475051709 914834335 810642687 1019331795 2056065863 1342855162 1325809384 1988803007 765656702",
    (
        500,
        20,
    ): "1368624604 450181436 1927888393 1759567256 606425239 19268348 1298201670 2041736264 379756761 28837162",
}
FLOW_BEST = """
1278 1359 1081 1293 1235 1195 1234 1206 1230 1108 1582 1659 1496 1377 1419 1397 1484 1538 1593 1591
2297 2099 2326 2223 2291 2226 2273 2200 2237 2178 2724 2834 2621 2751 2863 2829 2725 2683 2552 2782
2991 2867 2839 3063 2976 3006 3093 3037 2897 3065 3850 3704 3640 3723 3610 3679 3704 3691 3741 3755
5493 5268 5175 5014 5250 5135 5246 5094 5448 5322 5770 5349 5676 5781 5467 5303 5595 5617 5871 5845
6202 6183 6271 6269 6314 6364 6268 6401 6275 6434 10862 10480 10922 10889 10524 10329 10854 10730 10438 10675
11158 11160 11281 11275 11259 11176 11360 11334 11192 11284 26040
26520 26371 26456 26334 26477 26389 26560 26005 26457
"""
JOB = {
    (15, 15): (
        "840612802 1314640371 1227221349 342269428 1603221416 1357584978 44531661 302545136 1153780144 73896786",
        "398197754 386720536 316176388 1806358582 1501949241 1734077082 1374316395 2092186050 1393392374 1544979948",
    ),
    (20, 15): (
        "533484900 1894307698 874340513 1124986343 1463788335 1056908795 195672285 961965583 1610169733 532794656",
        "317419073 1474268163 509669280 1209573668 529048107 25321885 1717580117 1353003786 1734469503 998486810",
    ),
    (20, 20): (
        "1035939303 5997802 1357503601 806159563 1902815253 1503184031 1032645967 229894219 823349822 1297900341",
        "773961798 1872541150 722225039 1166962073 1879990068 1850351876 99711329 1158117804 108033225 489486403",
    ),
    (30, 15): (
        "98640593 1839268120 573875290 1670898570 1118914567 178750207 1549372605 798174738 553410952 1661531649",
        "1981283465 248890888 2081512253 788294565 1074349202 294279708 596993084 151685779 1329272528 1173386294",
    ),
    (30, 20): (
        "1841414609 2116959593 796392706 532496463 2020525633 524444252 1569394691 1460267840 198324822 38071822",
        "1357882888 1546338557 1230864158 254174057 978943053 185526083 487269855 1631446539 1937476577 1541985579",
    ),
    (50, 15): (
        "17271 660481279 352229765 1197518780 1376020303 2106639239 1765352082 1105092880 907248070 2011630757",
        "718939 449650254 949737911 166840558 483922052 955932362 1209982549 1349003108 919544535 1845447001",
    ),
    (50, 20): (
        "8493988 1991925010 342093237 1634043183 341706507 320167954 1089696753 433032965 615974477 236150141",
        "2738939 709517751 786960785 973178279 286513148 1411193018 298068750 1589656152 331205412 592292984",
    ),
    (100, 20): (
        "302034063 1437643198 1792475497 1647273132 696480901 1785569423 117806902 1639154709 2007423389 682761130",
        "1203569070 1692025209 1039908559 1012841433 1689682358 1092647459 739059626 1319962509 749368241 262763021",
    ),
}
JOB_BEST = """
1231 1244 1218 1175 1224 1238 1227 1217 1274 1241 1357 1367 1342 1345 1339 1360 1462 1396 1332 1348
1642 1600 1557 1644 1595 1643 1680 1603 1625 1584 1764 1774 1788 1828 2007 1819 1771 1673 1795 1669
2005 1937 1846 1976 2000 2004 1889 1937 1960 1923 2760 2756 2717 2839 2679 2781 2943 2885 2655 2723
2868 2869 2755 2702 2725 2845 2825 2784 3071 2995 5464 5181 5568 5339 5392 5342 5436 5394 5358 5183
"""


def drawn(seed: int) -> Iterator[float]:
    """Yield numbers in 0..1 of the congruential generator of Bratley, Fox and Schrage that Taillard used."""
    while True:
        seed = 16807 * seed % 2147483647
        yield seed / 2147483647


def _whole(draw: Iterator[float], low: int, high: int) -> int:
    return low + int(next(draw) * (high - low + 1))


def taillard_flow(number: int) -> I64:
    """Return the durations of flow shop ta001..ta120; shape (jobs, machines)."""
    (jobs, machines), seeds = list(FLOW.items())[(number - 1) // 10]
    draw = drawn(int(seeds.split()[(number - 1) % 10]))
    return np.array([[_whole(draw, 1, 99) for _ in range(jobs)] for _ in range(machines)], np.int64).T


def taillard_job(number: int) -> tuple[I64, I64]:
    """Return machines and durations of job shop ta01..ta80; shape (jobs, machines) each."""
    (jobs, machines), (times, places) = list(JOB.items())[(number - 1) // 10]
    draw = drawn(int(times.split()[(number - 1) % 10]))
    time = np.array([[_whole(draw, 1, 99) for _ in range(machines)] for _ in range(jobs)], np.int64)
    draw = drawn(int(places.split()[(number - 1) % 10]))
    machine = np.tile(np.arange(machines), (jobs, 1))
    for row in machine:
        for k in range(machines):
            other = _whole(draw, k, machines - 1)
            row[k], row[other] = row[other], row[k]
    return machine, time


def job_shop(machine: I64, time: I64) -> Shop:
    """Return a job shop; shape (jobs, machines) each."""
    jobs, steps = time.shape
    ops = jobs * steps
    return Shop(
        np.arange(0, ops + 1, steps),
        np.arange(ops + 1),
        machine.ravel().astype(np.int32),
        time.ravel(),
        int(machine.max()) + 1,
    )


def flow_shop(
    time: I64, setup: I64 | None = None, due: I64 | None = None, weight: F64 | None = None, *, same_order: bool = True
) -> Shop:
    """Return a permutation flow shop of durations (jobs, machines); set-ups (machines, jobs, jobs) are of jobs."""
    jobs, machines = time.shape
    ops = jobs * machines
    return Shop(
        np.arange(0, ops + 1, machines),
        np.arange(ops + 1),
        np.tile(np.arange(machines, dtype=np.int32), jobs),
        time.ravel(),
        machines,
        due=np.zeros(0, np.int64) if due is None else due,
        weight=np.zeros(0, np.float64) if weight is None else weight,
        family=np.repeat(np.arange(0 if setup is None else jobs, dtype=np.int32), machines),
        setup=setup,
        same_order=same_order,
    )


def with_setups(number: int, percent: int) -> Shop:
    """Return Taillard's flow shop with set-ups of 1 .. ``percent`` of the longest duration, 99.

    As the sets SDST10, 50, 100, 125 of Ruiz, Maroto and Alcaraz (2005), doi:10.1016/j.ejor.2004.01.022; their own
    draws were not published.
    """
    time = taillard_flow(number)
    jobs, machines = time.shape
    draw = np.random.default_rng([number, percent])
    return flow_shop(time, draw.integers(1, 99 * percent // 100 + 1, (machines, jobs, jobs)))


def with_due_dates(number: int, tight: float, spread: float) -> Shop:
    """Return Taillard's flow shop with due dates drawn from P (1 - tight ± spread / 2), P its bound by machines.

    As Potts and Van Wassenhove (1982), and Vallada, Ruiz and Minella (2008), doi:10.1016/j.cor.2006.08.016.
    """
    time = taillard_flow(number)
    head = np.cumsum(time, 1) - time
    tail = time.sum(1, keepdims=True) - head - time
    bound = max(int((time.sum(0) + head.min(0) + tail.min(0)).max()), int(time.sum(1).max()))
    draw = np.random.default_rng([number, int(10 * tight), int(10 * spread)])
    low, high = bound * (1 - tight - spread / 2), bound * (1 - tight + spread / 2)
    return flow_shop(time, due=np.maximum(draw.uniform(low, high, len(time)), 0).astype(np.int64))


def read_lawrence(path: Path) -> Shop:
    """Read a job shop in the standard form: per job, machine and duration in turn, machines from 0."""
    rows = [[int(one) for one in line.split()] for line in path.read_text().splitlines() if line.strip()]
    jobs = rows[0][0]
    table = np.array(rows[1 : jobs + 1], np.int64)
    return job_shop(table[:, 0::2], table[:, 1::2])


def flexible(jobs: list[list[list[tuple[int, int]]]], machines: int) -> Shop:
    """Return a flexible job shop: per job, per operation, modes of machine (from 0) and duration."""
    ops = [modes for job in jobs for modes in job]
    modes = np.array([one for row in ops for one in row], np.int64)
    return Shop(
        np.cumsum([0, *map(len, jobs)]),
        np.cumsum([0, *map(len, ops)]),
        modes[:, 0].astype(np.int32),
        modes[:, 1].copy(),
        machines,
    )


def read_brandimarte(path: Path) -> Shop:
    """Read a flexible job shop: per job, operations, each with a number of modes of machine (from 1) and duration."""
    lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    jobs, machines = int(lines[0][0]), int(lines[0][1])
    rows = []
    for line in lines[1 : jobs + 1]:
        words = iter([int(one) for one in line])
        rows.append([_modes(words) for _ in range(next(words))])
    return flexible(rows, machines)


def _modes(words: Iterator[int]) -> list[tuple[int, int]]:
    return [(next(words) - 1, next(words)) for _ in range(next(words))]


def best_known(folder: Path) -> dict[str, int]:
    """Return best-known makespans by name, from ``best_known.csv``."""
    with (folder / "best_known.csv").open() as file:
        return {row["instance"]: int(row["upper_bound"]) for row in csv.DictReader(file)}
