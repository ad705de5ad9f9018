"""The commands and their options; each body is one call into the module that does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

PlantMode = Literal["before", "after"]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="chanye 产业")


@app.callback()
def root() -> None:
    """Operate a district's modern industrial system."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(ctx: typer.Context) -> None:
    """Run a Django management command."""
    from django.core.management import execute_from_command_line

    from chanye.cli import setup_django

    setup_django()
    execute_from_command_line(["chanye manage", *ctx.args])


@app.command()
def init(
    organisation: Annotated[str, typer.Argument(help="Code of the firm; becomes part of paths, e.g. jiatai.")],
    name: Annotated[str, typer.Option(help="What people read.")] = "",
    site: Annotated[str, typer.Option(help="Code of the first site.")] = "main",
    site_name: Annotated[str, typer.Option(help="What people read.")] = "",
    person: Annotated[str, typer.Option(help="User name of the administrator.")] = "admin",
    timezone: Annotated[str, typer.Option(help="Time zone of the site: where its days begin.")] = "Asia/Shanghai",
) -> None:
    """Make the first organisation, its site and its administrator; print the password once."""
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli.init import init as make

    password = make(organisation, name=name, site=site, site_name=site_name, person=person, timezone=timezone)
    print(f"site      {organisation}/{site}")
    print(f"user      {person}")
    print(f"password  {password}")


@app.command()
def collect() -> None:
    """Run the collect process: the connectors and the one writer of history."""
    from chanye.cli import setup_django

    setup_django()
    from chanye.connectors.collect import main as run

    run()


@app.command()
def work() -> None:
    """Run the work process: processors turn samples into frames."""
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli.work import main as run

    run()


@app.command()
def up(
    data: Annotated[Path | None, typer.Option(help="Folder of all data.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the web server; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    broker: Annotated[bool | None, typer.Option("--broker/--no-broker", help="Run the MQTT broker.")] = None,
) -> None:
    """Start all processes and keep them running; Ctrl-C stops them."""
    from chanye.cli.up import apply_settings
    from chanye.cli.up import up as start

    apply_settings(data=data, port=port, host=host, broker=broker)
    start()


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Folder of all data; default: demo in the data folder.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the web server; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    days: Annotated[
        int | None, typer.Option(min=0, max=730, help="Days of past that the first start brings in; 60, plant: 1.")
    ] = None,
    score: Annotated[bool, typer.Option("--score", help="Play scripted troubles and score the answers.")] = False,
    minutes: Annotated[int, typer.Option(min=30, max=1440, help="Score: minutes of the shop to play.")] = 480,
    speed: Annotated[float, typer.Option(min=1, max=2000, help="Score: how much faster than life.")] = 480.0,
    json: Annotated[bool, typer.Option("--json", help="Score: print one JSON object.")] = False,
    plant: Annotated[bool, typer.Option("--plant", help="A plant of two lines with orders and people.")] = False,
    mode: Annotated[PlantMode, typer.Option(help="Plant: on paper (before) or with terminals (after).")] = "after",
    district: Annotated[
        bool, typer.Option("--district", help="A district: its office, 60 firms, three years.")
    ] = False,
    seed: Annotated[int, typer.Option(min=1, help="District, score: same seed, same district.")] = 1,
) -> None:
    """Start a simulated machine shop with its history, live; or score what is said of it."""
    if district and score:
        from chanye.cli.demo.district_score import run as run_district

        raise typer.Exit(run_district(seed=seed, as_json=json, data=data))
    if district:
        from chanye.cli.demo.district_start import start as start_district

        start_district(data=data, port=port, host=host)
    if plant and score:
        from chanye.cli.demo.plant_score import run as run_plant

        raise typer.Exit(run_plant(mode=mode, minutes=minutes, speed=speed, as_json=json, data=data))
    if score:
        from chanye.cli.demo.score import run

        raise typer.Exit(run(minutes=minutes, speed=speed, as_json=json, data=data))
    if plant:
        from chanye.cli.demo.plant_start import start as start_plant

        start_plant(data=data, port=port, host=host, days=min(1 if days is None else days, 30), mode=mode)
    from chanye.cli.demo.start import start

    start(data=data, port=port, host=host, days=60 if days is None else days)


@app.command()
def device(
    name: Annotated[str, typer.Argument(help="User name of the device.")],
    data: Annotated[Path | None, typer.Option(help="Folder of all data.")] = None,
) -> None:
    """Make or renew a device's account at the embedded MQTT broker; print its password once."""
    from chanye.cli.up import apply_settings
    from chanye.connectors.broker import make_device

    print(make_device(apply_settings(data=data).data, name))
    print("The broker takes it when `chanye up` starts next.")


@app.command()
def twin(
    agent_port: Annotated[int, typer.Option(help="Port of the MTConnect agent; 0 takes a free one.")] = 5000,
    seed: Annotated[int, typer.Option(help="Same seed, same shop.")] = 1,
) -> None:
    """Play a simulated machine shop behind a real MTConnect agent, for trying things out; Ctrl-C stops it."""
    from chanye.twin.__main__ import main as play

    play(["--agent-port", str(agent_port), "--seed", str(seed)])


@app.command()
def assets() -> None:
    """Fetch the chart library and compile the translations; quick when there is nothing to do."""
    from chanye.web.assets import ensure

    for line in ensure() or ["nothing to do"]:
        print(line)


@app.command()
def messages(check: Annotated[bool, typer.Option(help="Only say what is missing or unused.")] = False) -> None:
    """Collect every user-visible text of all rooms into the translation file."""
    from chanye.web.messages import report, update

    lines = report() if check else update()
    for line in lines:
        print(line)
    if check and lines:
        raise typer.Exit(1)


@app.command()
def connect(
    kind: Annotated[str, typer.Argument(help="A kind of connector, 'list' for the connections, 'kinds' for kinds.")],
    options: Annotated[list[str] | None, typer.Argument(help="option=value; option=@file.toml reads a file.")] = None,
    name: Annotated[str, typer.Option(help="Name of the connection, for ever.")] = "",
    site: Annotated[str, typer.Option(help="Site it belongs to.")] = "",
    group: Annotated[str, typer.Option(help="Connections of a group share a process.")] = "default",
) -> None:
    """Add a connection to a device, agent, broker or folder; list connections and kinds."""
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli import connect as command

    if kind == "list":
        command.show_connections()
    elif kind == "kinds":
        command.show_kinds((options or [""])[0])
    elif not name:
        command.show_kinds(kind)
    else:
        command.add(kind, name, site, group, options or [])


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet or SHDR files; .gz is unpacked.")],
    mapping: Annotated[Path | None, typer.Option("--map", help="Mapping of columns to series, TOML.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv, parquet or shdr; else as the mapping says.")] = "",
    site: Annotated[str, typer.Option(help="Site the data belong to.")] = "",
    connection: Annotated[str, typer.Option(help="Connection the data belong to.")] = "",
    devices: Annotated[Path | None, typer.Option(help="MTConnectDevices file of an SHDR recording.")] = None,
    device: Annotated[str, typer.Option(help="Device in it.")] = "",
    keep_good: Annotated[bool, typer.Option(help="Import the good rows, count the others.")] = False,
) -> None:
    """Import files in bulk: all of them or nothing, the same content once."""
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli import connect as command

    command.import_files(
        files,
        mapping=mapping,
        form=form,
        site=site,
        connection=connection,
        devices=devices,
        device=device,
        keep_good=keep_good,
    )


@app.command()
def version(short: Annotated[bool, typer.Option(help="Only the number.")] = False) -> None:
    """Print the version."""
    from chanye import __version__

    print(__version__ if short else f"chanye {__version__}")


@app.command()
def bench(
    names: Annotated[list[str], typer.Argument(help="ingest, query, idle, trace")],
    quick: Annotated[bool, typer.Option(help="Fewer samples; ends within 45 s.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per bench.")] = False,
) -> None:
    """Measure what was promised, against peers run in the same call."""
    from chanye.bench.run import run_benches

    if not run_benches(names, quick=quick, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def rebuild(
    start: Annotated[str, typer.Option("--from", help="First day, e.g. 2026-06-01; else the first sample.")] = "",
    end: Annotated[str, typer.Option("--to", help="Day before which to stop; else up to the last sample.")] = "",
    asset: Annotated[list[str] | None, typer.Option(help="Path of an asset; all below it too. Repeatable.")] = None,
) -> None:
    """Compute states, alarms and counts anew from the samples, while everything runs."""
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli.rebuild import run

    print(f"{run(start, end, asset or ())} frames computed")


@app.command()
def verify(
    what: Annotated[str, typer.Argument(help="Nothing: all that is here. evidence or ranking: one bundle.")] = "",
    file: Annotated[Path | None, typer.Argument(help="The bundle.")] = None,
    head: Annotated[str, typer.Option(help="Head of the audit chain noted down earlier, SEQUENCE:DIGEST.")] = "",
) -> None:
    """Prove that the audit chain, the history, stored files and evidence are whole; name the first thing that is not.

    ``chanye verify evidence FILE`` and ``chanye verify ranking FILE`` recompute a bundle without a database and say
    "same", or the first difference.
    """
    if what:
        from chanye.cli.verify import run_bundle

        raise typer.Exit(run_bundle(what, file))
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli.verify import run
    from chanye.kernel.settings import get_settings

    raise typer.Exit(run(get_settings().history_folder, head, files=get_settings().files_folder))


@app.command()
def validate(
    what: Annotated[str, typer.Argument(help="effects")] = "effects",
    plants: Annotated[int, typer.Option(min=1, help="How many plants of each kind are played.")] = 2000,
    only: Annotated[
        list[str] | None, typer.Option(help="One kind of plant; repeatable. Prints, writes no page.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the page is written.")] = Path("docs/reference"),
) -> None:
    """Play plants whose effects are known against every method, and write down how often its intervals hold them."""
    from chanye.bench.effects_validation import run

    if not run(what, plants=plants, only=tuple(only or ()), folder=folder):
        raise typer.Exit(1)


@app.command()
def docs(
    check: Annotated[bool, typer.Option(help="Only say which pages are stale.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the pages are.")] = Path("docs/reference"),
) -> None:
    """Write the reference pages of settings, commands and API from the program itself."""
    from chanye.cli.docs import stale, write

    changed = stale(folder, app) if check else write(folder, app)
    for path in changed:
        print(f"{'stale' if check else 'wrote'} {path}")
    if check and changed:
        raise typer.Exit(1)


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="New folder for the copy.")]) -> None:
    """Copy all data consistently while everything runs; to restore, start with --data at the copy."""
    from chanye.cli.backup import backup as copy
    from chanye.kernel.settings import get_settings

    for line in copy(get_settings(), folder):
        print(line)
