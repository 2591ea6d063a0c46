"""Where a source file loads pickles, or could: a pickle runs whatever code its writer put into it. Read from the syntax, not the text."""

from __future__ import annotations

import ast

# To import one of these has no other use than pickles.
_MODULES = frozenset({"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "shelve", "joblib.numpy_pickle", "pandas.io.pickle"})
# These can only write, for example to find out how much that would be.
_WRITERS = frozenset({"pickle.Pickler", "pickle.PickleBuffer"})
# To name one of these is to load pickles.
_LOADERS = frozenset({"joblib.load", "pandas.read_pickle"})
_IMPORTERS = frozenset({"__import__", "importlib.import_module"})


def pickles_in(source: str) -> list[str]:
    """Return a line for everything that loads pickles, empty for code that cannot."""
    tree = ast.parse(source)
    reader = _Reader(_names_of(tree))
    reader.visit(tree)
    return [f"{line}: {what}" for line, what in sorted(set(reader.found))]


def _names_of(tree: ast.AST) -> dict[str, str]:
    """Return what imported names stand for, e.g. `np` for `numpy`."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.asname: each.name for each in node.names if each.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return names


class _Reader(ast.NodeVisitor):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._is_safe: set[int] = set()
        self.found: list[tuple[int, str]] = []

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            self._check_module(node, each.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and not node.level:
            names = [f"{node.module}.{each.name}" for each in node.names]
            if _WRITERS.issuperset(names):
                return
            self._check_module(node, node.module)
            for name in names:
                self._check_module(node, name)
                if name in _LOADERS or name in {"joblib.*", "torch.*"}:
                    self.found.append((node.lineno, name))

    def visit_Call(self, node: ast.Call) -> None:
        called = self._name_of(node.func)
        given = {each.arg: each.value for each in node.keywords}
        if called == "torch.load" and _is(given.get("weights_only"), value=True):
            self._is_safe.add(id(node.func))
        third = node.args[2] if called == "numpy.load" and len(node.args) > 2 else None
        is_unseen = called == "numpy.load" and None in given
        if is_unseen or any(each is not None and not _is(each, value=False) for each in (given.get("allow_pickle"), third)):
            self.found.append((node.lineno, f"{called} with allow_pickle"))
        if called in _IMPORTERS and node.args and isinstance(node.args[0], ast.Constant):
            self._check_module(node, str(node.args[0].value))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._check_loader(node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._check_loader(node)

    def _check_module(self, node: ast.stmt | ast.expr, name: str) -> None:
        if any(name == each or name.startswith(f"{each}.") for each in _MODULES):
            self.found.append((node.lineno, name))

    def _check_loader(self, node: ast.expr) -> None:
        name = self._name_of(node)
        if name in _LOADERS or (name == "torch.load" and id(node) not in self._is_safe):
            self.found.append((node.lineno, name))

    def _name_of(self, node: ast.expr) -> str:
        """Return the whole name of an expression such as `np.load`, '' for what has none."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self._name_of(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""


def _is(node: ast.expr | None, *, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
