"""Documents of agents: probe, streams, errors, multipart; hostile ones too."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.kernel.errors import PeerError
from chanye.protocols.mtconnect import model
from chanye.protocols.mtconnect.model import Constraints, parse_probe
from chanye.protocols.mtconnect.multipart import MultipartReader, boundary_of
from chanye.protocols.mtconnect.streams import ErrorDocument, Streams, parse_streams
from shared_data import shared_data

HEAD = '<Header instanceId="9" creationTime="2017-02-01T12:18:02Z" bufferSize="8" firstSequence="1" lastSequence="7" nextSequence="8"/>'  # noqa: E501 - one line as agents write it


def probe(items, version="1.3", prefix=""):
    space = f'xmlns{":" + prefix if prefix else ""}="urn:mtconnect.org:MTConnectDevices:{version}"'
    p = f"{prefix}:" if prefix else ""
    body = items.replace("<", f"<{p}").replace(f"<{p}/", f"</{p}")
    return (
        f'<{p}MTConnectDevices {space}><{p}Header instanceId="9" version="{version}"/><{p}Devices>'
        f'<{p}Device id="d" name="Mill" uuid="u">{body}</{p}Device></{p}Devices></{p}MTConnectDevices>'
    ).encode()


ITEMS = (
    '<Description manufacturer="M" model="X1">Mill one</Description>'
    '<DataItems><DataItem id="a" category="EVENT" type="AVAILABILITY"/></DataItems>'
    '<Components><Axes id="ax"><Components><Linear id="x" name="X"><DataItems>'
    '<DataItem id="xp" name="Xpos" category="SAMPLE" type="POSITION" subType="ACTUAL" units="MILLIMETER"'
    ' nativeUnits="INCH" nativeScale="10" sampleRate="100" representation="TIME_SERIES"><Source>Xact</Source>'
    "<Constraints><Minimum>-5</Minimum><Maximum>5.5</Maximum></Constraints></DataItem>"
    '<DataItem id="m" category="EVENT" type="CONTROLLER_MODE"><Constraints><Value>AUTOMATIC</Value><Value>MANUAL'
    "</Value></Constraints></DataItem></DataItems></Linear></Components></Axes></Components>"
)


@pytest.mark.parametrize(("version", "prefix"), [("1.0", ""), ("1.3", "m"), ("2.7", "")])
def test_probe_of_any_version_by_local_names(version, prefix):
    found = parse_probe(probe(ITEMS, version, prefix))
    assert (found.instance, found.version) == (9, version)
    (device,) = found.devices
    assert (device.name, device.uuid, device.description, device.manufacturer, device.model) == (
        "Mill", "u", "Mill one", "M", "X1",
    )  # fmt: skip
    available, x, mode = device.all_items()
    assert (available.id, available.path) == ("a", ())
    assert (x.name, x.type, x.sub_type, x.units, x.native_units, x.native_scale, x.sample_rate) == (
        "Xpos", "POSITION", "ACTUAL", "MILLIMETER", "INCH", 10, 100,
    )  # fmt: skip
    assert (x.representation, x.source, x.path) == ("TIME_SERIES", "Xact", ("Axes", "X"))
    assert x.constraints == Constraints((), -5, 5.5)
    assert mode.constraints.values == ("AUTOMATIC", "MANUAL")


def test_a_real_shop_item_by_item():
    """The oracle is a scan of the text for tags, which knows nothing of XML trees."""
    document = shared_data("mtconnect/Devices.xml").read_bytes()
    tags = re.findall(r"<DataItem\s([^>]*?)/?>", document.decode())
    expected = [dict(re.findall(r"""(\w+)=["']([^"']*)["']""", tag)) for tag in tags]
    found = [item for device in parse_probe(document).devices for item in device.all_items()]
    assert {item.id for item in found} == {one["id"] for one in expected}
    attributes = {one["id"]: one for one in expected}
    for item in found:
        one = attributes[item.id]
        assert (item.name, item.category, item.type) == (one.get("name", ""), one["category"], one["type"])
        assert (item.sub_type, item.units, item.native_units) == (
            one.get("subType", ""), one.get("units", ""), one.get("nativeUnits", ""),
        )  # fmt: skip


BOMB = (
    '<!DOCTYPE z [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + "]><MTConnectDevices><Header/>&j;</MTConnectDevices>"
)


@pytest.mark.parametrize(
    "document",
    [
        BOMB.encode(),
        b'<!DOCTYPE z [<!ENTITY a SYSTEM "file:///etc/hostname">]><MTConnectDevices>&a;</MTConnectDevices>',
        b'<!DOCTYPE z SYSTEM "http://127.0.0.1/x.dtd"><MTConnectDevices/>',
        b"",
        b"not xml",
        b"<html/>",
        b"<MTConnectDevices>",
        b"\xff\xfe\x00",
        probe('<DataItems><DataItem id="a" category="EVENT"/></DataItems>'),
        probe('<DataItems><DataItem id="a" category="RUMOUR" type="X"/></DataItems>'),
        probe("<Components><A>" * 150 + "</A></Components>" * 150),
        b"<a>" * 5000,
    ],
)
def test_hostile_documents_are_the_peers_error(document):
    for parse in (parse_probe, parse_streams):
        with pytest.raises(PeerError, match="bad_xml"):
            parse(document)


def test_size_is_bounded(monkeypatch):
    monkeypatch.setattr(model, "MAX_DOCUMENT", 100)
    with pytest.raises(PeerError, match="bad_xml"):
        parse_probe(probe(ITEMS))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_the_peers_error(data):
    for parse in (parse_probe, parse_streams):
        with pytest.raises(PeerError):
            parse(data)


def streams(body, version="1.8"):
    return (
        f'<MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:{version}">{HEAD}<Streams>'
        '<DeviceStream name="M" uuid="u">'
        f'<ComponentStream component="Path" componentId="p">{body}</ComponentStream></DeviceStream>'
        "</Streams></MTConnectStreams>"
    ).encode()


AT = 'timestamp="2017-02-01T12:18:02.5Z"'
T = 1_485_951_482_500_000


def test_observations_of_every_kind():
    found = parse_streams(
        streams(
            f'<Events><Execution dataItemId="e" sequence="3" {AT}>ACTIVE</Execution>'
            f'<Program dataItemId="p" sequence="2" {AT}/>'
            f'<VariableDataSet dataItemId="v" sequence="4" {AT} resetTriggered="MANUAL" count="2"><Entry key="a">1'
            '</Entry><Entry key="b" removed="true"/></VariableDataSet>'
            f'<WorkOffsetTable dataItemId="w" sequence="5" {AT}><Entry key="1"><Cell key="x">1.5</Cell>'
            '<Cell key="y">2</Cell></Entry></WorkOffsetTable></Events>'
            f'<Samples><PositionTimeSeries dataItemId="x" sequence="6" {AT} sampleCount="2" sampleRate="10">1 2'
            f'</PositionTimeSeries><Load dataItemId="l" sequence="7" {AT} duration="2.5">UNAVAILABLE</Load></Samples>'
            f'<Condition><Fault dataItemId="c" sequence="1" {AT} nativeCode="F1" type="SYSTEM">hot</Fault>'
            f'<Rumour dataItemId="c" sequence="9" {AT}/></Condition>'
        )
    )
    assert isinstance(found, Streams)
    assert (found.header.instance, found.header.first, found.header.last, found.header.next) == (9, 1, 7, 8)
    assert (found.header.buffer_size, found.header.creation) == (8, 1_485_951_482_000_000)
    assert found.bad == 1
    assert [one.sequence for one in found.observations] == [1, 2, 3, 4, 5, 6, 7]
    fault, program, execution, variables, table, series, load = found.observations
    assert (fault.value, fault.condition, fault.native_code, fault.message) == ("FAULT", True, "F1", "hot")
    assert (program.value, execution.value, execution.time) == ("", "ACTIVE", T)
    assert (variables.entries, variables.reset) == ({"a": "1", "b": None}, "MANUAL")
    assert table.entries == {"1": "x=1.5 y=2"}
    assert (series.value, series.rate) == ("1 2", 10)
    assert (load.value, load.duration) == ("UNAVAILABLE", 2.5)


@pytest.mark.parametrize(
    "body",
    [
        '<Errors><Error errorCode="OUT_OF_RANGE">too old</Error></Errors>',
        '<Error errorCode="OUT_OF_RANGE">too old</Error>',
        '<Errors><OutOfRange errorCode="OUT_OF_RANGE"><ErrorMessage>too old</ErrorMessage></OutOfRange></Errors>',
    ],
)
def test_errors_of_every_version(body):
    found = parse_streams(f"<MTConnectError>{HEAD}{body}</MTConnectError>".encode())
    assert isinstance(found, ErrorDocument)
    assert found.errors == (("OUT_OF_RANGE", "too old"),)
    assert found.has("OUT_OF_RANGE")


def test_a_document_without_header_is_refused():
    with pytest.raises(PeerError, match="bad_xml"):
        parse_streams(b"<MTConnectStreams/>")


PARTS = [b"<a>1</a>", b"<b>\r\n--xy in the text\r\n</b>", b"<c/>"]


def multipart(with_length):
    out = b""
    for part in PARTS:
        length = f"Content-length: {len(part)}\r\n".encode() if with_length else b""
        out += b"--xyz\r\nContent-type: text/xml\r\n" + length + b"\r\n" + part + b"\r\n"
    return out + b"--xyz--\r\n"


@pytest.mark.parametrize("with_length", [True, False])
class TestMultipart:
    def test_whole(self, with_length):
        reader = MultipartReader("xyz")
        assert reader.receive(multipart(with_length)) == PARTS
        assert reader.closed

    def test_byte_by_byte(self, with_length):
        reader = MultipartReader("xyz")
        assert [p for byte in multipart(with_length) for p in reader.receive(bytes([byte]))] == PARTS

    def test_trailing_data(self, with_length):
        reader = MultipartReader("xyz")
        assert reader.receive(b"preamble" + multipart(with_length) + b"epilogue") == PARTS
        assert reader.receive(b"more") == []

    def test_too_long(self, with_length):
        reader = MultipartReader("xyz", max_part=6)
        data = multipart(with_length) + b"x" * 20_000
        with pytest.raises(PeerError, match="bad_multipart"):
            reader.receive(data)
        reader = MultipartReader("xyz", max_part=6)
        with pytest.raises(PeerError, match="bad_multipart"):
            [reader.receive(bytes([byte])) for byte in data]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_arbitrary_multipart_never_crashes(chunks):
    reader = MultipartReader("x", max_part=50)
    try:
        for chunk in chunks:
            reader.receive(b"--x\r\n" + chunk)
    except PeerError:
        pass


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/x-mixed-replace;boundary=abc", "abc"),
        ('Multipart/X-Mixed-Replace; boundary="a b"; charset=x', "a b"),
        ("text/xml; boundary=abc", None),
        ("multipart/mixed", None),
        ("", None),
    ],
)
def test_boundaries(content_type, boundary):
    assert boundary_of(content_type) == boundary
