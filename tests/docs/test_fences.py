"""Every python and bash fence of the documentation runs, page by page, from top to bottom.

Python fences of a page share one namespace. Bash fences of a page run line by line in one empty folder; a line that
serves until stopped (``chanye up``, ``chanye demo``, ``chanye twin``) is started, waited for, and stopped at the end
of the page; ``make`` verbs are checked with ``make --dry-run`` in the project's folder: they would run these tests.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import ROOT, fences, pages
from migrated import give_records
from subprocess_environment import environment

ENGLISH = [page for page in pages() if not page.stem.endswith(".zh-Hans")]
SERVES = ("chanye up", "chanye demo", "chanye twin")


def _with(lang: str) -> list[Path]:
    return [page for page in ENGLISH if any(fence.lang == lang for fence in fences(page))]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", _with("python"), ids=_name)
def test_python_fences_run(page: Path, tmp_path: Path) -> None:
    blank = page.read_text().count("\n") * [""]
    for fence in fences(page):
        if fence.lang == "python":
            lines = fence.body.splitlines()
            blank[fence.line : fence.line + len(lines)] = lines
    script = tmp_path / f"{page.stem}.py"
    script.write_text("\n".join(blank))
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=environment(tmp_path / "var"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Shell:
    """Runs the commands of a page as a reader would type them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.serving: list[subprocess.Popen[str]] = []
        bin_folder = folder / ".bin"
        bin_folder.mkdir()
        (bin_folder / "chanye").write_text(f'#!/bin/sh\nexec {sys.executable} -m chanye "$@"\n')
        (bin_folder / "chanye").chmod(0o755)
        give_records(folder / "var")
        give_records(folder / "var" / "demo")  # where the demo keeps its own
        # any port for the broker: another page may be serving at the same time
        self.environment = environment(
            folder / "var", PATH=f"{bin_folder}:{os.environ['PATH']}", CHANYE_BROKER_PORT="0"
        )

    def run(self, command: str) -> None:
        """Run one command line; fail with what it printed."""
        words = shlex.split(command, comments=True)
        if not words:
            return
        if "--score" in words:
            return  # the same command is proved, and its verdict read, in tests/cli/test_demo.py
        if words[0] == "make":
            command, folder = f"make --dry-run {' '.join(words[1:])}", ROOT
        else:
            folder = self.folder
        if command.startswith(SERVES) and "--help" not in words:
            self._serve(command)
            return
        done = subprocess.run(
            ["bash", "-euc", command], cwd=folder, env=self.environment, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"

    def _serve(self, command: str) -> None:
        log = (self.folder / f"serving-{len(self.serving)}.log").open("w+")
        process = subprocess.Popen(
            ["bash", "-euc", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.serving.append(process)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            assert process.poll() is None, f"$ {command}\n{Path(log.name).read_text()}"
            text = Path(log.name).read_text()
            for word in text.split():
                if word.startswith("http://") and self._answers(word.rstrip("/.,") + "/"):
                    return
            time.sleep(0.3)
        pytest.fail(f"$ {command}\nprinted no address that answers\n{Path(log.name).read_text()}")

    @staticmethod
    def _answers(address: str) -> bool:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def stop(self) -> None:
        """Stop what still serves, last first."""
        for process in reversed(self.serving):
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    yield made
    made.stop()


def _commands(body: str) -> list[str]:
    """Return the command lines of a fence; a trailing backslash joins, ``cat <<`` takes its text along."""
    commands: list[str] = []
    lines = iter(body.splitlines())
    for line in lines:
        while line.endswith("\\"):
            line = line[:-1] + next(lines).strip()
        if "<<" in line:
            end = line.rsplit("<<", 1)[1].strip().strip("'\"")
            for more in lines:
                line += "\n" + more
                if more.strip() == end:
                    break
            line += "\n"
        if line.strip():
            commands.append(line)
    return commands


@pytest.mark.parametrize("page", _with("bash"), ids=_name)
def test_bash_fences_run(page: Path, shell: Shell) -> None:
    for fence in fences(page):
        if fence.lang == "bash":
            for command in _commands(fence.body):
                shell.run(command)
