"""The whole product as people run it, for benches that measure it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Self


class Product:
    """``chanye up`` with its broker on a folder of its own, on free ports: ``with Product(folder) as product``.

    Parameters
    ----------
    folder
        Empty; data go to ``folder / "var"``.
    env
        More environment.
    """

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.env = {**os.environ, "CHANYE_BROKER_PORT": "0", **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def data(self) -> Path:
        """Data folder of the product."""
        return self.folder / "var"

    @property
    def pid(self) -> int:
        """Process id of the supervisor."""
        return self.process.pid if self.process else 0

    def status(self) -> dict[str, Any]:
        """What the supervisor says: ``url``, ``ready``, ``children``."""
        found: dict[str, Any] = json.loads((self.data / "run" / "up.json").read_text())
        return found

    def __enter__(self) -> Self:
        self._log = (self.folder / "out.log").open("wb")
        argv = [sys.executable, "-m", "chanye", "up", "--data", str(self.data), "--port", "0", "--broker"]
        self.process = subprocess.Popen(argv, stdout=self._log, stderr=self._log, env=self.env)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError, ValueError, KeyError):
                if self.status()["ready"]:
                    return self
            time.sleep(0.1)
        self.__exit__()
        said = (self.folder / "out.log").read_text(errors="replace")[-500:]
        raise RuntimeError(f"chanye up did not get ready: {said}")

    def __exit__(self, *problem: object) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._log is not None:
            self._log.close()
