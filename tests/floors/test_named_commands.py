"""Every command that a hint, a page or the docs name exists, with its options: a hint that leads nowhere is worse than none."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

ROOT = Path(__file__).resolve().parents[2]
QUOTED = re.compile(r"`cyberpunk ([^`]+)`")
LINE = re.compile(r"^(?:\$ )?cyberpunk ([^#\n|&]+)", re.MULTILINE)


def named() -> Iterator[tuple[str, str]]:
    """Every file with each command that it names."""
    for folder in ("lib", "api", "apps", "pipelines", "notebooks", "docs"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".md", ".ipynb"):
                yield from of_file(path)
    yield from of_file(ROOT / "README.md")


def of_file(path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text(encoding="utf-8")
    commands = QUOTED.findall(text) + (LINE.findall(text) if path.suffix == ".md" else [])
    yield from ((path.relative_to(ROOT).as_posix(), command.strip()) for command in commands)


def problem_of(command: str) -> str:
    """What is wrong with a command line, or nothing."""
    from cyberpunk_ai.cli.app import app

    at: Any = typer.main.get_command(app)
    for word in shlex.split(command):
        options = {name for each in at.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
        if word.startswith("-"):
            if word.partition("=")[0] not in options:
                return f"{at.name or 'cyberpunk'} has no option {word}"
        elif getattr(at, "commands", None):
            if word.isupper() or word == "...":
                return ""  # stands for any command
            if word not in at.commands:
                return f"there is no command {word}"
            at = at.commands[word]
    return ""


def test_every_command_that_is_named_exists() -> None:
    found = list(named())
    assert len(found) > 50
    wrong = {f"{where}: cyberpunk {command}: {problem}" for where, command in found if (problem := problem_of(command))}
    assert wrong == set()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("runs nightly --json", ""),
        ("COMMAND --help", ""),
        ("run --list", "run has no option --list"),
        ("source add", "there is no command source"),
        ("stream stop", "there is no command stop"),
    ],
)
def test_a_command_that_does_not_exist_is_found(command: str, problem: str) -> None:
    assert problem_of(command) == problem
