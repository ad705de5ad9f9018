"""Schemas that a plant supplies: hostile and broken sets, and our documents against the structure that is public."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2mml_v0700 import FILES, NAMESPACE
from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions import erp as actions
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.b2mml import schemas
from chanye.domains.factory.b2mml.document import parse_xml, read_document
from chanye.domains.factory.b2mml.schemas import compile_schemas, read_files, read_folder
from chanye.domains.factory.b2mml.writing import write_example_materials, write_example_schedule
from chanye.domains.factory.models import Exchange, Order, SchemaFile
from chanye.domains.factory.queries import erp as queries
from chanye.domains.factory.queries import master
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.settings import get_settings
from chanye.parties.models import AuditEntry
from chanye.trace.actions import commission_lot
from chanye.trace.queries.stock import lots
from mes_kit import Mes

T = 1_790_000_000_000_000
XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}">{}</xs:schema>'


def xsd(inside: str, namespace: str = NAMESPACE, head: str = "") -> bytes:
    return (head + XSD.format(namespace, inside)).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return whole.getvalue()


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 1000 + '">]>'
ENTITY = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "No schema file"),
        ({"a.txt": b"x"}, "a.txt is no schema file"),
        ({"a.xsd": b"<a"}, "a.xsd: This is not well-formed"),
        ({"a.xsd": b"<a/>"}, "a.xsd is no XML schema"),
        ({"a.xsd": xsd("", head=BOMB)}, "a.xsd: A document type"),
        ({"a.xsd": xsd("<xs:annotation>&x;</xs:annotation>", head=ENTITY)}, "a.xsd: A document type"),
        ({"a.xsd": xsd("", "http://www.mesa.org/xml/B2MML-V0600")}, "None of the files describes"),
        ({"a.xsd": xsd('<xs:include schemaLocation="../../etc/b.xsd"/>')}, "a.xsd: it refers to b.xsd"),
        ({"a.xsd": xsd('<xs:include schemaLocation="http://127.0.0.1:1/b.xsd"/>')}, "a.xsd: it refers to b.xsd"),
        ({"a.xsd": xsd('<xs:include schemaLocation="file:///etc/passwd"/>')}, "a.xsd: it refers to passwd"),
        ({"a.xsd": xsd('<xs:element name="A" type="nowhere"/>')}, "do not fit together"),
        ({"a.xsd": xsd('<xs:sequence maxOccurs="99999999999999999999"/>')}, "maxOccurs"),
        ({"B2MML-Operations.xsd": FILES["B2MML-Operations.xsd"]}, "it refers to B2MML-Common.xsd"),
        ({"a.xsd": b" " * (schemas.LARGEST_FILE + 1)}, "at most 200 files, 2 MB"),
        ({f"{n}.xsd": b" " for n in range(201)}, "at most 200 files"),
        ({"a.zip": zipped({"a.xsd": b" " * (schemas.LARGEST_FILE + 1)})}, "at most 200 files"),
        ({"a.zip": zipped({f"{n}.xsd": b" " * schemas.LARGEST_FILE for n in range(9)})}, "16 MB together"),
        ({"a.zip": zipped({"readme.txt": b"x"})}, "No schema file"),
        ({"a.zip": b"PK\x03\x04 nothing"}, "a.zip cannot be unpacked"),
        ({"a.zip": zipped({"a/x.xsd": b"1", "b/x.xsd": b"2"})}, "two different files called x.xsd"),
    ],
)
def test_a_set_that_is_hostile_or_broken_is_refused(files: dict[str, bytes], why: str) -> None:
    with pytest.raises(ConfigError, match=r".") as said:
        compile_schemas(read_files(files.items()))
    assert why in str(said.value)


@given(data=st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    for sent in (data, b"PK\x03\x04" + data):
        with pytest.raises(ConfigError):
            compile_schemas(read_files([("a.xsd", sent)]))


def test_files_are_found_in_folders_and_archives_and_refer_to_each_other_by_name(tmp_path: Path) -> None:
    assert read_files([("all.zip", zipped({f"Schema/{name}": data for name, data in FILES.items()}))]) == FILES
    assert read_folder(tmp_path / "nowhere") == {}
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    checker = compile_schemas(read_folder(tmp_path))
    assert checker.roots == {"OperationsSchedule", "OperationsPerformance", "MaterialInformation"}
    elsewhere = {
        name: data.replace(b'"B2MML-Common.xsd"', b'"http://mesa/x/B2MML-Common.xsd"') for name, data in FILES.items()
    }
    assert compile_schemas(elsewhere).roots == checker.roots


def test_the_examples_are_valid_by_the_public_structure_and_faults_are_told_with_their_line() -> None:
    checker = compile_schemas(FILES)
    schedule = write_example_schedule("S", T, "P-1", T)
    assert checker.check(parse_xml(schedule))
    assert checker.check(parse_xml(write_example_materials("M", T)))
    assert not checker.check(parse_xml(f'<SyncOperationsSchedule xmlns="{NAMESPACE}"/>'.encode()))
    wrong = schedule.replace(b"<OperationsSegmentID>make</OperationsSegmentID>", b"")
    line = next(n for n, text in enumerate(wrong.splitlines(), 1) if b"<MaterialRequirement>" in text)
    with pytest.raises(ConfigError) as said:
        checker.check(parse_xml(wrong))
    assert f"Line {line}: MaterialRequirement does not belong here; expected is OperationsSegmentID." in str(
        said.value
    )
    requests = "<OperationsRequest><ID>1</ID><Priority>x</Priority></OperationsRequest>" * 9
    many = f'<OperationsSchedule xmlns="{NAMESPACE}"><ID>S</ID>{requests}</OperationsSchedule>'
    with pytest.raises(ConfigError, match=r"and \d+ more") as said:
        checker.check(parse_xml(many.encode()))
    assert "Line 1: Priority: x is no PriorityType." in str(said.value)
    assert "Line 1: OperationsRequest lacks " in str(said.value)


def test_hostile_documents_are_small_work() -> None:
    many = f'<OperationsSchedule xmlns="{NAMESPACE}">' + "<a/>" * 1_600_000 + "</OperationsSchedule>"
    for data in (many.encode(), b" " * (20 << 20) + b"<a/>"):
        with pytest.raises(ConfigError, match="larger than"):
            read_document(data, "OperationsSchedule")
    deep = f'<OperationsSchedule xmlns="{NAMESPACE}">' + "<a>" * 5000
    gbk = f'<OperationsSchedule xmlns="{NAMESPACE}"><ID>工单</ID></OperationsSchedule>'.encode("gb18030")
    for data in (deep.encode(), gbk, b'<?xml version="1.0" encoding="klingon"?><a/>', b"\xff\xfe<"):
        with pytest.raises(ConfigError, match="well-formed"):
            read_document(data, "OperationsSchedule")
    right = b'<?xml version="1.0" encoding="GB18030"?>' + gbk
    assert read_document(right, "OperationsSchedule")[0].text == "工单"


@pytest.fixture
def mes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    yield Mes()
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.django_db
def test_what_goes_out_is_valid_and_what_comes_in_is_checked(mes: Mes) -> None:
    admin = mes.person("admin", "admin", "planner", "engineer")
    mine = {"actor": admin, "organisation_id": mes.firm.pk}
    with pytest.raises(DeniedError):
        actions.save_schemas(actor=mes.planner, organisation_id=mes.firm.pk, sent=FILES.items())
    before = AuditEntry.objects.filter(verb="save_schemas").count()
    assert actions.save_schemas(**mine, sent=FILES.items()) == 2
    assert AuditEntry.objects.filter(verb="save_schemas").count() == before + 1
    state = queries.schema_state(admin)
    assert (state.source, state.covers) == ("own", ("schedule", "performance", "materials", "lots"))

    schedule = write_example_schedule("S-1", T, "P-1", T)
    (number,) = actions.take_schedule(actor=admin, site_id=mes.site.id, data=schedule, release=True)
    at = Report(T, T, person_id=mes.operator.person_id, place_id=mes.mill.id)
    operation = mes.operation(number, 10).pk
    bookings.report_output(
        actor=mes.operator, operation_id=operation, at=at, good=4, scrap=1, reason="burr", lot="L-1"
    )
    commission_lot(**mine, material_code="STEEL", lot="H-1", quantity=12.5, key="k")
    span = (T - 1, T + 1)
    for made in (
        queries.made_of(admin, [number]),
        queries.made_of(admin, queries.orders_between(admin, *span), span),
    ):
        out = actions.give_performance(**mine, made=made, span=span)
        assert b"<PostingDate>" in out
    actions.give_materials(**mine, rows=master.materials(admin))
    actions.give_lots(**mine, lots=lots(admin, mes.firm.pk))
    digest = state.digest
    rows = list(Exchange.objects.order_by("id").values_list("direction", "kind", "schemas"))
    assert rows == [
        ("in", "schedule", digest),
        ("out", "performance", digest),
        ("out", "performance", digest),
        ("out", "materials", digest),
        ("out", "lots", digest),
    ]
    wrong = schedule.replace(b"<ProcessSegmentID>make</ProcessSegmentID>", b"").replace(b"S-1", b"S-2")
    with pytest.raises(ConfigError, match="not valid by your schemas"):
        actions.take_schedule(actor=admin, site_id=mes.site.id, data=wrong)
    assert Order.objects.count() == 1
    actions.remove_schemas(**mine)
    assert queries.schema_state(admin).source == ""
    assert len(actions.take_schedule(actor=admin, site_id=mes.site.id, data=wrong)) == 1
    assert Exchange.objects.order_by("-id")[0].schemas == ""


@pytest.mark.django_db
def test_another_version_of_schemas_stops_what_goes_out_and_says_what_to_do(mes: Mes) -> None:
    admin = mes.person("admin", "admin")
    old = {name: data.replace(b"PostingDate", b"PostedDate") for name, data in FILES.items()}
    older = {
        name: data.replace(b'name="MaterialDefinitionProperty" ', b'name="Property" ') for name, data in old.items()
    }
    actions.save_schemas(actor=admin, organisation_id=mes.firm.pk, sent=older.items())
    with pytest.raises(ConfigError, match="writes B2MML V0700"):
        actions.give_materials(actor=admin, organisation_id=mes.firm.pk, rows=master.materials(admin))
    assert not Exchange.objects.exists()


@pytest.mark.django_db
def test_the_folder_of_the_server_holds_where_no_set_is_supplied_and_is_read_again_when_it_changes(mes: Mes) -> None:
    planner = mes.planner
    folder = get_settings().data / "schemas" / "b2mml"
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    state = queries.schema_state(planner)
    assert (state.source, state.folder) == ("folder", str(folder))
    (folder / "B2MML-Common.xsd").unlink()
    assert "it refers to B2MML-Common.xsd" in queries.schema_state(planner).fault
    with pytest.raises(ConfigError, match=r"B2MML-Common\.xsd"):
        actions.take_schedule(actor=planner, site_id=mes.site.id, data=write_example_schedule("S", T, "P-1", T))
    other = Mes("other")
    actions.save_schemas(actor=other.person("admin", "admin"), organisation_id=other.firm.pk, sent=FILES.items())
    assert queries.schema_state(other.planner).source == "own"
    assert not SchemaFile.objects.filter(organisation=mes.firm).exists()
