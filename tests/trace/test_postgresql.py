"""Lots, serials and their genealogy on PostgreSQL answer as on SQLite; two writers at once use no piece twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import threading
import django
django.setup()
from django.core.management import call_command
from django.db import connection
for room in ("spine", "trace"):  # what the script needs, and what that needs: half the time of all
    call_command("migrate", room, verbosity=0)
from chanye.kernel.errors import ConfigError
from chanye.parties.actions import create_organisation
from chanye.parties.types import SYSTEM, Viewer
from chanye.trace import actions, queries
from chanye.trace.types import ContainerDraft, LotDraft, SerialsDraft, Use

firm = create_organisation(actor=SYSTEM, code="firm", name="Firm")
who = Viewer(None, firm, frozenset({"engineer"}), name="eva")
heat = actions.commission_lot(actor=who, organisation_id=firm, material_code="steel", lot="H1", quantity=1000,
                              unit="kg", key="1").item
sub = actions.consume(actor=who, inputs=[Use(heat, 800)], outputs=[LotDraft("steel", "H1a", 800, "kg")], key="2").item
parts = actions.consume(actor=who, inputs=[Use(sub, 400)],
                        outputs=[SerialsDraft("part", count=2000, prefix="P")], key="3").items[0]
units = actions.consume(actor=who, inputs=[Use(parts), Use(sub, 400)], each=True,
                        outputs=[SerialsDraft("unit", count=2000, prefix="U")], key="4").items[0]
box = actions.commission_containers(actor=who, organisation_id=firm, containers=[ContainerDraft("B")], key="5").item
actions.pack(actor=who, container=box, items=units[:500], key="6")
actions.ship(actor=who, items=box, to="Changan", key="7")
found = queries.recall(who, heat)
print("reached", len(found.reach.items), found.reach.stages, round(found.unused), round(found.here),
      round(found.shipped))
print("back", queries.backward(who, units[7]).items.tolist() == [heat, sub, parts[7], units[7]])
print("find", [i.status for i in queries.find(who, "U0007")], len(queries.codes(who, [units])))
print("history", [e.verb for e in queries.events(who, item_id=units[7])])
again = actions.ship(actor=who, items=box, to="Changan", key="7")
print("again", again.repeated)
try:
    actions.commission_serials(actor=who, organisation_id=firm, material_code="part", serials=("X", "P0001"), key="8")
except ConfigError as error:
    print("refused", "P0001" in str(error))
lot = actions.commission_lot(actor=who, organisation_id=firm, material_code="oil", lot="O", quantity=10, unit="L",
                             key="9").item
mix = actions.consume(actor=who, inputs=[Use(lot, 4), Use(heat, 1)], outputs=[LotDraft("mix", "M", 4, "L")],
                      key="put", reference="W").item
for _twice in range(2):
    actions.take_back(actor=who, item=lot, was="put", reference="W", key="back")
print("taken back", queries.item(who, lot).left, queries.backward(who, mix).items.tolist() == [heat, mix])
taken = []

def use(name):
    try:
        for i in range(10):
            try:
                actions.consume(actor=who, inputs=[Use(lot, 1)], outputs=[], key=f"{name}{i}")
                taken.append(1)
            except ConfigError:
                pass
    finally:
        connection.close()

threads = [threading.Thread(target=use, args=(name,)) for name in "abc"]
[t.start() for t in threads]
[t.join() for t in threads]
print("taken", len(taken), queries.item(who, lot).left)
"""


@pytest.mark.slow
def test_trace_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    env = os.environ | {
        "CHANYE_DATABASE": postgresql_url,
        "CHANYE_DATA": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "DJANGO_SETTINGS_MODULE": "chanye.web.settings",
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [
        "reached 4002 2 200 600 200",
        "back True",
        "find ['shipped'] 2000",
        "history ['ship', 'pack', 'consume']",
        "again True",
        "refused True",
        "taken back 10 True",
        "taken 10 0",
    ]
