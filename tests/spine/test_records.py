"""Assets and series: made once, checked, audited, and seen by their own organisation alone."""

from __future__ import annotations

import pytest

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.models import AuditEntry, Organisation
from chanye.parties.types import PUBLIC, SYSTEM, Viewer
from chanye.spine import actions, queries
from chanye.spine.types import SeriesDraft

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm() -> Organisation:
    return Organisation.objects.create(name="嘉泰精密", code="jiatai")


def _site(firm: Organisation, code: str = "一号车间") -> int:
    return actions.ensure_asset(
        actor=SYSTEM, organisation_id=firm.pk, parent_id=None, kind="site", code=code, simulated=True
    ).id


def test_an_asset_is_made_once_and_inherits(firm: Organisation) -> None:
    site = _site(firm)
    machine = actions.ensure_asset(
        actor=SYSTEM, organisation_id=firm.pk, parent_id=site, kind="work_unit", code="vmx24", name="立加 1"
    )
    again = actions.ensure_asset(
        actor=SYSTEM, organisation_id=firm.pk, parent_id=site, kind="work_unit", code="vmx24"
    )
    assert again == machine
    assert machine.path == "一号车间/vmx24"
    assert machine.simulated
    assert machine.timezone == "Asia/Shanghai"
    assert list(AuditEntry.objects.values_list("verb", flat=True)) == ["ensure_asset", "ensure_asset"]


def test_another_tenants_path_is_refused(firm: Organisation) -> None:
    _site(firm)
    other = Organisation.objects.create(name="另一家", code="other")
    with pytest.raises(ConfigError, match="taken by another organisation"):
        _site(other)


@pytest.mark.parametrize("code", ["", "a b", "a/b", "a+b", "#", "$x"])
def test_a_code_is_a_path_segment(firm: Organisation, code: str) -> None:
    with pytest.raises(ConfigError):
        _site(firm, code)


def test_a_series_needs_unit_role_and_state_classes_that_exist(firm: Organisation) -> None:
    site = _site(firm)
    for draft in (
        SeriesDraft("p", "analog", ""),
        SeriesDraft("p", "analog", "furlongs"),
        SeriesDraft("p", "analog", "kW", role="strength"),
        SeriesDraft("p", "state", "1", states={"ACTIVE": "busy"}),
    ):
        with pytest.raises(ConfigError):
            actions.ensure_series(actor=SYSTEM, asset_id=site, draft=draft)


def test_a_series_keeps_its_kind_and_unit(firm: Organisation) -> None:
    site = _site(firm)
    draft = SeriesDraft("power", "analog", "kW", role="power", span=(0.0, 50.0))
    made = actions.ensure_series(actor=SYSTEM, asset_id=site, draft=draft)
    assert actions.ensure_series(actor=SYSTEM, asset_id=site, draft=draft) == made
    with pytest.raises(ConfigError, match="kW"):
        actions.ensure_series(actor=SYSTEM, asset_id=site, draft=SeriesDraft("power", "analog", "W"))
    changed = actions.change_series(
        actor=SYSTEM, series_id=made.id, draft=SeriesDraft("power", "analog", "kW", role="power", hold=30_000_000)
    )
    assert changed.spec.hold == 30_000_000
    assert queries.series(SYSTEM, made.id) == changed


def test_who_may_see_and_write(firm: Organisation) -> None:
    site = _site(firm)
    own = Viewer(1, firm.pk, frozenset({"operator"}), name="li")
    stranger = Viewer(2, firm.pk + 1, frozenset({"engineer"}), name="wang")
    assert [ref.id for ref in queries.sites(own)] == [site]
    assert queries.sites(stranger) == []
    assert queries.sites(PUBLIC) == []
    for viewer in (own, stranger, PUBLIC):
        with pytest.raises(DeniedError):
            actions.ensure_series(actor=viewer, asset_id=site, draft=SeriesDraft("p", "analog", "kW"))
    with pytest.raises(DeniedError):
        queries.asset(stranger, site)
