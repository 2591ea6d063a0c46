"""Fitted models on disk: versioned, with their metadata, in formats that cannot run code. Nothing here ever reads or writes a pickle."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import InvalidArgument, NotFound, StoreFailed
from cyberpunk_ai.core.results import to_jsonable
from cyberpunk_ai.core.storage_errors import writing

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CARD = "artefact.json"
_FILES = {"json": "model.json", "npz": "arrays.npz", "safetensors": "tensors.safetensors", "xgboost": "booster.json"}
_TRIES = 50


@dataclass(frozen=True)
class Artefact:
    """The card of a stored model.

    Attributes:
        name: What it is called.
        version: 1 for the first, one more for each later one.
        kind: What it is, such as `lstm` or `conformal_factors`.
        format: json, npz, safetensors or xgboost.
        created_at: When it was stored, UTC.
        meta: Whatever was said about it.
        sha256: Of the file.
        path: Folder that holds it.
    """

    name: str
    version: int
    kind: str
    format: str
    created_at: datetime
    meta: Mapping[str, Any]
    sha256: str
    path: Path


class ArtefactStore:
    """A folder of fitted models, one subfolder per name and version; several processes may use it at once.

    Args:
        root: Folder; made at the first save.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def save(self, name: str, payload: Any, *, kind: str, meta: Mapping[str, Any] | None = None) -> Artefact:
        """Store a model as the next version of its name; it appears whole or not at all.

        Args:
            name: Small letters, digits, `-` and `_`.
            payload: An xgboost Booster, a mapping of names to torch tensors or to numpy arrays, or anything that is JSON.
            kind: What it is.
            meta: What to remember about it, JSON-ready.

        Raises:
            InvalidArgument: The name is not allowed, or the payload fits no safe format.
            StoreFailed: The disk is full, or may not be written.
        """
        check_name(name)
        with writing("saving a model to", self.root / name):
            return self._save(name, payload, kind, meta)

    def _save(self, name: str, payload: Any, kind: str, meta: Mapping[str, Any] | None) -> Artefact:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
        try:
            form = _write(payload, draft)
            card = {
                "name": name, "kind": kind, "format": form, "created_at": utc_now().isoformat(), "meta": to_jsonable(dict(meta or {})),
                "sha256": _digest(draft / _FILES[form]),
            }  # fmt: skip
            for _ in range(_TRIES):
                version = max(self.versions(name), default=0) + 1
                (draft / _CARD).write_text(json.dumps(card | {"version": version}, indent=1), encoding="utf-8")
                try:
                    # Renaming onto a folder that somebody else has just made fails: then the next number is tried.
                    draft.rename(folder / f"v{version}")
                except OSError:
                    continue
                return self.describe(name, version)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        raise StoreFailed(f"no free version of {name!r} after {_TRIES} tries", hint=f"look into {folder}")

    def load(self, name: str, version: int | None = None) -> tuple[Artefact, Any]:
        """Return the card and the model, the newest version where none is named.

        Raises:
            NotFound: There is no such model or version.
            StoreFailed: The file is not what was stored, or is not of a safe format.
        """
        card = self.describe(name, version)
        file = card.path / _FILES[card.format]
        if not file.is_file() or _digest(file) != card.sha256:
            raise StoreFailed(f"{name!r} version {card.version} is damaged", hint="load an earlier version or train it again")
        return card, _read(file, card.format)

    def describe(self, name: str, version: int | None = None) -> Artefact:
        """Return the card of a version, the newest where none is named.

        Raises:
            NotFound: There is no such model or version.
            StoreFailed: The card cannot be read, or names a format that is not safe.
        """
        check_name(name)
        known = self.versions(name)
        chosen = max(known, default=0) if version is None else version
        if chosen not in known:
            raise NotFound(f"no model {name!r} of version {version or 'any'}", hint=f"versions: {known or 'none'}; names: {self.names()}")
        folder = self.root / name / f"v{chosen}"
        try:
            card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
            form, created = str(card["format"]), datetime.fromisoformat(card["created_at"])
            found = Artefact(name, chosen, str(card["kind"]), form, created, dict(card["meta"]), str(card["sha256"]), folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreFailed(f"the card of {name!r} version {chosen} cannot be read: {error}", hint="load an earlier version") from error
        if form not in _FILES:
            raise StoreFailed(f"{name!r} version {chosen} claims the format {form!r}", hint=f"only {', '.join(_FILES)} are ever loaded")
        return found

    def versions(self, name: str) -> list[int]:
        """Return the versions of a name, oldest first; empty where there is none."""
        check_name(name)
        folder = self.root / name
        found = [int(each.name[1:]) for each in folder.glob("v*") if each.is_dir() and each.name[1:].isdigit()] if folder.is_dir() else []
        return sorted(found)

    def names(self) -> list[str]:
        """Return the names of all models, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(
            each.name for each in self.root.iterdir() if each.is_dir() and _NAME.fullmatch(each.name) and self.versions(each.name)
        )


def check_name(name: str) -> None:
    """Refuse a name that `save` would refuse, before a model is learnt for it.

    Raises:
        InvalidArgument: It has other characters than small letters, digits, `-` and `_`, or more than 64.
    """
    if not _NAME.fullmatch(name):
        raise InvalidArgument(f"{name!r} is not a name for a model", hint="use up to 64 small letters, digits, - and _")


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _write(payload: Any, folder: Path) -> str:
    library = type(payload).__module__.partition(".")[0]
    if library == "xgboost" and hasattr(payload, "save_model"):
        payload.save_model(str(folder / _FILES["xgboost"]))
        return "xgboost"
    if isinstance(payload, Mapping) and payload:
        if all(type(value).__module__.partition(".")[0] == "torch" for value in payload.values()):
            from safetensors.torch import save_file

            save_file({str(key): value.detach().contiguous() for key, value in payload.items()}, str(folder / _FILES["safetensors"]))
            return "safetensors"
        if all(isinstance(value, np.ndarray) for value in payload.values()):
            if any(value.dtype.hasobject for value in payload.values()):
                raise InvalidArgument("arrays of Python objects are not stored", hint="give them a numeric or string dtype")
            with (folder / _FILES["npz"]).open("wb") as content:
                np.savez_compressed(content, **{str(key): value for key, value in payload.items()})
            return "npz"
    try:
        text = json.dumps(payload, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(
            f"a {type(payload).__name__} fits no safe format: {error}", hint="pass arrays, tensors, a Booster or JSON"
        ) from error
    (folder / _FILES["json"]).write_text(text, encoding="utf-8")
    return "json"


def _read(file: Path, form: str) -> Any:
    try:
        if form == "json":
            return json.loads(file.read_text(encoding="utf-8"))
        if form == "npz":
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        if form == "safetensors":
            from safetensors.torch import load_file

            return load_file(str(file))
        from xgboost import Booster

        booster = Booster()
        booster.load_model(str(file))
    except (ValueError, OSError) as error:
        raise StoreFailed(f"{file.name} is not of the format {form}: {error}", hint="load an earlier version or train it again") from error
    return booster
