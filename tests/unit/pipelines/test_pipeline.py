from pathlib import Path

import pytest

from cyberpunk_ai.core.errors import NotFound, SettingsInvalid
from pipelines.parameters import check_parameters
from pipelines.pipeline import load, names


@pytest.mark.parametrize("name", names())
def test_every_pipeline_of_the_catalogue_fits_its_notebook(name: str) -> None:
    pipeline = load(name)
    assert check_parameters(pipeline.notebook_path, pipeline.parameters) == pipeline.parameters


def test_an_unknown_pipeline_names_those_that_are_there() -> None:
    with pytest.raises(NotFound) as caught:
        load("weekly")
    assert "nightly" in caught.value.hint


OUTSIDE = ["../pyproject", "../../etc/passwd", "/etc/passwd", "nightly/../nightly", "./nightly", "nightly\n", "nightly\0", "*", "..", ""]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_cannot_leave_the_catalogue(name: str) -> None:
    with pytest.raises(NotFound):
        load(name)


def test_a_misspelt_field_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text("description: x\nnotebook: start_here\nshedule: '* * * * *'\n")
    with pytest.raises(SettingsInvalid, match="shedule"):
        load("odd", tmp_path)
