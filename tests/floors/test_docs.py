"""The docs are tested against the code: every setting, command, route and plug-in has its heading."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main
from fastapi import FastAPI

from cyberpunk_ai.core.settings import Settings, variables

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def headings(name: str) -> set[str]:
    lines = (REFERENCE / f"{name}.md").read_text().splitlines()
    return {line.lstrip("# ").strip().strip("`") for line in lines if line.startswith("#")}


def first_cells(name: str) -> set[str]:
    lines = (REFERENCE / f"{name}.md").read_text().splitlines()
    return {line.split("|")[1].strip().strip("`") for line in lines if line.startswith("| ")}


def test_every_setting_has_its_heading_or_its_line_in_the_table_of_ceilings() -> None:
    assert variables().keys() - headings("settings") - first_cells("settings") == set()


def test_every_ceiling_is_in_the_table_with_its_default() -> None:
    lines = [line.split("|") for line in (REFERENCE / "settings.md").read_text().splitlines() if line.startswith("| `")]
    rows = {cells[1].strip(" `"): cells[2] for cells in lines}
    for name, field in Settings.model_fields.items():
        if name.startswith("max_"):
            assert float(rows[f"CYBERPUNK_{name.upper()}"].replace(",", "")) == field.default, name


def test_every_command_has_its_heading() -> None:
    from cyberpunk_ai.cli.app import app

    group = typer.main.get_command(app)
    found = set()
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"cyberpunk {name} {each}" for each in inner} if inner else {f"cyberpunk {name}"}
    assert found - headings("commands") == set()
    assert {title for title in headings("commands") if title.startswith("cyberpunk ")} - found == set()


def test_every_route_has_its_heading() -> None:
    from api.routes import router

    app = FastAPI()
    app.include_router(router)
    found = {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}
    assert found, "the router lists its routes"
    assert found - headings("routes") == set()


def test_every_connector_has_its_heading() -> None:
    from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS

    assert set(CONNECTORS.names()) - headings("connectors") == set()


def test_every_forecaster_has_its_heading() -> None:
    from cyberpunk_ai.forecasting.base import FORECASTERS

    assert set(FORECASTERS.names()) - {title.split(" ")[0].strip("`") for title in headings("forecasters")} == set()


def test_every_link_between_pages_leads_somewhere() -> None:
    root = REFERENCE.parents[1]
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    targets = [(page, target) for page in pages for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()) if "://" not in target]
    assert [f"{page.name}: {target}" for page, target in targets if not (page.parent / target).exists()] == []
