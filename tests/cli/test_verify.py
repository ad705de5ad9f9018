"""``chanye verify`` names what is broken and says so with its exit code."""

from pathlib import Path

import numpy as np
import pytest
from django.db import connection, transaction

from chanye.cli.verify import check_audit, check_history, parse_head, run
from chanye.kernel.errors import ConfigError
from chanye.parties.append_only import AUDIT
from chanye.parties.audit import record
from chanye.parties.types import SYSTEM
from chanye.spine.history import Batch, History


def _history(folder: Path) -> None:
    n = 1000
    time = np.arange(n, dtype=np.int64) * 1_000_000 + 1
    with History(folder) as history:
        zeros = np.zeros(n, np.uint16)
        history.append(Batch("s", 1, np.ones(n, np.uint32), time, np.sin(time.astype(float)), zeros))
        history.flush()


@pytest.mark.django_db
def test_all_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction.atomic():
        record(actor=SYSTEM, verb="try", target="a:1")
    _history(tmp_path / "history")
    assert run(tmp_path / "history") == 0
    said = capsys.readouterr().out
    assert "1 rows" in said
    assert "1000 samples" in said
    head = check_audit().checked.split()[-1]
    assert run(tmp_path / "none", head) == 0
    assert run(tmp_path / "none", f"1:{'0' * 64}") == 1


@pytest.mark.django_db
def test_a_changed_row_and_a_flipped_byte_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _history(tmp_path)
    part = max(tmp_path.rglob("*.parquet"), key=lambda path: path.stat().st_size)
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert any(part.name in one.checked and one.fault for one in check_history(tmp_path)[1:])
    with transaction.atomic():
        record(actor=SYSTEM, verb="try", target="a:1")
    with connection.cursor() as cursor:
        for statement in AUDIT.drop(connection.vendor):
            cursor.execute(statement)
        cursor.execute("UPDATE parties_auditentry SET verb = 'other'")
    assert run(tmp_path) == 1
    said = capsys.readouterr().out
    assert "first fault: audit chain" in said
    assert "row 1 was changed" in said
    assert part.name in said


def test_a_head_has_a_form() -> None:
    assert parse_head("") is None
    for bad in ("1", "x:" + "0" * 64, "1:abc", "²:" + "0" * 64):
        with pytest.raises(ConfigError):
            parse_head(bad)
