"""The office at work: four people who open every page that an officer has, one after the other, all at once.

Run as a module it is those four: it reads its task as JSON from standard input and writes what it measured to
standard output, so that they do not think inside the product.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from chanye.bench.figures import Figure
from chanye.bench.floor_load import Browser, Found, Task
from chanye.bench.office_seed import PASSWORD, District, make
from chanye.bench.product import Product

PAGE_BAR = "Officer pages p95 ≤ 200 ms with 5,000 projects and 300 firms"
PAGE_MS, PEOPLE, TURNS, QUICK_TURNS = 200.0, 4, 10, 1
#: How long people read a page before they open the next, on average: faster than anybody does. [s]
READING = 0.5
#: First parts of the addresses that belong to the office and to the public.
ROOMS = (
    "programme/",
    "projects/",
    "ranking/",
    "statistics/",
    "scoreboard/",
    "evidence/",
    "ledger/",
    "public/",
    "targets/",
)
#: Names with any of these in them are not pages that list or show: forms, files, prints.
NOT_PAGES = (
    "new",
    "edit",
    "print",
    "paper",
    "document",
    "file",
    "zip",
    "export",
    "import",
    "photo",
    "start",
    "json",
    "studio",
)


@dataclass(frozen=True, slots=True)
class Played:
    """What was measured: seconds by address, answers that were not pages, what went wrong."""

    latency: dict[str, list[float]]
    left_out: dict[str, int]
    faults: list[str]


def figures(*, quick: bool) -> list[Figure]:
    """Start the product on a folder of its own, fill it, let people look at all pages, and return what was found."""
    played = play(QUICK_TURNS if quick else TURNS)
    pages = {one: seconds for one, seconds in played.latency.items() if one != "/healthz"}
    empty = _p95(played.latency["/healthz"])
    everything = _p95([one for seconds in pages.values() for one in seconds])
    found = [
        Figure(
            f"office pages, p95 over {len(pages)} addresses",
            everything,
            "ms",
            "empty page p95",
            empty,
            everything / empty,
            PAGE_BAR,
            everything <= PAGE_MS,
        ),
        Figure("answers 500 and above or none", len(played.faults), "answers", holds=not played.faults),
    ]
    worst = sorted(pages, key=lambda one: -_p95(pages[one]))
    return found + [
        Figure(f"{one}, p95", _p95(pages[one]), "ms", "empty page p95", empty, _p95(pages[one]) / empty)
        for one in worst
    ]


def _p95(seconds: list[float]) -> float:
    return float(np.quantile(seconds, 0.95, method="higher")) * 1e3 if seconds else float("nan")


def play(turns: int) -> Played:
    """Let four people open every page ``turns`` times each, after each was opened once."""
    from chanye.bench.factory import open_records

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chanye-office-")))
        product = stack.enter_context(Product(folder))
        open_records(product.data, {})
        district = make()
        url = product.status()["url"]
        task = {
            "url": url,
            "cookie": sign_in(url, district),
            "pages": ["/healthz", *addresses(district)],
            "turns": turns,
        }
        done = subprocess.run(
            [sys.executable, "-m", "chanye.bench.office_load"],
            input=json.dumps(task).encode(),
            capture_output=True,
            check=True,
            env=os.environ,
            timeout=900,
        )
    return Played(**json.loads(done.stdout))


def sign_in(url: str, district: District) -> str:
    """Return the cookies of a browser in which the officer has signed in."""
    from http.cookiejar import CookieJar
    from urllib.request import HTTPCookieProcessor, Request, build_opener

    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    page = browser.open(f"{url}sign-in/", timeout=60).read().decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = urlencode({"username": district.username, "password": PASSWORD, "csrfmiddlewaretoken": token}).encode()
    browser.open(Request(f"{url}sign-in/", form, {"Referer": url}), timeout=60).close()
    return "; ".join(f"{one.name}={one.value}" for one in jar)


def addresses(district: District) -> list[str]:
    """Return every address of the office's rooms whose parts are known: what lands later is found by itself."""
    from django.urls import get_resolver

    found = set()
    for pattern in _patterns(get_resolver().url_patterns, ""):
        route, name = pattern
        if not route.startswith(ROOMS) or any(part in f"{name} {route}" for part in NOT_PAGES):
            continue
        filled = _filled(route, district)
        if filled is not None:
            found.add(f"/{filled}")
    return sorted(found)


def _patterns(patterns: list[Any], before: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for one in patterns:
        route = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            found += _patterns(one.url_patterns, route)
        else:
            found.append((route, one.name or ""))
    return found


def _filled(route: str, district: District) -> str | None:
    """Put known numbers into an address, or return None."""
    while "<" in route:
        start, end = route.index("<"), route.index(">")
        name = route[start + 1 : end].rpartition(":")[2]
        if name not in district.ids:
            return None
        route = f"{route[:start]}{district.ids[name]}{route[end + 1 :]}"
    return route


def look(task: dict[str, Any]) -> Played:
    """Open each page once, leave out what is none, then let four people open the rest again and again."""
    first = Found()
    browser = _browser(task, first)
    pages, left_out = [], {}
    for page in task["pages"]:
        browser.tags.clear()
        browser.ask(page, page)
        status = next((int(key.rpartition(" ")[2]) for key in first.status if key.rpartition(" ")[0] == page), 0)
        if status == 200:
            pages.append(page)
        elif status < 500 and status:
            left_out[page] = status
    found = Found()
    faults = [one for one in first.faults if not any(one.startswith(f"{page} {left_out[page]}") for page in left_out)]

    def person(seed: int) -> None:
        eyes = _browser(task, found)
        order = random.Random(seed)
        for _ in range(task["turns"]):
            for page in order.sample(pages, len(pages)):
                time.sleep(order.uniform(0, 2 * READING))
                eyes.tags.clear()
                eyes.ask(page, page)

    people = [threading.Thread(target=person, args=(seed,)) for seed in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return Played(found.latency, left_out, faults + found.faults)


def _browser(task: dict[str, Any], found: Found) -> Browser:
    return Browser(Task(task["url"], "", task["cookie"], 0, 0.0, [], 0, 0, [], ""), found)


def main() -> None:
    """Look at what the task on standard input names."""
    played = look(json.load(sys.stdin))
    json.dump({"latency": played.latency, "left_out": played.left_out, "faults": played.faults}, sys.stdout)


if __name__ == "__main__":
    main()
