"""A bundle: all that an effect rests on in one file, and the proof that it gives this effect. No Django, no database.

A bundle is a ZIP of ``plan.json`` (frozen), ``method.json`` (what happened since), ``inputs.parquet`` (values of
days; of other plants only an index in blocks, under names that tell nothing), ``result.json`` and ``manifest.json``
with the SHA-256 of each. The same inputs give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chanye.engines.effects.measured import VERSION, measure
from chanye.kernel.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

FORM = 1
MEMBERS = ("plan.json", "method.json", "inputs.parquet", "result.json")
MANIFEST = "manifest.json"
TEXTS, NUMBERS = ("unit", "variable"), ("value", "weight", "coverage")
#: How far two numbers may lie apart, relative: another processor adds up in another order.
CLOSE = 1e-9
#: What reading and measuring raise if somebody made the texts of a bundle up.
HOSTILE = (ConfigError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
#: Largest member that is read. [bytes]
LARGEST = 64 << 20

Table = dict[str, Any]


def canonical(value: object) -> str:
    """Return plain data as the one JSON text that is hashed: keys sorted, no spaces, UTF-8 as it is.

    Raises
    ------
    ValueError
        If a number is not finite: JSON has no word for it.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(data: str | bytes) -> str:
    """Return the SHA-256 of bytes, of a text in UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def plain(value: object) -> object:
    """Return numbers and arrays as what JSON can say; what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return [plain(one) for one in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table_digest(table: Table) -> str:
    """Return the SHA-256 of the values of a table of inputs, however they are stored."""
    digest = hashlib.sha256()
    for name in TEXTS:
        digest.update("\n".join([name, *map(str, table[name])]).encode() + b"\0")
    digest.update(b"time\0" + np.asarray(table["time"], "<i8").tobytes())
    for name in NUMBERS:
        value = np.asarray(table[name], "<f8").copy()
        value[np.isnan(value)] = np.nan  # one of the many
        digest.update(name.encode() + b"\0" + value.tobytes())
    return digest.hexdigest()


def make(plan_text: str, since: Mapping[str, Any], table: Table) -> tuple[bytes, dict[str, Any]]:
    """Measure and return the bundle with its result.

    Parameters
    ----------
    plan_text
        Canonical JSON as it was frozen.
    since, table
        See ``engines.effects.measured.measure``.
    """
    result = plain(measure(json.loads(plan_text), since, table))
    assert isinstance(result, dict)
    members = {
        "plan.json": plan_text.encode(),
        "method.json": canonical(plain(since)).encode(),
        "inputs.parquet": _parquet(table),
        "result.json": canonical(result).encode(),
    }
    manifest = {
        "form": FORM,
        "engine": VERSION,
        "plan_digest": digest_of(plan_text),
        "inputs_digest": table_digest(table),
        "members": {name: {"sha256": digest_of(data), "size": len(data)} for name, data in members.items()},
    }
    return _pack({**members, MANIFEST: canonical(manifest).encode()}), result


def _pack(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def _parquet(table: Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: pa.array([str(one) for one in table[name]], pa.string()) for name in TEXTS}
    columns["time"] = pa.array(np.asarray(table["time"], np.int64))
    columns |= {name: pa.array(np.asarray(table[name], np.float64)) for name in NUMBERS}
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd", use_dictionary=list(TEXTS), version="2.6")
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the members of a bundle.

    Raises
    ------
    ConfigError
        If it is not a bundle; says what is missing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if sorted(sizes) != sorted([*MEMBERS, MANIFEST]) or len(archive.infolist()) != len(sizes):
                raise ConfigError(f"A bundle holds {', '.join([*MEMBERS, MANIFEST])}, each once, and nothing else.")
            if max(sizes.values()) > LARGEST:
                raise ConfigError("A member of the bundle is too large to be one.")
            return {name: archive.read(name) for name in sizes}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ConfigError(f"The file is not a bundle, or it is damaged: {error}.") from error


def table_of(data: bytes) -> Table:
    """Return the table of inputs of a bundle.

    Raises
    ------
    ConfigError
        If it is not the table of a bundle.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found: pa.Table = pq.read_table(io.BytesIO(data))
        table: Table = {name: found.column(name).to_pylist() for name in TEXTS}
        table["time"] = found.column("time").to_numpy().astype(np.int64)
        for name in NUMBERS:
            table[name] = found.column(name).to_numpy().astype(np.float64)
    except (pa.ArrowException, KeyError, ValueError, TypeError, OSError) as error:
        raise ConfigError(f"inputs.parquet is not the table of a bundle: {error}.") from error
    return table


def check(data: bytes) -> str:
    """Recompute a bundle and return the first difference; empty if everything is the same."""
    try:
        members = unpack(data)
    except ConfigError as error:
        return str(error)
    return next(_faults(members), "")


def _faults(members: Mapping[str, bytes]) -> Iterator[str]:
    try:
        manifest, plan, since, said = (
            json.loads(members[name]) for name in (MANIFEST, "plan.json", "method.json", "result.json")
        )
        listed = {name: manifest["members"][name]["sha256"] for name in MEMBERS}
    except HOSTILE as error:
        yield f"{MANIFEST} or another text cannot be read: {error}"
        return
    yield from (
        f"{name}: its content is not what {MANIFEST} says"
        for name in MEMBERS
        if digest_of(members[name]) != listed[name]
    )
    if manifest.get("form") != FORM or manifest.get("engine") != VERSION:
        yield f"{MANIFEST}: made by engine {manifest.get('engine')}, this one is {VERSION}: use the version it names"
    if digest_of(members["plan.json"]) != manifest.get("plan_digest"):
        yield "plan.json: not the plan that was frozen"
    try:
        if since["plan_digest"] != manifest["plan_digest"]:
            yield "method.json: measured by another plan"
        table = table_of(members["inputs.parquet"])
        if table_digest(table) != manifest.get("inputs_digest"):
            yield "inputs.parquet: its values are not those that were measured with"
        again = plain(measure(plan, since, table))
    except HOSTILE as error:
        yield f"the effect cannot be computed again: {error}"
        return
    yield from differences(again, said, "result.json")
    expected = {"form", "engine", "plan_digest", "inputs_digest", "members"}
    if members[MANIFEST].decode("utf-8", "replace") != canonical(manifest) or set(manifest) != expected:
        yield f"{MANIFEST}: holds what does not belong there"
    sizes = {name: {"sha256": listed[name], "size": len(members[name])} for name in MEMBERS}
    if manifest["members"] != sizes:
        yield f"{MANIFEST}: says a wrong size, or has more members"


def differences(one: object, other: object, where: str) -> Iterator[str]:
    """Yield where two results differ by more than rounding."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                yield f"{where}: {key} is on one side only"
            else:
                yield from differences(one[key], other[key], f"{where} {key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{where}[{i}]")
    elif not _same(one, other):
        yield f"{where}: {other!r} was said, {one!r} comes out"


def _same(one: object, other: object) -> bool:
    numbers = [x for x in (one, other) if isinstance(x, int | float) and not isinstance(x, bool)]
    if len(numbers) == 2:
        return math.isclose(numbers[0], numbers[1], rel_tol=CLOSE, abs_tol=CLOSE)
    return type(one) is type(other) and one == other
