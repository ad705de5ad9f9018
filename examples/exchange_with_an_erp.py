"""An ERP sends a schedule in B2MML, reads back what was accepted, and fetches what was made of it."""

import os
import threading
import urllib.request
import xml.etree.ElementTree as ElementTree
from wsgiref.simple_server import WSGIRequestHandler, make_server

# A plant with products, for the example: an ERP meets one that is there.
os.environ["DJANGO_SETTINGS_MODULE"] = "chanye.web.settings"
from chanye.cli import setup_django

setup_django()
from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0)
from chanye.domains.factory.demo_orders import seed_orders  # noqa: E402
from chanye.parties.actions import create_api_token, create_organisation, create_person  # noqa: E402
from chanye.parties.types import SYSTEM, Viewer  # noqa: E402
from chanye.spine.actions import ensure_asset  # noqa: E402
from chanye.web.wsgi import application  # noqa: E402

firm = create_organisation(actor=SYSTEM, code="firm", name="Firm", kind="firm")
site = ensure_asset(actor=SYSTEM, organisation_id=firm, parent_id=None, kind="site", code="plant").id
seed_orders(actor=SYSTEM, site_id=site)
person = create_person(actor=SYSTEM, organisation_id=firm, username="erp", name="ERP", role="manager")
_number, token = create_api_token(actor=Viewer(person, firm, frozenset({"manager"}), name="erp"), name="erp")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_words: object) -> None: ...


server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
NS = "{http://www.mesa.org/xml/B2MML}"
SCHEDULE = """<OperationsSchedule xmlns="http://www.mesa.org/xml/B2MML"><ID>S-2026-36</ID>
<OperationsRequest><ID>ERP-4711</ID><EndTime>2026-12-01T17:00:00+08:00</EndTime><Priority>20</Priority>
<SegmentRequirement><ID>1</ID><ProcessSegmentID>make</ProcessSegmentID>
<OperationsDefinitionID>GBX-101</OperationsDefinitionID><OperationsSegmentID>make</OperationsSegmentID>
<MaterialRequirement><ID>1</ID><MaterialDefinitionID>GBX-101</MaterialDefinitionID><MaterialUse>Produced</MaterialUse><Quantity>
<QuantityString>120</QuantityString><DataType>int</DataType><UnitOfMeasure>{part}</UnitOfMeasure></Quantity>
</MaterialRequirement></SegmentRequirement></OperationsRequest></OperationsSchedule>"""


def call(path: str, body: str | None = None) -> bytes:
    url = f"http://127.0.0.1:{server.server_port}/api/v1/factory/{path}"
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}
    with urllib.request.urlopen(urllib.request.Request(url, body.encode() if body else None, head)) as answer:
        return answer.read()


for _again in range(2):  # sent twice, taken once
    accepted = call(f"b2mml/schedule?site_id={site}&release=true", SCHEDULE)
made = ElementTree.fromstring(call("b2mml/performance?reference=S-2026-36"))
print(accepted.decode()[:80], [one.findtext(f"{NS}ResponseState") for one in made.iter(f"{NS}OperationsResponse")])
assert [one.text for one in made.iter(f"{NS}OperationsRequestID")] == ["ERP-4711"]
