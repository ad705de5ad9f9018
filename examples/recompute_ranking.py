"""Recompute a published ranking from its bundle with nothing but numpy: ``recompute_ranking.py [FILE.zip]``."""

import hashlib
import json
import sys
import zipfile
from io import BytesIO
from statistics import NormalDist

import numpy as np


def main(bundle: zipfile.ZipFile) -> int:
    for name, digest in json.loads(bundle.read("manifest.json"))["files"].items():
        assert hashlib.sha256(bundle.read(name)).hexdigest() == digest, f"{name} was changed"
    formula, inputs, published = (json.loads(bundle.read(f"{one}.json")) for one in ("formula", "inputs", "results"))
    projects, faults = {one["code"]: one for one in inputs["projects"]}, 0
    for number, group in enumerate(sorted({row["group"] for row in published})):
        rows = sorted((row for row in published if row["group"] == group), key=lambda row: row["code"])
        found = recompute(formula, number, [projects[row["code"]] for row in rows])
        for row, mine in zip(rows, found.T.tolist(), strict=True):
            if mine != [row["rank"], row["low"], row["high"]]:
                print(f"{row['code']}: published {row['rank']} ({row['low']}-{row['high']}), recomputed {mine}")
                faults += 1
    print(f"{len(published)} projects: {faults} differ")
    return min(faults, 1)


def recompute(formula: dict, number: int, projects: list[dict]) -> np.ndarray:
    names = sorted(one for one, weight in formula["weights"].items() if weight > 0)
    pairs = [[one["values"].get(name, "not due") for name in names] for one in projects]
    due = np.array([[pair != "not due" for pair in row] for row in pairs])
    known = np.array([[pair[0] if isinstance(pair, list) else np.nan for pair in row] for row in pairs])
    least = [formula["errors"].get(name, 0.0) for name in names]
    error = [[max(p[1], least[k]) if isinstance(p, list) else 0.0 for k, p in enumerate(row)] for row in pairs]
    fines = [formula["overdue"] * one["overdue"] + formula["falsified"] * one["falsified"] for one in projects]
    weights = np.array([formula["weights"][name] for name in names])
    stream, draws = np.random.Generator(np.random.PCG64(formula["seed"] + number)), formula["draws"]
    normal = np.vectorize(lambda uniform: NormalDist().inv_cdf(min(max(uniform, 1e-12), 1 - 1e-12)))
    shake = np.exp(formula["spread"] * normal(stream.random((draws, len(names)))))
    uniform = stream.random((draws, *known.shape))
    drawn = np.where(np.isnan(known), uniform, np.clip(np.nan_to_num(known) + error * normal(uniform), 0, 1))

    def place(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        share = (np.nan_to_num(values) * weight * due).sum(1) / np.maximum((weight * due).sum(1), 1e-300)
        score = np.round(100 * share - np.minimum(fines, formula["most"]), 9)
        return 1 + (score[None, :] > score[:, None]).sum(1)

    ranks = place(np.where(np.isnan(known), formula["unknown"], known), weights)
    every, tail = np.array([place(drawn[d], weights * shake[d]) for d in range(draws)]), (1 - formula["level"]) / 2
    low, high = np.quantile(every, tail, 0, method="lower"), np.quantile(every, 1 - tail, 0, method="higher")
    return np.array([ranks, np.minimum(ranks, low), np.maximum(ranks, high)]).astype(int)


if __name__ == "__main__":
    from chanye.domains.projects.rules.bundle import example_bundle

    sys.exit(main(zipfile.ZipFile(sys.argv[1] if len(sys.argv) > 1 else BytesIO(example_bundle()))))
