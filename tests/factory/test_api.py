"""The HTTP API: every answer follows its schema, every tenant sees only itself, every error says what to do."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chanye.parties.actions import create_api_token, create_person, switch_organisation
from chanye.parties.identity import viewer_for
from chanye.parties.types import SYSTEM
from chanye.web.wsgi import application
from factory_kit import GOOD, HOUR, Plant

T0 = 1_770_000_000_000_000


def token_of(plant: Plant, name: str) -> str:
    person = create_person(
        actor=SYSTEM,
        organisation_id=plant.firm.pk,
        role="engineer",
        username=name,
        name=name,
        password="a long pass phrase 1",
    )
    switch_organisation(actor=viewer_for(person), organisation_id=plant.firm.pk)
    return create_api_token(actor=viewer_for(person), name="test")[1]


@pytest.fixture
def stocked(plant: Plant):
    machine = plant.machine()
    series = plant.series(machine, "execution")
    count = plant.series(machine, "part_count")
    plant.write(series, [(T0, "ACTIVE", GOOD), (T0 + HOUR, "READY", GOOD), (T0 + 2 * HOUR, "ACTIVE", GOOD)])
    plant.write(count, [(T0 + i * HOUR // 10, 5 + i, GOOD) for i in range(20)])
    return plant, machine, series, count


class Api:
    def __init__(self, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(headers=headers)

    def get(self, path: str, status: int = 200, **headers):
        answer = self.client.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == status, answer.content
        return answer


def test_reads(stocked) -> None:
    plant, machine, series, count = stocked
    api = Api(token_of(plant, "li"))
    assert {row["code"] for row in api.get("/assets").json()} == {"plant", "m1"}
    assert api.get(f"/assets/{machine.id}").json()["path"] == "plant/m1"
    assert [row["role"] for row in api.get(f"/assets/{machine.id}/series?role=part_count").json()] == ["part_count"]
    newest = api.get(f"/latest?series={series.id}&series={count.id}").json()
    assert (newest[0]["text"], newest[1]["value"]) == ("ACTIVE", 24)
    page = api.get(f"/series/{count.id}/samples?start={T0}&end={T0 + HOUR}&limit=4").json()
    assert [s["value"] for s in page["samples"]] == [5, 6, 7, 8]
    assert page["next_start"] == T0 + 4 * HOUR // 10
    table = api.get(f"/aggregate?series={count.id}&start={T0}&end={T0 + 2 * HOUR}&step={HOUR}&names=Increase").json()
    assert table["columns"]["Increase"] == [[9, 10]]
    frames = api.get(f"/frames?asset={machine.id}&start={T0}&end={T0 + HOUR + 1}&kind=state").json()
    assert [f["state"] for f in frames] == ["running", "waiting"]
    kpis = api.get(f"/machines/{machine.id}/kpis?start={T0}&end={T0 + 2 * HOUR}").json()
    assert (kpis["availability"]["value"], kpis["produced"]["value"]) == (0.5, 19)
    strip = api.get(f"/machines/{machine.id}/strip?start={T0}&end={T0 + 2 * HOUR}").json()
    assert [(s["start"], s["state"]) for s in strip] == [(T0, "running"), (T0 + HOUR, "waiting")]
    assert api.get(f"/sites/{plant.site.id}/kpis?start={T0}&end={T0 + HOUR}").json()["elements"]["apt"] == HOUR


def test_an_etag_saves_the_answer(stocked) -> None:
    plant, _, series, count = stocked
    api = Api(token_of(plant, "li"))
    for path in (f"/sites/{plant.site.id}/board", f"/latest?series={series.id}"):
        first = api.get(path)
        assert first["ETag"]
        again = api.client.get(f"/api/v1{path}", headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304
    plant.write(count, [(T0 + 3 * HOUR, 30, GOOD)])
    assert api.client.get(f"/api/v1{path}", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_another_tenants_data_do_not_exist(stocked, history) -> None:
    plant, machine, series, _ = stocked
    other = Plant(history, "other")
    api = Api(token_of(other, "wang"))
    span = f"start={T0}&end={T0 + HOUR}"
    assert [row["code"] for row in api.get("/assets").json()] == ["other"]
    for path in (
        f"/assets/{machine.id}",
        f"/assets/{machine.id}/series",
        f"/assets?below={machine.id}",
        f"/series/{series.id}",
        f"/series/{series.id}/samples?{span}",
        f"/latest?series={series.id}",
        f"/aggregate?series={series.id}&{span}&step={HOUR}",
        f"/frames?asset={machine.id}&{span}",
        f"/machines/{machine.id}/kpis?{span}",
        f"/machines/{machine.id}/strip?{span}",
        f"/sites/{plant.site.id}/board",
        f"/sites/{plant.site.id}/kpis?{span}",
    ):
        assert set(api.get(path, 404).json()) == {"error", "what_to_do"}


def test_nobody_reads_without_a_token(stocked) -> None:
    assert Api(None).get("/assets", 401).json()["error"] == "not_signed_in"
    Api("wrong").get("/assets", 401)


def test_limits_say_what_to_do(stocked) -> None:
    plant, machine, series, _ = stocked
    api = Api(token_of(plant, "li"))
    for path in (
        f"/series/{series.id}/samples?start=5&end=1",
        f"/series/{series.id}/samples?start=1&end=5&limit=20000",
        f"/aggregate?series={series.id}&start=0&end={T0}&step=1000",
        f"/aggregate?series={series.id}&start=0&end=10&step=1000&names=Nonsense",
        f"/machines/{machine.id}/kpis?start=0&end={T0}",
        f"/frames?asset={machine.id}&start=x&end=2",
    ):
        answer = api.get(path, 422).json()
        assert set(answer) == {"error", "what_to_do"}


@pytest.fixture
def one_connection():
    """Let requests keep the connection, and so the transaction, of the test; Django's own client does the same."""
    signals = request_started, request_finished
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def test_every_answer_follows_the_published_schema(stocked, one_connection) -> None:
    """Generated requests, valid and hostile, against the schema: no crash, no answer outside it."""
    plant, machine, series, _ = stocked
    real = {"asset_id": machine.id, "series_id": series.id, "site_id": plant.site.id}
    lists = {"asset": [machine.id], "series": [series.id]}
    headers = {"Authorization": f"Bearer {token_of(plant, 'li')}", "Accept-Encoding": "identity"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

    def real_of(parameters: dict[str, object] | None) -> dict[str, int]:
        return {key: real[key] for key in parameters or {} if key in real}

    def asked(operation: object) -> str:
        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(), known=st.booleans())
        def ask(case, known) -> None:
            if known:  # things that exist, so that full answers are checked too
                case.path_parameters = {**(case.path_parameters or {}), **real_of(case.path_parameters)}
                case.query = {**(case.query or {}), **{k: v for k, v in lists.items() if k in (case.query or {})}}
            case.call_and_validate(headers=headers, checks=checks)

        ask()
        return operation.path

    paths = {asked(found.ok()) for found in schema.get_all_operations()}
    assert len(paths) >= 12
