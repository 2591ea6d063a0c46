"""Fitted models as plain JSON and back, exactly, without running anything that is stored.

Only numbers, texts, arrays, boosters in their libraries' own model formats, and objects of this package's customer engine are written and
read. An object is read by giving its class the stored attributes; no constructor runs. Where files lie is no matter of this module.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
from typing import Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed

ENGINE = "cyberpunk_ai.customer_analytics."
KIND = "kind"


def to_plain(value: Any) -> Any:
    """Return a fitted model, or anything it is made of, as JSON-ready values.

    Raises:
        InvalidArgument: Something in it is neither data nor an object of the customer engine.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        return _plain_container(value)
    if isinstance(value, (float, np.generic, pd.Timestamp)):
        return _plain_scalar(value)
    return _plain_object(value)


def from_plain(plain: Any) -> Any:
    """Return what `to_plain` was given.

    Raises:
        StoreFailed: It is not what `to_plain` writes, or names a class that this version does not have.
    """
    if isinstance(plain, list):
        return [from_plain(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    try:
        return _READERS[plain[KIND]](plain)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreFailed(f"a stored model cannot be read: {error!r}", hint="train it again with this version") from error


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, (pd.Timestamp, np.datetime64)):
        return {KIND: "time", "is": pd.Timestamp(value).isoformat()}
    plain = value.item() if isinstance(value, np.generic) else value
    return {KIND: "float", "is": repr(plain)} if isinstance(plain, float) and not np.isfinite(plain) else plain


def _plain_container(value: Any) -> Any:
    if isinstance(value, dict):
        return {KIND: "dict", "items": [[to_plain(key), to_plain(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    is_tuple = isinstance(value, tuple)
    return {KIND: "tuple" if is_tuple else "set", "items": [to_plain(item) for item in (value if is_tuple else sorted(value))]}


def _plain_array(array: np.ndarray) -> dict[str, Any]:
    if array.dtype.kind == "O" and all(isinstance(item, str) for item in array.ravel().tolist()):
        return {KIND: "array", "dtype": "object", "shape": list(array.shape), "values": array.ravel().tolist()}
    if array.dtype.kind not in "biufU":
        raise InvalidArgument(f"an array of {array.dtype} fits no safe format", hint="keep numbers or texts")
    # Shortest decimal writing reads back to the same bits; what is not finite is no JSON number and goes as text.
    values = [item if not isinstance(item, float) or np.isfinite(item) else repr(item) for item in array.ravel().tolist()]
    return {KIND: "array", "dtype": array.dtype.str, "shape": list(array.shape), "values": values}


def _plain_object(value: Any) -> dict[str, Any]:
    library = type(value).__module__.partition(".")[0]
    if library == "xgboost" and hasattr(value, "save_raw"):
        return {KIND: "xgboost", "model": bytes(value.save_raw("json")).decode("utf-8")}
    if library == "catboost" and hasattr(value, "_serialize_model"):
        return {KIND: "catboost", "class": type(value).__name__, "model": base64.b64encode(value._serialize_model()).decode("ascii")}
    module, name = type(value).__module__, type(value).__qualname__
    if not module.startswith(ENGINE) or "." in name:
        raise InvalidArgument(f"a {name} of {module} fits no safe format", hint="keep numbers, texts, arrays and boosters")
    kept = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else list(vars(value))
    state = {key: to_plain(getattr(value, key)) for key in kept}
    return {KIND: "object", "class": f"{module.removeprefix(ENGINE)}:{name}", "state": state}


def _array(plain: dict[str, Any]) -> np.ndarray:
    values, shape = plain["values"], tuple(plain["shape"])
    if plain["dtype"] == "object":
        array = np.empty(len(values), dtype=object)
        array[:] = [str(item) for item in values]
        return array.reshape(shape)
    dtype = np.dtype(plain["dtype"])
    if dtype.kind not in "biufU":
        raise ValueError(f"dtype {dtype}")
    return np.array([float(item) for item in values] if dtype.kind == "f" else values, dtype=dtype).reshape(shape)


def _object(plain: dict[str, Any]) -> Any:
    module, _, name = str(plain["class"]).partition(":")
    try:
        found = getattr(importlib.import_module(ENGINE + module), name)
    except (ImportError, AttributeError) as error:
        raise StoreFailed(f"this version knows no {plain['class']}", hint="train the model again with this version") from error
    if not isinstance(found, type) or found.__module__ != ENGINE + module:
        raise StoreFailed(f"{plain['class']} is no class of the customer engine", hint="train the model again")
    made: Any = object.__new__(found)
    for key, item in plain["state"].items():
        object.__setattr__(made, str(key), from_plain(item))
    return made


def _xgboost(plain: dict[str, Any]) -> Any:
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(plain["model"].encode("utf-8")))
    except xgboost.core.XGBoostError as error:
        raise StoreFailed("the stored trees cannot be read", hint="train the model again") from error
    return booster


def _catboost(plain: dict[str, Any]) -> Any:
    try:
        catboost = importlib.import_module("catboost")
    except ImportError as error:
        raise StoreFailed("the stored model needs catboost", hint="install catboost, or train the model again without it") from error
    model = catboost.CatBoostClassifier() if plain["class"] == "CatBoostClassifier" else catboost.CatBoost()
    try:
        model.load_model(blob=base64.b64decode(plain["model"]))
    except catboost.CatBoostError as error:
        raise StoreFailed("the stored trees cannot be read", hint="train the model again") from error
    return model


_READERS: dict[str, Any] = {
    "float": lambda plain: float(plain["is"]),
    "time": lambda plain: pd.Timestamp(plain["is"]),
    "tuple": lambda plain: tuple(from_plain(item) for item in plain["items"]),
    "set": lambda plain: frozenset(from_plain(item) for item in plain["items"]),
    "dict": lambda plain: {from_plain(key): from_plain(item) for key, item in plain["items"]},
    "array": _array,
    "object": _object,
    "xgboost": _xgboost,
    "catboost": _catboost,
}
