"""A new installation: one command, then somebody can sign in and see the site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from subprocess_environment import environment


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chanye", *words], env=environment(folder), capture_output=True, text=True
    )


def test_init_makes_a_site_and_an_administrator(tmp_path: Path) -> None:
    made = _run(tmp_path, "init", "嘉泰", "--name", "嘉泰精密", "--site", "一车间", "--person", "li")
    assert made.returncode == 0, made.stderr
    printed = dict(line.split(maxsplit=1) for line in made.stdout.splitlines())
    assert printed["site"] == "嘉泰/一车间"
    check = f"""
import chanye.cli; chanye.cli.setup_django()
from django.contrib.auth import authenticate
from chanye.parties.types import SYSTEM
from chanye.parties.audit import verify_chain
from chanye.spine.queries import sites
assert authenticate(username="li", password={printed["password"]!r}) is not None
assert [site.path for site in sites(SYSTEM)] == ["嘉泰/一车间"]
assert verify_chain().sound and verify_chain().rows >= 4
"""
    done = subprocess.run([sys.executable, "-c", check], env=environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_second_init_of_the_same_firm_says_what_to_do(tmp_path: Path) -> None:
    assert _run(tmp_path, "init", "firm").returncode == 0
    again = _run(tmp_path, "init", "firm")
    assert again.returncode == 1
    assert "choose another code" in again.stderr
    assert "Traceback" not in again.stderr
