"""The disclosure gate: cells are suppressed, an attack finds nothing, differencing is refused, nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction

from chanye.domains.projects.actions.profiles import set_scope
from chanye.domains.projects.actions.releases import publish_release
from chanye.domains.projects.queries import releases
from chanye.domains.projects.types.releases import ReleaseDraft
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.types import PUBLIC
from statistics_kit import District

pytestmark = pytest.mark.django_db
#: Two big sectors over two towns; in one cell a single firm.
FIRMS = [("nev", "A", "large")] * 4 + [("nev", "B", "large")] * 4 + [("equipment", "A", "small")] * 4 + [
    ("equipment", "B", "small")
]  # fmt: skip
DRAFT = ReleaseDraft("Output", "output_value", "2025-01", "sector", "town")


@pytest.fixture
def district() -> District:
    made = District(FIRMS)
    values = {f"F{i}": {"output_value": 100_000_000 + 7_000_000 * i} for i in range(1, 14)}
    made.file_all({"2025-01": values})
    return made


def test_single_firms_cannot_be_worked_out(district: District) -> None:
    publish_release(actor=district.officer, office_id=district.id, draft=DRAFT)
    body = releases.releases(PUBLIC, district.id)[0].body
    labels = body["labels"]
    at = labels[0].index("equipment"), labels[1].index("B")
    assert body["values"][at[0]][at[1]] is None
    hidden = [(i, j) for i, row in enumerate(body["values"]) for j, one in enumerate(row) if one is None]
    rows = [sum(one is None for one in row) for row in body["values"]]
    assert len(hidden) >= 4
    assert 1 not in rows  # a sum less one hidden part is that part
    assert 1 not in [sum(row[j] is None for row in body["values"]) for j in range(3)]
    # What is published of the rest is true to the fen.
    table = np.zeros((3, 3), dtype=np.int64)
    for i, (sector, town, _size) in enumerate(FIRMS, start=1):
        r, c = labels[0].index(sector), labels[1].index(town)
        for x in (r, 2):
            for y in (c, 2):
                table[x, y] += 100_000_000 + 7_000_000 * i
    assert all(one is None or one == table[i, j] for i, row in enumerate(body["values"]) for j, one in enumerate(row))


def test_subtraction_from_an_earlier_table_is_refused(district: District) -> None:
    publish_release(
        actor=district.officer, office_id=district.id, draft=ReleaseDraft("A", "output_value", "2025-01", "sector")
    )
    set_scope(actor=district.officer, profile_id=district.firms["F1"].id, since="2020-01", until="2024-12")
    found = releases.preview(district.officer, district.id, ReleaseDraft("B", "output_value", "2025-01", "sector"))
    assert "subtraction" in found.refused
    with pytest.raises(ConfigError, match="subtraction"):
        publish_release(
            actor=district.officer,
            office_id=district.id,
            draft=ReleaseDraft("B", "output_value", "2025-01", "sector"),
        )


def test_what_is_published_stays(district: District) -> None:
    publish_release(actor=district.officer, office_id=district.id, draft=DRAFT)
    publish_release(actor=district.officer, office_id=district.id, draft=DRAFT)
    second, first = releases.releases(PUBLIC, district.id)
    assert second.previous == first.digest
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE projects_release SET body = ''")
    with pytest.raises(DeniedError):
        publish_release(actor=district.person("f", "finance"), office_id=district.id, draft=DRAFT)
    with pytest.raises(ConfigError, match="can be summed"):
        publish_release(
            actor=district.officer,
            office_id=district.id,
            draft=ReleaseDraft("x", "energy_intensity", "2025-01", "sector"),
        )
