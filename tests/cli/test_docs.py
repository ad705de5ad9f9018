"""The generated reference pages are there, complete and fresh."""

from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from chanye.cli import docs
from chanye.cli.app import app
from chanye.kernel.settings import Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_the_pages_are_fresh() -> None:
    assert docs.stale(REFERENCE, app) == [], "run: chanye docs"


def test_every_setting_and_command_is_named_and_explained() -> None:
    settings, commands = docs.settings_page(), docs.cli_page(app)
    for name, field in Settings.model_fields.items():
        assert f"| `{name}` | `CHANYE_{name.upper()}` |" in settings
        assert field.description
        assert field.description.replace("|", "\\|") in settings
    for name, command in typer.main.get_command(app).commands.items():
        assert f"## `chanye {name}" in commands
        assert command.help


def test_a_stale_page_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["docs", "--check", "--folder", str(tmp_path)]).exit_code == 1
    assert runner.invoke(app, ["docs", "--folder", str(tmp_path)]).exit_code == 0
    assert runner.invoke(app, ["docs", "--check", "--folder", str(tmp_path)]).exit_code == 0
    (tmp_path / "cli.md").write_text("old")
    answer = runner.invoke(app, ["docs", "--check", "--folder", str(tmp_path)])
    assert answer.exit_code == 1
    assert answer.output.split() == ["stale", str(tmp_path / "cli.md")]
