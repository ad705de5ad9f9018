"""A receiver of events in the standard library: checks who sent it, takes each event once, answers at once."""

import base64
import hashlib
import hmac
import json
import threading
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # shown once, when the webhook is added
taken: dict[str, dict] = {}  # in a real receiver a table with the number as its key


def genuine(headers: Message, body: bytes) -> bool:
    """Check signature and age: whoever does not know the secret cannot have written this body just now."""
    sent = headers.get("webhook-timestamp", "")
    if not sent.isdigit() or abs(time.time() - int(sent)) > 300:
        return False
    signed = f"{headers.get('webhook-id')}.{sent}.".encode() + body
    mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    right = "v1," + base64.b64encode(mac).decode()
    return any(hmac.compare_digest(right, one) for one in headers.get("webhook-signature", "").split())


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1 << 20))
        if genuine(self.headers, body):
            event = json.loads(body)
            taken.setdefault(event["id"], event)  # it may come twice: the number tells
            self.send_response(204)
        else:
            self.send_response(401)
        self.end_headers()


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()

# What chanye does when an order is released; here it is called by hand.
from chanye.parties.webhooks.sending import deliver  # noqa: E402
from chanye.parties.webhooks.types import Parcel  # noqa: E402

url = f"http://127.0.0.1:{server.server_port}/"
body = json.dumps({"id": "01J9Z", "type": "order.released", "target": "order:12", "data": {"quantity": 60}})
answers = [deliver(Parcel(1, 1, "01J9Z", body, url, SECRET), private=True) for _ in range(2)]
forged = deliver(Parcel(1, 1, "01J9Z", body, url, "whsec_" + base64.b64encode(b"x" * 24).decode()), private=True)
print(answers, forged, taken)
assert [answer.status for answer in answers] == [204, 204]
assert forged.status == 401
assert list(taken) == ["01J9Z"]
