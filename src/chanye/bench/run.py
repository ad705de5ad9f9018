"""``chanye bench``: run workloads by name and print their figures."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence

from chanye.bench.figures import Result
from chanye.kernel.errors import ConfigError

#: name -> module with ``run(*, quick) -> Result``
BENCHES = {
    "ingest": "chanye.bench.ingest",
    "query": "chanye.bench.query",
    "idle": "chanye.bench.idle",
    "trace": "chanye.bench.trace_load",
    "factory": "chanye.bench.factory",
    "office": "chanye.bench.office",
    "plant": "chanye.bench.planning_plant",
    "lines": "chanye.bench.lines",
    "planning": "chanye.bench.planning",
}


def run_benches(names: Sequence[str], *, quick: bool, as_json: bool) -> bool:
    """Run benches and print what they found; return whether every bar holds."""
    unknown = [n for n in names if n not in BENCHES]
    if unknown or not names:
        raise ConfigError(f"Name one or more of: {', '.join(BENCHES)}.")
    holds = True
    for name in names:
        result: Result = importlib.import_module(BENCHES[name]).run(quick=quick)
        print(json.dumps(result.as_dict(), ensure_ascii=False) if as_json else _table(result), flush=True)  # noqa: T201 - this is the output
        holds = holds and all(f.holds is not False for f in result.figures)
    return holds


def _table(result: Result) -> str:
    lines = [f"{result.bench} on {result.machine}"]
    for f in result.figures:
        mark = {True: "holds", False: "FAILS", None: ""}[f.holds]
        peer = f"{f.peer} {f.peer_value:.3g}, ratio {f.ratio:.2f}" if f.ratio is not None else f.peer
        lines.append(f"  {f.name:<58} {f.value:>10.3f} {f.unit:<14} {peer:<38} {mark}")
    return "\n".join(lines)
