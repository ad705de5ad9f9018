"""What every test shares: a data folder of its own."""

from __future__ import annotations

import os
import tempfile

os.environ["CHANYE_DATA"] = tempfile.mkdtemp(prefix="chanye-test-")
os.environ["CHANYE_DEMO"] = "false"
