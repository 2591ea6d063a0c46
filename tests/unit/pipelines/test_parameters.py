from pathlib import Path

import nbformat
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from cyberpunk_ai.core.errors import InvalidArgument
from pipelines.parameters import check_parameters

SOURCE = "horizon: int = 12  # weeks\nrate: float = 0.5\nsync: bool = True\nregion: str = ''\nas_of = None"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    cell = nbformat.v4.new_code_cell(SOURCE, metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    path = tmp_path / "question.ipynb"
    content = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(content, path)
    return path


def test_texts_of_a_command_line_become_the_declared_types(notebook: Path) -> None:
    given = {"horizon": "8", "rate": "2", "sync": "no", "region": "EMEA", "as_of": "2024-01-01"}
    assert check_parameters(notebook, given) == {"horizon": 8, "rate": 2.0, "sync": False, "region": "EMEA", "as_of": "2024-01-01"}


@pytest.mark.parametrize("name", ["colour", "x = 1; import os", "__import__('os').system('id')", "horizon\nimport os"])
def test_an_undeclared_name_never_reaches_the_notebook(notebook: Path, name: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_parameters(notebook, {name: 1})
    assert "horizon (default 12)" in caught.value.hint


@pytest.mark.parametrize(("name", "value"), [("horizon", "many"), ("horizon", 1.5), ("horizon", True), ("sync", "perhaps"), ("region", 3)])
def test_a_value_of_another_type_is_refused(notebook: Path, name: str, value: object) -> None:
    with pytest.raises(InvalidArgument, match=name):
        check_parameters(notebook, {name: value})


CODE = [
    'EMEA"\nimport os; raise OSError\n#', "{__import__('os').getpid()}", "a\\", "'''", '"""+__import__("os").name+"""',
    "\u2028raise OSError",
]  # fmt: skip


@pytest.mark.parametrize("text", CODE)
def test_a_text_stays_a_text_in_the_notebook(notebook: Path, text: str) -> None:
    book = parameterize_notebook(load_notebook_node(str(notebook)), check_parameters(notebook, {"region": text}))
    (injected,) = [cell.source for cell in book.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    found: dict[str, object] = {}
    exec(injected, {"__builtins__": {}}, found)
    assert found == {"region": text}
