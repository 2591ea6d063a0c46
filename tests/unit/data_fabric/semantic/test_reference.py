"""The page about metrics is the model's own words."""

from __future__ import annotations

from pathlib import Path

from cyberpunk_ai.data_fabric.semantic.model import load_model
from cyberpunk_ai.data_fabric.semantic.reference import reference

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "metrics.md"


def test_the_page_is_what_the_model_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(load_model()), (
        "run: python -m cyberpunk_ai.data_fabric.semantic.reference > docs/reference/metrics.md"
    )


def test_every_metric_and_dimension_has_a_heading() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    model = load_model()
    assert {f"### {name}" for name in [*model.metrics, *model.dimensions]} <= set(lines)
