"""Stored files: pictures, NC programs and documents, each kept once under the SHA-256 of its content.

A file lies at ``files/ab/cdef…``. It is whole and on the disk before anything refers to it: written under another
name, synced, renamed, and its folder synced. A crash in between leaves a file that nobody refers to, which ``sweep``
takes away after a day. What a file is, its own bytes say; names and types that a client sends are not believed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
import unicodedata
import uuid
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError, TransientError

CHUNK = 1 << 20
#: Age after which a file that nobody refers to goes away. [s]
GRACE = 86_400.0
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Bytes that text may hold beside printable ones: tab, line ends, form feed, and the marks of punched tape.
_IN_TEXT = frozenset({3, 4, 9, 10, 12, 13, 17, 18, 19, 20, 26})


@dataclass(frozen=True, slots=True)
class FileKind:
    """How large it may be [bytes], and what its bytes must be: ``recognise`` answers the media type or ""."""

    limit: int
    recognise: Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is on the disk: its digest, size [bytes], kind and media type."""

    sha256: str
    size: int
    kind: str
    media_type: str


def _picture(path: Path) -> str:
    head = _head(path, 16)
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""


def _document(path: Path) -> str:
    if _head(path, 5) == b"%PDF-":
        return "application/pdf"
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ""
    plain = {"[Content_Types].xml", "xl/workbook.xml"} <= names
    return XLSX if plain and not any(name.lower().endswith("vbaproject.bin") for name in names) else ""


def _program(path: Path) -> str:
    """Tell whether it is text, in UTF-8 or in GB 18030 as the controls of the trade write it."""
    data = path.read_bytes()
    if _picture(path) or data.startswith(b"%PDF-") or any(byte < 32 and byte not in _IN_TEXT for byte in set(data)):
        return ""
    for charset in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            data.decode(charset)
            return f"text/plain; charset={charset}"
    return ""


def _bundle(path: Path) -> str:
    """Tell whether it is a ZIP with a manifest, as evidence is handed out."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "application/zip" if "manifest.json" in archive.namelist() else ""
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ""


KINDS: dict[str, FileKind] = {
    "picture": FileKind(10 << 20, _picture),
    "document": FileKind(20 << 20, _document),
    "program": FileKind(20 << 20, _program),
    "bundle": FileKind(64 << 20, _bundle),
}


def place(folder: Path, sha256: str) -> Path:
    """Return where the file of that digest lies."""
    return folder / sha256[:2] / sha256[2:]


def clean_name(name: str) -> str:
    """Return a file name without folders, control or invisible characters, at most 200 characters; never empty."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip(" .")
    stem, dot, ending = shown.rpartition(".")
    if len(shown) > 200:
        shown = f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) < 20 else shown[:200]
    return shown or "file"


def keep(folder: Path, stream: BinaryIO, kinds: Collection[str], *, min_free: int = 0) -> Kept:
    """Store the content of a stream durably and return what it is.

    Parameters
    ----------
    folder
        Root of the store.
    stream
        Read to its end, or to the limit of the largest kind.
    kinds
        What is wanted, keys of ``KINDS``.
    min_free
        Free space of the disk that must remain. [bytes]

    Raises
    ------
    ConfigError
        If it is empty, too large, or not one of the kinds.
    TransientError
        If the disk is full.
    """
    coming = folder / "coming" / uuid.uuid4().hex
    with _disk_errors():
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sync(folder.parent)
        coming.parent.mkdir(exist_ok=True)
        if shutil.disk_usage(folder).free < min_free:
            raise TransientError(_full())
        try:
            sha256, size = _take_in(stream, coming, max(KINDS[kind].limit for kind in kinds))
            kind, media_type = _judge(coming, size, kinds)
            target = place(folder, sha256)
            with _hold(folder, fcntl.LOCK_SH):
                target.parent.mkdir(exist_ok=True)
                # Over one that is there already: its age begins anew, and one that the disk has damaged is healed.
                coming.replace(target)
            _sync(target.parent)
            _sync(folder)
        finally:
            coming.unlink(missing_ok=True)
    return Kept(sha256, size, kind, media_type)


def _take_in(stream: BinaryIO, target: Path, limit: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise ConfigError(_too_large(limit))
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise ConfigError(_("The file is empty: choose another one."))
    return digest.hexdigest(), size


def _judge(path: Path, size: int, kinds: Collection[str]) -> tuple[str, str]:
    """Return kind and media type, by content alone."""
    for name, kind in KINDS.items():
        if name in kinds and (media_type := kind.recognise(path)):
            if size > kind.limit:
                raise ConfigError(_too_large(kind.limit))
            return name, media_type
    wanted = {
        "picture": _("a picture (JPEG, PNG, WebP)"),
        "document": _("a document (PDF, XLSX without macros)"),
        "program": _("a program (text in UTF-8 or GB 18030)"),
        "bundle": _("a bundle (ZIP with its manifest)"),
    }
    choice = " / ".join(wanted[name] for name in KINDS if name in kinds)
    said = _("The content of this file is not what is wanted here: choose %(choice)s.")
    raise ConfigError(said % {"choice": choice})


def _too_large(limit: int) -> str:
    return _("The file is larger than %(n)d MB: make it smaller, or choose another one.") % {"n": limit >> 20}


def _full() -> str:
    return _("The disk of the server is full: free some space, then try again.")


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TransientError(_full()) from error
        raise


@contextmanager
def _hold(folder: Path, how: int) -> Iterator[None]:
    """Hold the lock of the store: many put files in place together, one alone takes them away."""
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, how)
        yield


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def digests(folder: Path) -> Iterator[str]:
    """Yield the digest of every file in the store."""
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        yield path.parent.name + path.name


def fault(folder: Path, sha256: str, size: int) -> str:
    """Read the file of a digest again and say what is wrong with it; empty if nothing."""
    path = place(folder, sha256)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != size:
                return "it has another size"
            return "" if hashlib.file_digest(file, "sha256").hexdigest() == sha256 else "its content has changed"
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"


def sweep(folder: Path, referred: Callable[[Collection[str]], set[str]], *, older: float = GRACE) -> int:
    """Take away files that nobody refers to and the remains of interrupted writes; return how many.

    Parameters
    ----------
    referred
        Told digests, answers those that something refers to.
    older
        Only files at least this old, for the row that refers to a young one may be about to come. [s]
    """
    if not folder.exists():
        return 0
    before = time.time() - older
    gone = 0
    old = [one for one in digests(folder) if place(folder, one).stat().st_mtime <= before]
    for start in range(0, len(old), 500):
        some = old[start : start + 500]
        loose = set(some) - referred(some)
        with _hold(folder, fcntl.LOCK_EX):
            gone += sum(_remove(place(folder, one), before) for one in loose)
    return gone + sum(_remove(path, before) for path in (folder / "coming").glob("*"))


def _remove(path: Path, before: float) -> bool:
    """Remove a file unless it was written anew meanwhile."""
    with suppress(FileNotFoundError):
        if path.stat().st_mtime <= before:
            path.unlink()
            return True
    return False
