"""What was measured: true effects are found, none is invented, and what cannot be measured says why."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from chanye.evidence import actions, bundle, queries
from chanye.kernel.errors import ConfigError
from chanye.spine import queries as spine
from evidence_kit import Firm, day, energy_plan


def _measured(firm: Firm, *, end: int = 500, known_at: int | None = None, office_id=None, **changes):
    plan_id = actions.draft_plan(
        actor=firm.viewer,
        organisation_id=firm.id,
        asset_id=firm.site.id,
        draft=energy_plan(**changes),
        office_id=office_id,
    )
    actions.freeze_plan(actor=firm.viewer, plan_id=plan_id, now=day(305))
    actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(310), finished=day(330))
    return actions.measure_effect(actor=firm.viewer, plan_id=plan_id, start=day(330), end=day(end), known_at=known_at)


def test_a_true_effect_lies_in_its_interval_and_the_same_moment_gives_the_same_bytes(firm):
    firm.run(effect=0.12)
    found = _measured(firm)
    assert found.verdict == "confirmed"
    assert found.lower < 0.12 < found.upper
    assert found.lower < found.least < found.estimate
    assert (found.before_days, found.after_days, found.coverage) == (300, 170, 1.0)
    again = actions.measure_effect(
        actor=firm.viewer, plan_id=found.plan_id, start=found.start, end=found.end, known_at=found.known_at
    )
    assert again == found
    held = queries.bundle(firm.viewer, found.id)
    assert bundle.check(held.data) == ""
    assert held.sha256 == found.bundle_digest


def test_without_an_effect_none_is_claimed(firm):
    firm.run(effect=0.0, seed=3)
    found = _measured(firm)
    assert found.verdict == "below"
    assert found.lower <= 0 <= found.upper


def test_later_data_change_later_answers_only(firm):
    firm.run(effect=0.12, dark=(400, 410))
    before = _measured(firm)
    (ref,) = spine.series_of(firm.viewer, [firm.site.id], roles=["energy"])
    firm.write(ref, np.array([day(450)]), np.array([1.0]))
    again = actions.measure_effect(
        actor=firm.viewer, plan_id=before.plan_id, start=before.start, end=before.end, known_at=before.known_at
    )
    assert again.inputs_digest == before.inputs_digest
    later = actions.measure_effect(actor=firm.viewer, plan_id=before.plan_id, start=before.start, end=before.end)
    assert later.inputs_digest != before.inputs_digest


def test_a_changed_byte_is_found_in_each_member(firm):
    firm.run(days=400, upgrade=330, effect=0.12)
    found = _measured(firm, end=400)
    data = queries.bundle(firm.viewer, found.id).data
    members = bundle.unpack(data)
    assert set(members) == {*bundle.MEMBERS, bundle.MANIFEST}
    for member in members:
        for at in (0, len(members[member]) // 2, -1):
            changed = bytearray(members[member])
            changed[at] ^= 1
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                for name, content in members.items():
                    archive.writestr(name, bytes(changed) if name == member else content)
            assert member in bundle.check(out.getvalue()) or "manifest.json" in bundle.check(out.getvalue())
    assert bundle.check(data[:-30]) != ""


def test_what_cannot_be_measured_says_why(firm, history):
    firm.run(effect=0.12)
    short = _measured(firm, end=380)
    assert (short.verdict, short.estimate) == ("not_measurable", None)
    assert "50 days; it takes 60" in short.why
    stuck = Firm(history, "stuck")
    stuck.counter("part_count", np.round(1000 + 50 * np.random.default_rng(1).normal(size=500)))
    stuck.counter("energy", np.concatenate([np.full(5, 100.0), np.zeros(495)]))
    assert "stuck" in _measured(stuck).why
    for plan_id in (short.plan_id,):
        with pytest.raises(ConfigError, match="must be over"):
            actions.measure_effect(
                actor=firm.viewer, plan_id=plan_id, start=day(330), end=day(400), known_at=day(390)
            )


def test_withheld_data_are_the_firms_fault_and_an_outage_the_platforms(history, db):
    office = Firm(history, "office", office=True)
    firms = [Firm(history, code) for code in ("one", "two", "three", "four")]
    for i, firm in enumerate(firms):
        firm.run(seed=i + 1, dark=(340, 420) if i == 0 else None)
    found = _measured(firms[0], office_id=office.id)
    assert (found.verdict, found.blame) == ("not_measurable", "firm")
    assert "known" in found.why
    actions.declare_blame(actor=office.viewer, effect_id=found.id, blame="platform", reason="the gateway was ours")
    assert queries.effect(office.viewer, found.id).blame == "platform"


def test_detectability_says_beforehand_what_can_be_shown(firm):
    firm.run(effect=0.0)
    found = queries.detectability(
        firm.viewer, firm.id, firm.site.id, "factory.energy_per_piece", day(0), day(300), months=6
    )
    assert found.refusals == ()
    assert 0.01 < found.relative < 0.05
    short = queries.detectability(firm.viewer, firm.id, firm.site.id, "factory.energy_per_piece", day(0), day(60))
    assert short.relative is None
    assert "60 days; it takes 180" in short.refusals[0]
    (asset,) = queries.assets_and_measures(firm.viewer, firm.id)
    assert asset.measures == ("factory.energy_per_piece", "factory.output")


@pytest.mark.parametrize("method", ["group_time", "synthetic"])
def test_with_others_a_common_trend_is_not_an_effect(history, db, method):
    office = Firm(history, "office", office=True)
    trend = np.exp(-0.25 * np.arange(500) / 500)
    firms = [Firm(history, f"firm{i}") for i in range(8)]
    for i, firm in enumerate(firms):
        firm.run(seed=i + 10, effect=0.15 if i == 0 else 0.0, trend=trend, noise=0.03)
    for firm in firms[1:]:
        actions.draft_plan(
            actor=firm.viewer,
            organisation_id=firm.id,
            asset_id=firm.site.id,
            draft=energy_plan(),
            office_id=office.id,
        )
    found = _measured(firms[0], office_id=office.id, method=method)
    assert found.lower < 0.15 < found.upper
    assert found.lower > 0
    alone = _measured(firms[1])
    assert alone.estimate > 0.05, "one plant alone takes the trend for an effect: that is why others are looked at"
    data = bundle.unpack(queries.bundle(office.viewer, found.id).data)
    table = bundle.table_of(data["inputs.parquet"])
    assert not any(firm.code.encode() in data["inputs.parquet"] for firm in firms)
    assert len(set(table["unit"])) == 8
    assert bundle.check(queries.bundle(office.viewer, found.id).data) == ""
