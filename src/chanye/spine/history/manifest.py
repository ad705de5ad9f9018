"""The manifest: which parts make up the history, in one SQLite file with transactions.

Everything that must change together (parts, states of sources, counts, dirty hours, the flushed segment) changes in
one transaction. The ledger is append-only and hash-chained: each line hashes the line before it and the digest of
the part that came or went, so that a part cannot be exchanged unseen.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chanye.kernel.errors import ConfigError
from chanye.spine.history.latest import LatestRows
from chanye.spine.history.types import I64, U32

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT UNIQUE NOT NULL, day INT NOT NULL, level INT NOT NULL,
  rows INT NOT NULL, bytes INT NOT NULL, digest TEXT NOT NULL, min_series INT, max_series INT, min_time INT,
  max_time INT, min_batch INT, max_batch INT, min_arrival INT, max_arrival INT, contents BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ledger (n INTEGER PRIMARY KEY, action TEXT NOT NULL, file TEXT NOT NULL,
  digest TEXT NOT NULL, rows INT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS obsolete (file TEXT PRIMARY KEY, since INT NOT NULL);
CREATE TABLE IF NOT EXISTS sources (name TEXT PRIMARY KEY, seen TEXT NOT NULL, position TEXT NOT NULL,
  arrival INT NOT NULL);
CREATE TABLE IF NOT EXISTS audit (source TEXT, hour INT, reason TEXT, n INT NOT NULL,
  PRIMARY KEY (source, hour, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS balance (day INT, what TEXT, n INT NOT NULL, PRIMARY KEY (day, what)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dirty (id INTEGER PRIMARY KEY AUTOINCREMENT, hour INT NOT NULL, series BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS dirty_hour ON dirty (hour);
CREATE TABLE IF NOT EXISTS rollups (day INTEGER PRIMARY KEY, file TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS changes (arrival INTEGER PRIMARY KEY, rows INT NOT NULL, contents BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS texts (series INT, code INT, text TEXT NOT NULL, PRIMARY KEY (series, code)) WITHOUT ROWID;
"""
PART_COLUMNS = (
    "id, file, day, level, rows, bytes, digest, min_series, max_series, min_time, max_time, min_batch, max_batch, "
    "min_arrival, max_arrival"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of the history; see ``PartContents`` for which series it holds."""

    id: int
    file: str
    day: int
    level: int
    rows: int
    bytes: int
    digest: str
    min_series: int
    max_series: int
    min_time: int
    max_time: int
    min_batch: int
    max_batch: int
    min_arrival: int
    max_arrival: int


class Contents(NamedTuple):
    """Per series of a part, ascending: number of rows, first and last time."""

    series: U32
    rows: I64
    first: I64
    last: I64

    def pack(self) -> bytes:
        """Return the compressed bytes."""
        return zlib.compress(b"".join(np.ascontiguousarray(c).tobytes() for c in self), 1)


def unpack_contents(blob: bytes) -> Contents:
    """Read back ``Contents.pack``."""
    data = zlib.decompress(blob)
    n = len(data) // 28
    series = np.frombuffer(data, np.uint32, n)
    # unaligned when n is odd, so take a copy
    rows, first, last = np.frombuffer(data[4 * n :], np.int64).reshape(3, n)
    return Contents(series, rows, first, last)


def pack_series(series: U32) -> bytes:
    """Return a compressed set of series numbers."""
    return zlib.compress(series.astype(np.uint32).tobytes(), 1)


def unpack_series(blob: bytes) -> U32:
    """Read back ``pack_series``."""
    return np.frombuffer(zlib.decompress(blob), np.uint32)


class Manifest:
    """A connection to the manifest; one per process, any thread."""

    def __init__(self, folder: Path, *, writable: bool) -> None:
        path = folder / "manifest.sqlite3"
        self._lock, self._writable = threading.RLock(), writable
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if writable else 'ro'}"
        self.db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
        if writable:
            try:
                self.db.execute("PRAGMA journal_mode=WAL")
                self.db.execute("PRAGMA synchronous=FULL")
                # short, for what stands in SQLite's log alone is the least protected
                self.db.execute("PRAGMA wal_autocheckpoint=100")
                self.db.executescript(SCHEMA)
            except sqlite3.OperationalError:
                self.db.close()
                raise
            except sqlite3.DatabaseError as error:
                self.db.close()
                raise ConfigError(
                    f"The manifest of the history ({path.name}) cannot be read: {error}. Restore it from a backup."
                ) from error

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction; a reader gets one consistent view."""
        with self._lock:
            self.db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield self.db
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    def meta(self, key: str, default: int | bytes | str) -> int | bytes | str:
        """Return one value of the table ``meta``."""
        with self._lock:
            row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else row[0]

    def version(self) -> int:
        """Return a number that moves when another connection commits."""
        with self._lock:
            return int(self.db.execute("PRAGMA data_version").fetchone()[0])

    def parts(self, where: str = "1", params: tuple[int, ...] = ()) -> list[Part]:
        """Return parts by day and age."""
        with self._lock:
            rows = self.db.execute(
                f"SELECT {PART_COLUMNS} FROM parts WHERE {where} ORDER BY day, id",  # noqa: S608 - fixed text
                params,
            ).fetchall()
        return [Part(*row) for row in rows]

    def contents(self, part: int) -> Contents | None:
        """Return what a part holds, None if it is gone."""
        with self._lock:
            row = self.db.execute("SELECT contents FROM parts WHERE id = ?", (part,)).fetchone()
        return None if row is None else unpack_contents(row[0])

    def close(self) -> None:
        """Close the connection; a writer first moves everything from SQLite's log into the file."""
        with self._lock:
            if self._writable:
                with suppress(sqlite3.Error):  # a full disk: the log keeps it
                    self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.db.close()

    def __del__(self) -> None:
        # a connection of sqlite3 refers to itself: without this its files stay open until the collector comes
        with suppress(AttributeError):
            self.db.close()


def set_meta(db: sqlite3.Connection, key: str, value: int | bytes | str) -> None:
    """Write one value of the table ``meta``."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def link_hash(before: str, action: str, file: str, digest: str, rows: int) -> str:
    """Return the hash of a line of the ledger."""
    return hashlib.sha256(f"{before}|{action}|{file}|{digest}|{rows}".encode()).hexdigest()


def _record_change(db: sqlite3.Connection, action: str, part: Part) -> None:
    row = db.execute("SELECT hash FROM ledger ORDER BY n DESC LIMIT 1").fetchone()
    link = link_hash(row[0] if row else "", action, part.file, part.digest, part.rows)
    db.execute(
        "INSERT INTO ledger (action, file, digest, rows, hash) VALUES (?, ?, ?, ?, ?)",
        (action, part.file, part.digest, part.rows, link),
    )


def add_part(db: sqlite3.Connection, part: Part, contents: Contents) -> None:
    """Enter a part and its line in the ledger; its id is given here."""
    names = [f.name for f in fields(Part)][1:]
    db.execute(
        f"INSERT INTO parts ({', '.join(names)}, contents) VALUES ({', '.join('?' * (len(names) + 1))})",  # noqa: S608 - names of our own fields
        (*astuple(part)[1:], contents.pack()),
    )
    _record_change(db, "add", part)


def remove_part(db: sqlite3.Connection, part: Part, now: int, *, action: str = "merge") -> bool:
    """Take a part out of the history; its file is deleted after the grace time."""
    if not db.execute("DELETE FROM parts WHERE id = ?", (part.id,)).rowcount:
        return False
    db.execute("INSERT OR REPLACE INTO obsolete VALUES (?, ?)", (part.file, now))
    _record_change(db, action, part)
    return True


def add_audit(db: sqlite3.Connection, counts: dict[tuple[str, int, str], int]) -> None:
    """Add to the counts per (source, hour of arrival, reason)."""
    db.executemany(
        "INSERT INTO audit VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(*key, n) for key, n in counts.items()],
    )


def add_balance(db: sqlite3.Connection, day: int, what: str, rows: int) -> None:
    """Count rows that left the parts of a day: ``merged`` or ``retired``."""
    if rows:
        db.execute(
            "INSERT INTO balance VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n", (day, what, rows)
        )


def read_latest(blob: bytes) -> LatestRows:
    """Read the snapshot of latest values."""
    data = zlib.decompress(blob) if blob else b""
    n = len(data) // 30
    return LatestRows(
        np.frombuffer(data, np.uint32, n, 24 * n),
        np.frombuffer(data, np.int64, n),
        np.frombuffer(data, np.float64, n, 8 * n),
        np.frombuffer(data, np.uint16, n, 28 * n),
        np.frombuffer(data, np.int64, n, 16 * n),
    )


def concat_latest(a: LatestRows, b: LatestRows) -> LatestRows:
    """Join two sets of rows."""
    return LatestRows(
        np.concatenate((a.series, b.series)),
        np.concatenate((a.time, b.time)),
        np.concatenate((a.value, b.value)),
        np.concatenate((a.quality, b.quality)),
        np.concatenate((a.arrival, b.arrival)),
    )


def merge_latest(db: sqlite3.Connection, rows: LatestRows) -> None:
    """Merge newest samples into the snapshot: newest time, then newest arrival."""
    row = db.execute("SELECT value FROM meta WHERE key = 'latest'").fetchone()
    old = read_latest(row[0] if row else b"")
    both = concat_latest(old, rows)
    order = np.lexsort((both.arrival, both.time, both.series))
    s = both.series[order]
    last = order[np.flatnonzero(np.append(s[1:] != s[:-1], True))] if len(order) else order
    columns = (both.time, both.value, both.arrival, both.series, both.quality)
    data = b"".join(c[last].tobytes() for c in columns)
    set_meta(db, "latest", zlib.compress(data, 1))
