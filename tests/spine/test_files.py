"""Stored files: known by their content, durable before they are referred to, seen by their own organisation alone."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from PIL import Image

from chanye.cli.backup import backup
from chanye.cli.verify import check_files
from chanye.kernel.errors import ConfigError, DeniedError, TransientError
from chanye.kernel.settings import Settings, get_settings
from chanye.parties.models import AuditEntry, Organisation
from chanye.parties.types import PUBLIC, SYSTEM, Viewer
from chanye.spine import actions, files, queries
from chanye.spine.models import StoredFile
from chanye.spine.types import FileRef

ALL = tuple(files.KINDS)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def drawn(form: str, colour: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2, 2), (colour, 0, 0)).save(out, form)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


PNG = drawn("PNG")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path / "var"))
    get_settings.cache_clear()
    (tmp_path / "var").mkdir()
    yield tmp_path / "var"
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def firm(db: None, data: Path) -> Viewer:
    row = Organisation.objects.create(name="嘉泰精密", code="jiatai")
    return Viewer(1, row.pk, frozenset({"engineer"}), name="王工")


def store(viewer: Viewer, data: bytes, *kinds: str, name: str = "a.png") -> FileRef:
    found = kinds or ("picture",)
    return actions.store_file(
        actor=viewer, organisation_id=viewer.organisation_id or 0, name=name, data=data, kinds=found
    )


def age(data: Path, days: float) -> None:
    """Make every file of the store that much older."""
    for path in (data / "files").rglob("*"):
        then = path.stat().st_mtime - days * 86_400
        os.utime(path, (then, then))


@pytest.mark.parametrize(
    ("content", "kind", "media_type"),
    [
        (PNG, "picture", "image/png"),
        (drawn("JPEG"), "picture", "image/jpeg"),
        (drawn("WEBP"), "picture", "image/webp"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "document", "application/pdf"),
        (workbook(), "document", files.XLSX),
        (b"%\nO0001 (PART 7)\nG0 X10. Y0\nM30\n%\n", "program", "text/plain; charset=utf-8"),
        ("%\nO0001 (法兰盘)\nM30\n".encode(), "program", "text/plain; charset=utf-8"),
        ("%\nO0001 (法兰盘)\nM30\n".encode("gb18030"), "program", "text/plain; charset=gb18030"),
        (b"\x12\x11%\r\nO1\r\nM30\r\n%\x14\x13", "program", "text/plain; charset=utf-8"),
    ],
)
def test_the_content_says_what_a_file_is(tmp_path: Path, content: bytes, kind: str, media_type: str) -> None:
    kept = files.keep(tmp_path, io.BytesIO(content), ALL)
    assert (kept.kind, kept.media_type, kept.size) == (kind, media_type, len(content))
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert files.place(tmp_path, kept.sha256).read_bytes() == content
    for other in set(ALL) - {kind}:
        with pytest.raises(ConfigError, match="choose"):
            files.keep(tmp_path, io.BytesIO(content), [other])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SVG,
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a\x01\x00\x01\x00",
        b"MZ\x90\x00\x03",
        b"\x89PN",
        b"RIFF\x00\x00\x00\x00WAVE",
        zipped("a.txt"),
        zipped("[Content_Types].xml", "word/document.xml"),
        zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"),
        b"PK\x03\x04" + b"\xff" * 60,
        workbook()[:-30],
    ],
)
def test_what_is_no_picture_or_document_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigError, match="choose"):
        files.keep(tmp_path, io.BytesIO(content), ["picture", "document"])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_are_judged_without_a_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    found = {name: kind.recognise(path) for name, kind in files.KINDS.items()}
    assert sum(bool(media_type) for media_type in found.values()) <= 1
    if b"\x00" in content:
        assert not found["program"]


@given(st.text(max_size=230))
def test_a_name_has_no_folders_and_nothing_invisible(name: str) -> None:
    clean = files.clean_name(name)
    assert 0 < len(clean) <= 200
    assert not set(clean) & set("/\\\0\r\n\t")
    assert clean not in {".", ".."}
    assert clean.isprintable() or " " in clean or not clean.isascii()
    assert files.clean_name(clean) == clean


def test_names_by_hand() -> None:
    assert files.clean_name("C:\\bilder\\照片 1.jpg") == "照片 1.jpg"
    assert files.clean_name("../../etc/passwd") == "passwd"
    assert files.clean_name("a\u202egpj.exe") == "agpj.exe"
    assert files.clean_name("x" * 300 + ".mpf").endswith("x.mpf")
    assert files.clean_name("///") == "file"


def test_a_limit_is_kept_while_reading(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        told = 0

        def read(self, size: int = -1) -> bytes:
            self.told += size
            return b"\xff\xd8\xff" + b"x" * (size - 3)

    endless = Endless()
    with pytest.raises(ConfigError, match="10 MB"):
        files.keep(tmp_path, endless, ["picture"])  # type: ignore[arg-type]  # as much of a stream as is read
    assert endless.told <= 12 << 20
    large = drawn("JPEG") + b"x" * (11 << 20)
    with pytest.raises(ConfigError, match="10 MB"):
        files.keep(tmp_path, io.BytesIO(large), ALL)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="full"):
        files.keep(tmp_path, io.BytesIO(PNG), ALL, min_free=1 << 60)
    if Path("/dev/full").exists():

        class Full(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                with Path("/dev/full").open("wb", buffering=0) as disk:
                    disk.write(b"x")
                return b""

        with pytest.raises(TransientError, match="full"):
            files.keep(tmp_path, Full(), ALL)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_content_is_kept_once_for_each_organisation(firm: Viewer, data: Path) -> None:
    other = Viewer(2, Organisation.objects.create(name="另一家", code="other").pk, frozenset({"operator"}))
    ref = store(firm, PNG, name="../首件.png")
    assert (ref.name, ref.stored_by, ref.media_type) == ("首件.png", "王工", "image/png")
    assert store(firm, PNG, name="again.png") == ref
    theirs = store(other, PNG)
    assert theirs.id != ref.id
    assert len(list(files.digests(data / "files"))) == 1
    assert AuditEntry.objects.filter(verb="store_file").count() == 2
    with queries.open_file(firm, ref) as file:
        assert file.read() == PNG
    assert queries.files_by_id(firm, [ref.id, theirs.id]) == {ref.id: ref}
    assert list(queries.stored_files(SYSTEM)) == [ref, theirs]
    for viewer in (other, PUBLIC, Viewer(3, None)):
        with pytest.raises(DeniedError):
            queries.file(viewer, ref.id)
        with pytest.raises(DeniedError):
            queries.open_file(viewer, ref)
    with pytest.raises(DeniedError):
        actions.store_file(actor=other, organisation_id=firm.organisation_id or 0, name="x", data=PNG)
    with pytest.raises(DeniedError):
        actions.sweep_files(actor=firm)


def test_a_kill_between_file_and_row_leaves_a_file_that_is_swept(firm: Viewer, data: Path) -> None:
    kept = store(firm, PNG)
    child = os.fork()
    if not child:  # a process that dies once its file is whole, before its row; and one in the middle of writing

        class Dying(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                chunk = super().read(5)
                return chunk if self.tell() < 10 else os.kill(os.getpid(), signal.SIGKILL) or b""

        files.keep(data / "files", io.BytesIO(drawn("PNG", 9)), ["picture"])
        files.keep(data / "files", Dying(PNG), ["picture"])
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert len(list((data / "files" / "coming").iterdir())) == 1
    summary = check_files(data / "files")
    assert [one.fault for one in summary] == [""]
    assert "1 not referred to" in summary[0].checked
    assert actions.sweep_files(actor=SYSTEM) == 0  # its row may be about to come
    age(data, 2)
    assert actions.sweep_files(actor=SYSTEM) == 2
    assert list(files.digests(data / "files")) == [kept.sha256]
    assert list((data / "files" / "coming").iterdir()) == []
    assert AuditEntry.objects.get(verb="sweep_files").detail == '{"removed":2}'


def test_storing_again_makes_an_old_orphan_young(tmp_path: Path) -> None:
    kept = files.keep(tmp_path, io.BytesIO(PNG), ALL)

    def referred(asked: object) -> set[str]:
        """Answer late: meanwhile somebody stores the same content."""
        files.keep(tmp_path, io.BytesIO(PNG), ALL)
        return set()

    path = files.place(tmp_path, kept.sha256)
    os.utime(path, (0, 0))
    assert files.sweep(tmp_path, referred) == 0
    assert time.time() - path.stat().st_mtime < 60


def test_verify_names_what_is_missing_or_changed_and_storing_again_heals(firm: Viewer, data: Path) -> None:
    good, changed, missing = (store(firm, drawn("PNG", n)) for n in (1, 2, 3))
    path = files.place(data / "files", changed.sha256)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    files.place(data / "files", missing.sha256).unlink()
    found = check_files(data / "files")
    assert found[0].fault == "2 problems"
    assert [one.fault for one in found[1:]] == ["its content has changed", "it is missing"]
    assert f"file {missing.id} " in found[2].checked
    with pytest.raises(TransientError, match="backup"):
        queries.open_file(firm, missing)
    store(firm, drawn("PNG", 2))
    store(firm, drawn("PNG", 3))
    assert [one.fault for one in check_files(data / "files")] == [""]
    assert good.sha256 in set(files.digests(data / "files"))


def test_a_backup_holds_the_files(firm: Viewer, data: Path, tmp_path: Path) -> None:
    ref = store(firm, PNG)
    (data / "files" / "coming" / "rest").write_bytes(b"x")
    assert backup(Settings(data=data), tmp_path / "copy") == ["files: 1"]
    copy = tmp_path / "copy" / "files"
    assert files.place(copy, ref.sha256).read_bytes() == PNG
    assert not (copy / "coming").exists()
    assert StoredFile.objects.count() == 1
