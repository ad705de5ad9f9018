"""EPCIS 2.0 in and out: documents as others write them, our own taken back, what is malformed refused by path."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from chanye.kernel.errors import ConfigError
from chanye.trace import actions, queries
from chanye.trace.epcis.write import document
from chanye.trace.models import Event
from chanye.trace.types import ContainerDraft, LotDraft, SerialsDraft, Use
from epcis_story import LINK, STORY
from trace_kit import Firm


def capture(firm: Firm, told: object) -> actions.Captured:
    return actions.capture(actor=firm.viewer, organisation_id=firm.id, document=told)


def test_a_story_of_another_system_is_taken_over_once(firm: Firm) -> None:
    # The check digits make 4012345 012345 -> 04012345123456 and 9521141 012345 -> 09521141123454.
    assert capture(firm, STORY).captured == 7
    (lot,) = queries.find(firm.viewer, "998877")
    assert (lot.material_code, lot.left, lot.unit) == ("04012345123456", pytest.approx(79.5), "kg")
    (unit,) = queries.find(firm.viewer, f"{LINK}/21/11")
    assert (unit.status, unit.holder) == ("shipped", "https://id.gs1.org/417/4012345000115")
    assert unit.container is not None
    assert unit.attributes == {"ex:program": "O1234"}
    assert queries.backward(firm.viewer, unit.id).items.tolist() == [lot.id, unit.id]
    assert queries.recall(firm.viewer, lot.id).shipped == pytest.approx(120.5 * 2 / 3)
    again = capture(firm, json.loads(json.dumps(STORY)))
    assert (again.captured, again.repeated) == (0, 7)
    assert Event.objects.count() == 7


def test_what_we_tell_is_understood(firm: Firm, other: Firm) -> None:
    heat = firm.lot("H1", 100)
    sub = firm.consume({heat: 60}, [LotDraft("blank", "B1", 12)]).item
    parts = firm.consume({sub: 12}, [SerialsDraft("part", count=4, prefix="P")]).items[0]
    firm.consume([Use(parts), Use(heat, 8)], [SerialsDraft("unit", count=2, prefix="U")], each=True)
    units = queries.find(firm.viewer, "U1")[0].id
    box = actions.commission_containers(
        actor=firm.viewer, organisation_id=firm.id, containers=[ContainerDraft("B")], key="box"
    ).item
    for verb, more in (
        ("pack", {"container": box, "items": [units]}),
        ("block", {"items": units + 1, "reason": "crack"}),
        ("release", {"items": units + 1, "reason": "fine"}),
        ("scrap", {"items": units + 1}),
        ("ship", {"items": box, "to": "Changan"}),
    ):
        getattr(actions, verb)(actor=firm.viewer, key=verb, **more)
    told, after = queries.happened(firm.viewer)
    assert after is None
    found = capture(other, json.loads(json.dumps(document("jia", told, 0))))
    assert found.repeated == 0
    for code in ("H1", "B1", "P1", "P4", "U1", "U2"):
        mine, theirs = queries.find(firm.viewer, code)[0], queries.find(other.viewer, code)[0]
        assert (theirs.status, theirs.left, theirs.made, theirs.unit) == (
            mine.status,
            mine.left,
            mine.made,
            mine.unit,
        )
        ours = queries.forward(firm.viewer, mine.id)
        copied = queries.forward(other.viewer, theirs.id)
        assert sorted(copied.quantity.tolist()) == pytest.approx(sorted(ours.quantity.tolist()))
        assert sorted(copied.stage.tolist()) == sorted(ours.stage.tolist())
    assert queries.find(other.viewer, "U1")[0].holder == "urn:chanye:party:Changan"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("type", "Invoice", "type"),
        ("schemaVersion", "1.2", "schemaVersion"),
        ("epcisBody", [], "epcisBody"),
        ("epcisBody.eventList", {}, "epcisBody.eventList"),
        ("epcisBody.eventList.1.type", "QuantityEvent", "epcisBody.eventList[1].type"),
        ("epcisBody.eventList.0.action", "CREATE", "epcisBody.eventList[0].action"),
        ("epcisBody.eventList.0.eventTime", "yesterday", "epcisBody.eventList[0].eventTime"),
        ("epcisBody.eventList.0.eventTime", "2026-04-03T20:30:47", "epcisBody.eventList[0].eventTime"),
        ("epcisBody.eventList.0.eventTime", 17, "epcisBody.eventList[0].eventTime"),
        ("epcisBody.eventList.0.eventID", "no uri", "epcisBody.eventList[0].eventID"),
        ("epcisBody.eventList.0.bizStep", "comissioning", "epcisBody.eventList[0].bizStep"),
        ("epcisBody.eventList.0.quantityList.0.quantity", -3, "epcisBody.eventList[0].quantityList[0].quantity"),
        ("epcisBody.eventList.0.quantityList.0.quantity", "3", "epcisBody.eventList[0].quantityList[0].quantity"),
        ("epcisBody.eventList.0.quantityList.0.uom", "XXX", "epcisBody.eventList[0].quantityList[0].uom"),
        ("epcisBody.eventList.1.outputEPCList", [], "epcisBody.eventList[1].outputEPCList"),
        ("epcisBody.eventList.1.outputEPCList.2", {"a": 1}, "epcisBody.eventList[1].outputEPCList[2]"),
        ("epcisBody.eventList.3.parentID", None, "epcisBody.eventList[3].parentID"),
        ("epcisBody.eventList.3.childEPCs.1", f"{LINK}/21/99", "epcisBody.eventList[3].childEPCs[1]"),
        ("epcisBody.eventList.1.inputQuantityList.0.quantity", 500, "epcisBody.eventList[1]"),
        ("epcisBody.eventList.2.epcList.0", "https://id.gs1.org/00/095211411234567891", "epcisBody.eventList[2]"),
        ("epcisBody.eventList.0.ilmd", "x", "epcisBody.eventList[0].ilmd"),
    ],
)
def test_what_is_malformed_is_refused_with_its_path(firm: Firm, path: str, value: object, named: str) -> None:
    told = copy.deepcopy(STORY)
    node: Any = told
    *way, last = path.split(".")
    for name in way:
        node = node[int(name)] if name.isdigit() else node[name]
    node[int(last) if last.isdigit() else last] = value
    with pytest.raises(ConfigError) as refused:
        capture(firm, told)
    assert str(refused.value).startswith(f"{named}: "), str(refused.value)
    assert not Event.objects.exists(), "a refused document leaves nothing behind"


@pytest.mark.parametrize("told", [None, 1, "x", [], {}, {"type": None}, {"type": "ObjectEvent"}])
def test_what_is_no_document_is_refused(firm: Firm, told: object) -> None:
    with pytest.raises(ConfigError):
        capture(firm, told)


def test_the_same_identifier_with_another_story_is_refused(firm: Firm) -> None:
    capture(firm, STORY)
    told = copy.deepcopy(STORY)
    told["epcisBody"]["eventList"][0]["quantityList"][0]["quantity"] = 201
    with pytest.raises(ConfigError, match=r"eventList\[0\].*identifier"):
        capture(firm, told)
