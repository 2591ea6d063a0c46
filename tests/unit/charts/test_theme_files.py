"""The files under `themes/` are exactly what the tokens say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cyberpunk_ai.charts.fonts import FONTS, font_faces, fonts_folder
from cyberpunk_ai.charts.theme import LOWEST_CONTRAST, channels, contrast, load_theme, theme_names
from cyberpunk_ai.charts.theme_files import font_copies, theme_files

THEMES = Path(__file__).resolve().parents[3] / "themes"


@pytest.mark.parametrize("name", sorted(theme_files()))
def test_theme_file_is_what_the_generator_writes(name: str) -> None:
    written = (THEMES / name).read_text(encoding="utf-8")
    assert written == theme_files()[name], "run python -m cyberpunk_ai.charts.theme_files"


@pytest.mark.parametrize("name", sorted(font_copies()))
def test_fonts_of_every_host_are_the_shipped_ones(name: str) -> None:
    assert (THEMES / name).read_bytes() == font_copies()[name].read_bytes(), "run python -m cyberpunk_ai.charts.theme_files"


def test_every_font_is_a_file_with_its_licence_beside_it() -> None:
    assert (fonts_folder() / "OFL.txt").read_text().count("Copyright") >= 3
    for family, name, _, _ in FONTS:
        assert (fonts_folder() / name).read_bytes()[:4] == b"wOF2"
        assert f'"{family}"' in "".join(load_theme().fonts.values())
        assert f"there/{name}" in font_faces("there")


@pytest.mark.parametrize("name", theme_names())
def test_matplotlib_takes_the_style_and_its_lines_can_be_seen(name: str) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    style = matplotlib.rc_params_from_file(THEMES / "matplotlib" / f"{name}.mplstyle", use_default_template=False)
    face = f"#{style['axes.facecolor'].removeprefix('#')}"
    for colour in style["axes.prop_cycle"].by_key()["color"]:
        assert contrast(f"#{colour.removeprefix('#')}", face) >= LOWEST_CONTRAST
    assert style["font.family"][0] == "Inter"


@pytest.mark.parametrize("name", theme_names())
def test_text_of_notebooks_is_readable_on_their_surfaces(name: str) -> None:
    css = theme_files()[f"jupyterlab/labextensions/@cyberpunk-ai/theme/themes/@cyberpunk-ai/theme/{name}.css"]
    said = dict(re.findall(r"--jp-([a-z0-9-]+): (#[0-9a-f]{6});", css))
    texts = [
        each
        for each in said
        if each.startswith("mirror-editor") or "font-color" in each or each in ("ui-font-color0", "content-link-color")
    ]
    turned = [each for each in texts if "inverse" in each]
    texts = [each for each in texts if each not in turned]
    for text in turned:
        for surface in ("brand-color1", "inverse-layout-color0", "accept-color-normal", "accept-color-hover"):
            assert contrast(said[text], said[surface]) >= LOWEST_CONTRAST, (text, surface)
    assert len(texts) > 20
    for text in texts:
        for surface in ("layout-color0", "layout-color1", "layout-color2", "cell-editor-background", "cell-editor-active-background"):
            assert contrast(said[text], said[surface]) >= LOWEST_CONTRAST, (text, surface)


def test_the_default_theme_is_the_one_jupyterlab_starts_with() -> None:
    settings = json.loads(theme_files()["jupyterlab/overrides.d/cyberpunk-ai.json"])
    assert settings["@jupyterlab/apputils-extension:themes"]["theme"] == f"Cyberpunk {load_theme().title}"
    entry = theme_files()["jupyterlab/labextensions/@cyberpunk-ai/theme/static/remoteEntry.js"]
    for name in theme_names():
        assert f'"title": "Cyberpunk {load_theme(name).title}"' in entry


def test_grafana_gets_the_accents() -> None:
    palette = json.loads(theme_files()["grafana/noir.json"])
    assert palette["colors"]["failing"] == load_theme("noir").failing
    assert all(len(channels(colour)) == 3 for colour in palette["colors"].values())
