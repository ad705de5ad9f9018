"""Recompute the effect of an upgrade from its bundle, trusting nobody who made it.

An outsider needs numpy, pyarrow and the published engines; no database and no server. With your own bundle:
``python recompute_effect.py BUNDLE.zip``.
"""

import hashlib
import io
import json
import math
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from chanye.engines.effects.measured import measure

path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("effect_bundle.zip")
with zipfile.ZipFile(path) as archive:
    members = {name: archive.read(name) for name in archive.namelist()}
manifest = json.loads(members["manifest.json"])
for name, said in manifest["members"].items():
    digest = hashlib.sha256(members[name]).hexdigest()
    print(f"{name:15} {'as sealed' if digest == said['sha256'] else 'CHANGED'} {digest[:16]}")
    assert digest == said["sha256"], name

plan, since = json.loads(members["plan.json"]), json.loads(members["method.json"])
assert hashlib.sha256(members["plan.json"]).hexdigest() == since["plan_digest"], "measured by another plan"
columns = pq.read_table(io.BytesIO(members["inputs.parquet"]))
table = {name: columns.column(name).to_pylist() for name in ("unit", "variable")}
table["time"] = columns.column("time").to_numpy()
table |= {name: np.array(columns.column(name), np.float64) for name in ("value", "weight", "coverage")}

mine, theirs = measure(plan, since, table), json.loads(members["result.json"])
print(f"{plan['title']}: {plan['measure']['code']}, claimed {plan['claim']:.1%} better, by {plan['method']}")
for name in ("estimate", "lower", "upper", "least"):
    value, said = mine[name], theirs[name]
    print(f"{name:9} {'not measurable' if value is None else format(value, '8.2%')}")
    assert value == said or math.isclose(value, said, rel_tol=1e-9), name
assert mine["verdict"] == theirs["verdict"]
print(f"verdict   {mine['verdict']}: the same")
