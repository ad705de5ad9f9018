"""A plan is drafted, frozen, and then changed by nobody; who may see it."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from chanye.evidence import actions, queries
from chanye.evidence.bundle import digest_of
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import verify_chain
from evidence_kit import Firm, day, energy_plan


def _draft(firm: Firm, **changes) -> int:
    return actions.draft_plan(
        actor=firm.viewer, organisation_id=firm.id, asset_id=firm.site.id, draft=energy_plan(), **changes
    )


def test_a_plan_is_frozen_once_and_then_refuses_every_change(firm):
    plan_id = _draft(firm, key="k1")
    assert _draft(firm, key="k1") == plan_id
    with pytest.raises(ConfigError, match="another plan"):
        actions.draft_plan(
            actor=firm.viewer, organisation_id=firm.id, asset_id=firm.site.id, draft=energy_plan(claim=0.2), key="k1"
        )
    actions.change_plan(actor=firm.viewer, plan_id=plan_id, draft=energy_plan(claim=0.12))
    digest = actions.freeze_plan(actor=firm.viewer, plan_id=plan_id, now=day(310))
    assert actions.freeze_plan(actor=firm.viewer, plan_id=plan_id) == digest
    held = queries.plan(firm.viewer, plan_id)
    assert held.state == "frozen"
    assert digest_of(held.content) == digest == held.digest
    assert '"claim":0.12' in held.content
    with pytest.raises(ConfigError, match="frozen"):
        actions.change_plan(actor=firm.viewer, plan_id=plan_id, draft=energy_plan())
    statements = [
        "UPDATE evidence_plan SET claim = 0.01",
        "UPDATE evidence_plan SET content = ''",
        "UPDATE evidence_plan SET digest = ''",
        "DELETE FROM evidence_plan",
    ]
    actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(320), finished=day(330))
    actions.log_event(actor=firm.viewer, plan_id=plan_id, kind="shutdown", start=day(350), end=day(352), note="flood")
    statements += ["DELETE FROM evidence_event", "UPDATE evidence_upgrade SET began = 0"]
    for statement in statements:
        with pytest.raises(Error, match="frozen plan"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert queries.plan(firm.viewer, plan_id).events[0].note == "flood"
    assert verify_chain().sound


def test_an_upgrade_before_the_plan_is_frozen_is_refused(firm):
    plan_id = _draft(firm)
    with pytest.raises(ConfigError, match="Freeze the plan before"):
        actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(320), finished=day(330))
    actions.freeze_plan(actor=firm.viewer, plan_id=plan_id, now=day(325))
    with pytest.raises(ConfigError, match="before the plan was frozen"):
        actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(320), finished=day(330))
    with pytest.raises(ConfigError, match="not in the future"):
        actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(326), finished=day(330), now=day(327))
    actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(326), finished=day(330))
    actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(326), finished=day(330))
    with pytest.raises(ConfigError, match="recorded already"):
        actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(326), finished=day(331))


def test_others_see_nothing_and_an_office_what_was_given_to_it(firm, history):
    other, office = Firm(history, "other"), Firm(history, "office", office=True)
    mine, given = _draft(firm), _draft(firm, office_id=office.id)
    assert [one.id for one in queries.plans(other.viewer)] == []
    assert [one.id for one in queries.plans(office.viewer)] == [given]
    assert {one.id for one in queries.plans(firm.viewer)} == {mine, given}
    for viewer, plan_id in ((other.viewer, mine), (office.viewer, mine)):
        with pytest.raises(DeniedError):
            queries.plan(viewer, plan_id)
        with pytest.raises(DeniedError):
            actions.freeze_plan(actor=viewer, plan_id=plan_id)
    with pytest.raises(DeniedError):
        actions.freeze_plan(actor=office.viewer, plan_id=given)
    with pytest.raises(ConfigError, match="other assets of your own"):
        actions.draft_plan(
            actor=firm.viewer,
            organisation_id=firm.id,
            asset_id=firm.site.id,
            draft=energy_plan(method="group_time", controls=(other.site.id,)),
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": " "}, "title"),
        ({"method": "guess"}, "method"),
        ({"measure": "factory.luck"}, "no measure"),
        ({"upgrade_kind": "magic"}, "kind of upgrade"),
        ({"baseline_end": day(0)}, "baseline"),
        ({"claim": float("nan")}, "claim"),
        ({"claim": -0.1}, "claim"),
        ({"confidence": 1.0}, "confidence"),
        ({"months": ()}, "months"),
        ({"exclusions": ((day(1), day(2), ""),)}, "exclusion"),
        ({"normalisers": ("factory.energy_per_piece",)}, "itself"),
        ({"title": "a\x00\ud800"}, ""),
    ],
)
def test_what_cannot_be_a_plan_is_refused_in_words(firm, change, words):
    if not words:
        assert actions.draft_plan(
            actor=firm.viewer, organisation_id=firm.id, asset_id=firm.site.id, draft=energy_plan(**change)
        )
        return
    with pytest.raises(ConfigError, match=words):
        actions.draft_plan(
            actor=firm.viewer, organisation_id=firm.id, asset_id=firm.site.id, draft=energy_plan(**change)
        )
