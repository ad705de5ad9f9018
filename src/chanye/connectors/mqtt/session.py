"""One MQTT session on the event loop: paho parses, this file waits. A session object is used for one connection.

Everything runs in the loop's thread, so an acknowledgement can never reach a later connection, on which the same
packet id may belong to another message.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from chanye.connectors.mqtt.options import Options
from chanye.connectors.mqtt.pump import Message, Pump
from chanye.kernel.errors import ChanyeError, ConfigError, TransientError
from chanye.kernel.time import now_us

RECEIVE_MAXIMUM = 65_535
PACKETS_A_TURN = 200
#: CONNACK reasons that a person must put right (MQTT 5, table 3-1; 3.1.1 codes are mapped to them by paho).
_ASK_A_PERSON = {
    "Client identifier not valid": "choose another client_id",
    "Bad user name or password": "correct username and password_file",
    "Not authorized": "correct username and password_file, or let the broker admit this user",
    "Banned": "let the broker admit this client",
    "Bad authentication method": "this broker asks for a method that is not supported here",
    "Use another server": "correct host",
    "Server moved": "correct host",
}


class VersionRefusedError(TransientError):
    """The broker does not speak the version that was tried."""


class Session:
    """One connection to a broker.

    Parameters
    ----------
    version
        MQTT version of this try.
    pump
        Takes the messages.
    """

    def __init__(self, options: Options, client_id: str, version: MQTTProtocolVersion, pump: Pump) -> None:
        self.options = options
        self.version = version
        self.heard = now_us()
        self._loop = asyncio.get_running_loop()
        self._pump = pump
        self._paused = False
        self._dropped = False
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._granted: asyncio.Future[None] = self._loop.create_future()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._socket: Any = None
        self._client = self._make_client(client_id)
        pump.on_room = self._resume
        self._filters = list(dict.fromkeys(rule.pattern.filter for rule in options.rules))

    def _make_client(self, client_id: str) -> paho.Client:
        options, five = self.options, self.version == MQTTProtocolVersion.MQTTv5
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if five else False,
            protocol=self.version,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = options.connect_timeout_s
        password = options.password()
        if options.username is not None:
            client.username_pw_set(options.username, password.get_secret_value() if password else None)
        if options.tls:
            client.tls_set_context(tls_context(options))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_paho_message
        client.on_disconnect = self._on_disconnect
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        return client

    async def open(self) -> None:
        """Connect and subscribe.

        Raises
        ------
        VersionRefusedError, ConfigError, TransientError
        """
        options = self.options
        more: dict[str, Any] = {}
        if self.version == MQTTProtocolVersion.MQTTv5:
            properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho gives it no types
            properties.SessionExpiryInterval = options.session_expiry_s
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
            more = {"clean_start": False, "properties": properties}
        connecting = self._loop.run_in_executor(
            None, lambda: self._client.connect(options.host, options.real_port, options.keepalive_s, **more)
        )
        connecting.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            async with asyncio.timeout(options.connect_timeout_s + 1):
                await asyncio.shield(connecting)
                await self._opened
                self._subscribe()
                await self._granted
        except ssl.SSLCertVerificationError as error:
            raise ConfigError(
                f"The broker's certificate is not trusted ({error.verify_message}): set ca_file."
            ) from None
        except ssl.SSLError as error:
            raise ConfigError(f"No TLS with {self._where()} ({error.reason}): check tls and port.") from None
        except TimeoutError:
            raise TransientError(
                f"{self._where()} did not answer in time: check host and port, and that it runs."
            ) from None
        except OSError as error:
            raise TransientError(f"{self._where()} cannot be reached ({error}): check that it runs.") from None

    def _where(self) -> str:
        return f"The broker at {self.options.host}:{self.options.real_port}"

    def _subscribe(self) -> None:
        if self.version == MQTTProtocolVersion.MQTTv5:
            # 1: retained messages only for a subscription that is new, not after every reconnect
            with_options = SubscribeOptions(qos=self.options.qos, retainHandling=1)
            self._client.subscribe([(one, with_options) for one in self._filters])
        else:
            self._client.subscribe([(one, int(self.options.qos)) for one in self._filters])

    def acknowledge(self, messages: list[Message]) -> None:
        """Send PUBACK for messages of this session; others are left to the broker, which sends them again."""
        if self.lost.done():
            return
        for message in messages:
            session, mid, qos = message.token
            if session is self and qos:
                self._client.ack(mid, qos)

    def tick(self) -> None:
        """Do what is due by time: the keep-alive. Call about once a second."""
        if not self._paused:
            self._guard(self._client.loop_misc)

    async def close(self) -> None:
        """Take leave in order, so that the broker keeps the session and sends no will."""
        with contextlib.suppress(Exception):
            self._client.disconnect()
            for _ in range(50):
                if self._socket is None or not self._client.want_write():
                    break
                await asyncio.sleep(0.01)
        self.drop()

    def drop(self) -> None:
        """Close the socket, whatever state it is in."""
        self._dropped = True
        self._fail("was left")
        found = self._client.socket()
        self._forget(self._socket)
        if found is not None:
            with contextlib.suppress(OSError):
                found.close()

    # What paho calls; the first two may come from the executor's thread while it connects.

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._watch, sock)

    def _on_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._watch_write, sock)

    def _watch(self, sock: Any) -> None:
        if self._dropped:
            sock.close()
        elif sock.fileno() >= 0:
            self._socket = sock
            self._loop.add_reader(sock, self._readable)

    def _watch_write(self, sock: Any) -> None:
        if sock.fileno() >= 0 and not self._dropped:
            self._loop.add_writer(sock, self._guard, self._client.loop_write)

    def _on_unregister_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock)

    def _on_socket_close(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._forget(sock)

    def _forget(self, sock: Any) -> None:
        if sock is not None and sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
        self._socket = None

    def _readable(self) -> None:
        """Read what is there; TLS may hold more than the socket shows, and a turn is bounded."""
        self.heard = now_us()
        if self._pump.full and self._socket is not None:
            self._paused = True  # storing is stuck: let the broker feel it
            self._loop.remove_reader(self._socket)
            return
        for _ in range(PACKETS_A_TURN):
            self._guard(self._client.loop_read)
            sock = self._socket
            if sock is None or not isinstance(sock, ssl.SSLSocket) or not sock.pending():
                return

    def _resume(self) -> None:
        if self._paused and self._socket is not None and not self._pump.full:
            self._paused = False
            self._loop.add_reader(self._socket, self._readable)

    def _guard(self, step: Callable[[], MQTTErrorCode]) -> None:
        """Run a step of paho: whatever a broken peer makes it raise ends the connection, not the connector."""
        try:
            code = step()
        except Exception as error:
            self._fail(f"broke the protocol ({type(error).__name__}: {error})")
            self.drop()
            return
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._fail(f"is gone ({paho.error_string(code)})")

    def _on_connect(self, client: paho.Client, userdata: Any, flags: Any, code: ReasonCode, props: Any) -> None:
        if self._opened.done():
            return
        if not code.is_failure:
            self._opened.set_result(None)
            return
        name = code.getName()
        refused: ChanyeError = TransientError(f"{self._where()} refused the connection: {name}.")
        if name == "Unsupported protocol version":
            refused = VersionRefusedError(f"{self._where()} does not speak this version of MQTT.")
        elif name in _ASK_A_PERSON:
            refused = ConfigError(f"{self._where()} answered {name!r}: {_ASK_A_PERSON[name]}.")
        self._opened.set_exception(refused)

    def _on_subscribe(
        self, client: paho.Client, userdata: Any, mid: int, codes: list[ReasonCode], props: Any
    ) -> None:
        if self._granted.done():
            return
        refused = [one for one, code in zip(self._filters, codes, strict=False) if code.is_failure]
        if refused:
            self._granted.set_exception(
                ConfigError(f"{self._where()} refuses the topics {', '.join(refused)}: allow them to this user.")
            )
        else:
            self._granted.set_result(None)

    def _on_paho_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        try:
            topic: str | None = message.topic
        except UnicodeDecodeError:
            topic = None
        self.heard = now_us()
        token = (self, message.mid, message.qos)
        self._pump.put(Message(topic, bytes(message.payload), self.heard, bool(message.retain), token))

    def _on_disconnect(self, client: paho.Client, userdata: Any, flags: Any, code: ReasonCode, props: Any) -> None:
        self._fail(f"is gone ({code.getName()})")

    def _fail(self, why: str) -> None:
        """Let whoever waits for this session know that it is over."""
        waiting = [future for future in (self._opened, self._granted) if not future.done()]
        for future in waiting:
            # 5 refused by hanging up before any answer is how some 3.1.1 brokers say no
            early = future is self._opened and self.version == MQTTProtocolVersion.MQTTv5
            kind = VersionRefusedError if early else TransientError
            future.set_exception(kind(f"{self._where()} {why}: check that it runs."))
            future.exception()  # it may be that nobody waits for this one
        if not self.lost.done():
            self.lost.set_result(f"{self._where()} {why}.")


def tls_context(options: Options) -> ssl.SSLContext:
    """Return the TLS context of the options.

    Raises
    ------
    ConfigError
        A certificate or key cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=str(options.ca_file) if options.ca_file else None)
        if options.certificate_file and options.key_file:
            context.load_cert_chain(options.certificate_file, options.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"A certificate cannot be used ({error}): check ca_file, certificate_file and key_file."
        ) from None
    return context
