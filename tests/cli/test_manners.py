# SPDX-License-Identifier: Apache-2.0
"""What every command prints, and where: tables, one JSON object, warnings, help."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest
import rich.console

from kerilog import progress as progress_module
from kerilog.cli import main, output
from kerilog.progress import Steps, show_progress
from support.command import kerilog
from support.keras_files import write_samples, write_tiny

MANNERS = ("--quiet", "--verbose", "--json")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, samples under a name that looks like markup, and a design."""
    root = tmp_path_factory.mktemp("workshop")
    write_tiny(root / "tiny.keras")
    write_samples(root / "s[red]amples.npz")
    built = kerilog(
        "build", root / "tiny.keras", "-o", root / "design", "--data", root / "s[red]amples.npz", "-v"
    )
    assert built.status == 0, built.error
    assert " s  planning the hardware\n" in built.error
    return root


# ---- help ----


def test_summaries_are_whole() -> None:
    shown = kerilog("--help").output
    assert "..." not in shown.partition("Commands:")[2]
    for name, command in main.commands.items():
        assert command.short_help is not None, name
        assert f"  {name} " in shown
        assert " ".join(command.short_help.split()) in " ".join(shown.split()), name


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_the_options_of_all_and_examples(name: str) -> None:
    shown = kerilog(name, "--help").output
    assert [option for option in MANNERS if option not in shown] == []
    assert f"  kerilog {name}" in shown.partition("Example")[2]


def test_every_option_has_its_help() -> None:
    bare = [
        f"{name} {option.opts[0]}"
        for name, command in main.commands.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert bare == []


# ---- one JSON object ----


def test_show_prints_the_manifest_as_json(workshop: Path) -> None:
    manifest = json.loads((workshop / "design/manifest.json").read_text())
    for arguments in (("show", workshop / "design", "--json"), ("--json", "show", workshop / "design")):
        shown = kerilog(*arguments)
        assert (shown.status, shown.error) == (0, "")
        found = json.loads(shown.output)
        assert found.pop("folder") == (workshop / "design").as_posix()
        assert {key: found[key] for key in manifest} == manifest


def test_build_prints_what_show_prints(workshop: Path, tmp_path: Path) -> None:
    build = ("build", workshop / "tiny.keras", "--data", workshop / "s[red]amples.npz", "--json")
    built = kerilog(*build, "-o", tmp_path / "x")
    shown = kerilog("show", tmp_path / "x", "--json")
    assert (built.status, json.loads(built.output)) == (0, json.loads(shown.output))
    alone = kerilog(*build, "-o", tmp_path / "y", "--integer-only")
    assert json.loads(alone.output)["no_hardware"] == []


def test_explore_prints_the_front_as_json(workshop: Path, tmp_path: Path) -> None:
    explored = kerilog(
        "explore", workshop / "tiny.keras", "--data", workshop / "s[red]amples.npz",
        "-o", tmp_path / "front.json", "--json",
    )  # fmt: skip
    found = json.loads(explored.output)
    assert found.pop("files") == [(tmp_path / "front.json").as_posix()]
    assert found == json.loads((tmp_path / "front.json").read_text())


def test_vivado_and_report_say_what_they_wrote(workshop: Path) -> None:
    design = workshop / "design"
    assert json.loads(kerilog("vivado", design, "--json").output)["folder"] == (design / "vivado").as_posix()
    page = json.loads(kerilog("report", design, "--json").output)["file"]
    assert Path(page).is_file()


def test_an_error_leaves_standard_output_empty(tmp_path: Path) -> None:
    shown = kerilog("show", tmp_path, "--json")
    assert (shown.status, shown.output) == (2, "")
    assert shown.error.startswith("kerilog: error: ") and shown.error.count("\n") == 1


def test_numbers_that_json_lacks_become_null(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def command() -> None:
        output.result({"a": float("nan"), "b": [float("inf"), 1.5], "c": Path("x/y")})

    command.params.extend(output.options())
    command.main(["--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": "x/y"}


# ---- quiet and verbose ----


def test_quiet_prints_no_table_and_keeps_errors(workshop: Path, tmp_path: Path) -> None:
    shown = kerilog("show", workshop / "design", "--quiet")
    assert (shown.status, shown.output, shown.error) == (0, "", "")
    failed = kerilog("show", tmp_path, "--quiet")
    assert (failed.status, failed.output) == (2, "")
    assert failed.error.startswith("kerilog: error: ")


def test_quiet_keeps_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def command() -> None:
        output.warning("the [red]data[/] is doubtful")
        output.line("gone")
        output.table("gone", [("a", "b")])

    command.params.extend(output.options())
    command.main(["--quiet"], standalone_mode=False)
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", "kerilog: warning: the [red]data[/] is doubtful\n")


def test_quiet_and_verbose_exclude_each_other(workshop: Path) -> None:
    shown = kerilog("show", workshop / "design", "-q", "-v")
    assert shown.status == 2
    assert "--quiet and --verbose exclude each other" in shown.error


def test_verbose_shows_every_stage(workshop: Path) -> None:
    manifest = json.loads((workshop / "design/manifest.json").read_text())
    plain = kerilog("show", workshop / "design").output
    verbose = kerilog("show", workshop / "design", "--verbose").output
    stages = [layer["name"] for layer in manifest["layers"]]
    assert [name for name in stages if f"  {name} " not in verbose] == []
    assert [name for name in stages if f"  {name} " not in plain] != []
    assert manifest["model"]["sha256"] in verbose


def test_steps_add_up() -> None:
    steps = Steps()
    with show_progress("work", shown=False, steps=steps) as move:
        for stage in ("read", "write", "read"):
            move(stage, None)
    assert list(steps.seconds) == ["work", "read", "write"]
    assert all(seconds >= 0 for seconds in steps.seconds.values())


# ---- tables ----


def test_tables_are_whole_in_a_pipe(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = kerilog("show", workshop / "design").output
    assert "…" not in shown
    assert any(line.rstrip().endswith(f"in {workshop / 'design'}") for line in shown.splitlines())


def test_text_of_users_is_no_markup(workshop: Path) -> None:
    assert "s[red]amples.npz" in kerilog("show", workshop / "design").output


def test_stages_of_progress_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = rich.console.Console(file=screen, force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr(progress_module, "console", lambda stderr: terminal)
    with show_progress("build [/] [red]x") as move:
        move("layer [bold]a\x1b[2J[/nothing]", 0.5)
    assert "build [/] [red]x: layer [bold]a?[2J[/nothing]" in screen.getvalue()
