"""Runs the cells of notebooks one after another, each notebook in a shell of IPython, as a kernel would, without starting one for each.

python -m tests.notebooks.cells < lines of JSON, each {"notebook": FILE, "parameters": {NAME: VALUE}, "output": FILE}

Behind what the cells print, each is answered with the line `ran FILE`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell


class LastValue(DisplayHook):
    """Gives the value of a cell's last expression to whoever keeps what cells show."""

    def write_output_prompt(self) -> None:
        """Print no `Out[1]:`."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self.shell.display_pub.publish(format_dict, md_dict)


class Shell(InteractiveShell):
    """A shell that keeps what cells show."""

    displayhook_class = LastValue
    display_pub_class = CapturingDisplayPublisher


def run(notebook: Path, parameters: dict[str, Any], output: Path) -> None:
    """Run the cells and write the notebook with what they showed. Parameters follow the cell that declares them, as papermill does it."""
    content = json.loads(notebook.read_text())
    shell = Shell.instance()
    for cell in [cell for cell in content["cells"] if cell["cell_type"] == "code"]:
        shell.display_pub.outputs.clear()
        shell.run_cell("".join(cell["source"])).raise_error()
        cell["outputs"] = [{"output_type": "display_data", **each} for each in shell.display_pub.outputs]
        if "parameters" in cell["metadata"].get("tags", []):
            shell.run_cell("\n".join(f"{name} = {value!r}" for name, value in parameters.items())).raise_error()
    output.write_text(json.dumps(content))
    Shell.clear_instance()


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        notebook = Path(asked["notebook"]).absolute()
        os.chdir(notebook.parent)
        run(notebook, asked["parameters"], Path(asked["output"]))
        print(f"\nran {asked['output']}", flush=True)
