"""The catalogue: one YAML file a pipeline, read and checked. Running is `runner`'s business."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cyberpunk_ai.core.errors import NotFound, SettingsInvalid

HERE = Path(__file__).parent
CATALOGUE = HERE / "catalogue"
# In a checkout the notebooks stand beside this folder, in an installed wheel inside it.
NOTEBOOK_FOLDERS = (HERE.parent / "notebooks", HERE / "notebooks")


class Pipeline(BaseModel):
    """A notebook with parameters and a schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    notebook: str = Field(pattern=r"^[a-z0-9_]+$", description="Name of a notebook in notebooks/, without its ending.")
    schedule: str = Field(default="", description="Five fields of cron, in UTC; empty runs by hand only.")
    retries: int = Field(default=0, ge=0, le=10)
    timeout_seconds: int = Field(default=3600, ge=1)
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def notebook_path(self) -> Path:
        """Where the notebook is.

        Raises:
            NotFound: It is in none of the folders.
        """
        for folder in NOTEBOOK_FOLDERS:
            path = folder / f"{self.notebook}.ipynb"
            if path.is_file():
                return path
        raise NotFound(
            f"pipeline {self.name}: notebook {self.notebook!r} is missing", hint=f"looked in {', '.join(map(str, NOTEBOOK_FOLDERS))}"
        )


def load(name: str, folder: Path = CATALOGUE) -> Pipeline:
    """Read a pipeline.

    Raises:
        NotFound: No file of this name.
        SettingsInvalid: The file lacks or has too many fields; every problem is named.
    """
    if name not in names(folder):
        raise NotFound(f"no pipeline is called {name!r}", hint=f"known: {', '.join(names(folder)) or 'none'}")
    try:
        return Pipeline.model_validate({"name": name} | (yaml.safe_load((folder / f"{name}.yaml").read_text()) or {}))
    except (ValidationError, yaml.YAMLError) as error:
        raise SettingsInvalid(f"pipelines/catalogue/{name}.yaml: {error}", hint="see docs/how-to/add-a-pipeline.md") from error


def names(folder: Path = CATALOGUE) -> list[str]:
    """List the pipelines."""
    return sorted(path.stem for path in folder.glob("*.yaml"))
