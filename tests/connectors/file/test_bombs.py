"""Small files that unpack to much more than they are are refused within bounded memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: 512 MB of address space beyond what is loaded: unpacking 900 MB in one piece would not fit.
CODE = """
import resource, sys
from pathlib import Path
import numpy, pyarrow, pyarrow.csv, pyarrow.parquet
from chanye.connectors.file.mapping import FilePart
from chanye.connectors.file.table import BadRows, csv_blocks
from chanye.kernel.errors import ConfigError
used = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 29), -1))
try:
    for block in csv_blocks(Path(sys.argv[1]), FilePart(), ["time"], BadRows(), lambda n: None):
        pass
except ConfigError as error:
    print("refused:", str(error)[:200])
"""


@pytest.mark.parametrize("head", [b"", b"time,v\n"])
def test_a_bomb_in_a_gzip_file_is_refused(tmp_path: Path, head: bytes) -> None:
    bomb = tmp_path / "bomb.csv.gz"
    # members of one file follow each other: packing one of them is enough
    bomb.write_bytes(gzip.compress(head) + gzip.compress(bytes(20 << 20), 1) * 45)
    assert bomb.stat().st_size < 20 << 20
    out = subprocess.run(
        [sys.executable, "-c", CODE, str(bomb)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        timeout=120,
        check=False,
    )
    assert out.returncode == 0, out.stderr[-800:]
    assert out.stdout.startswith("refused:"), out.stdout
