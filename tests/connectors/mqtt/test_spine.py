"""From a device's publication to the historian: through the real link, stored once, with Chinese names."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from chanye.connectors.link import RunnerLink, local_link
from chanye.connectors.mqtt.connector import MqttConnector
from chanye.connectors.mqtt.options import Options
from chanye.spine.history import History, Reader
from connectors.mqtt.parts import RULE, Publisher, embedded, in_loop, until

pytestmark = pytest.mark.slow
T0 = 1_700_000_000_000_000


async def serve(options: Options, link: RunnerLink, seconds_until: int) -> None:
    task = asyncio.create_task(MqttConnector(options, link).run())
    try:
        await until(lambda: link.standing.samples >= seconds_until or task.done(), 20)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@in_loop
async def test_every_publication_is_stored_once(tmp_path: Path) -> None:
    rule = {**RULE, "topic": "渝北/{asset}/电表", "values": [{"path": "$.v", "code": "功率", "unit": "kW"}]}
    options = Options.model_validate({"source": "embedded", "broker_folder": tmp_path, "rules": [rule]})
    with embedded(tmp_path) as server, History(tmp_path / "history") as history:
        link = await local_link(history, "mqtt:电表")
        device = Publisher(server.port)
        work = asyncio.create_task(serve(options, link, 200))
        await until(lambda: link.standing.state == "active")
        for number in [*range(100), *range(100)]:  # the device sends everything twice
            device.send("渝北/冲压1号/电表", json.dumps({"t": T0 + number, "v": number}))
        await work
        device.close()
        tag = await link.declare([])
        assert tag == {}
        series = link._bound["渝北/冲压1号/电表 $.v"].series
        samples = Reader(tmp_path / "history").raw([series], T0, T0 + 1_000)
        assert samples.time.tolist() == [T0 + n for n in range(100)]
        assert samples.value.tolist() == [float(n) for n in range(100)]
        assert int(link.resume.position) >= 200
