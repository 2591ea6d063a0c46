"""The store of fitted models: versions, safe formats only, and nothing half-written."""

from __future__ import annotations

import hashlib
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, StoreFailed
from cyberpunk_ai.models.artefacts import ArtefactStore
from tests.failing_storage import read_only, small_files


@pytest.fixture
def store(tmp_path) -> ArtefactStore:
    return ArtefactStore(tmp_path / "artefacts")


def test_json_comes_back_with_its_card(store):
    saved = store.save("factors", {"80": 1.2}, kind="conformal", meta={"series": 30})
    card, payload = store.load("factors")
    assert payload == {"80": 1.2}
    assert card == saved
    assert (card.version, card.kind, card.format, card.meta) == (1, "conformal", "json", {"series": 30})
    assert card.created_at.tzinfo is not None


def test_versions_count_up_and_the_newest_is_loaded(store):
    for value in (1, 2, 3):
        store.save("factors", value, kind="conformal")
    assert store.versions("factors") == [1, 2, 3]
    assert store.load("factors")[1] == 3
    assert store.load("factors", 2)[1] == 2
    assert store.names() == ["factors"]


def test_arrays_come_back(store):
    store.save("scales", {"mean": np.arange(3.0), "name": np.array(["a", "b"])}, kind="scales")
    card, payload = store.load("scales")
    assert card.format == "npz"
    assert payload["mean"].tolist() == [0, 1, 2]
    assert payload["name"].tolist() == ["a", "b"]


def test_tensors_come_back(store):
    import torch

    store.save("net", {"weight": torch.eye(2)}, kind="lstm")
    card, payload = store.load("net")
    assert card.format == "safetensors"
    assert torch.equal(payload["weight"], torch.eye(2))


def test_boosters_come_back(store):
    import xgboost

    data = np.arange(20.0).reshape(-1, 1)
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(data, label=data[:, 0]), num_boost_round=3)
    store.save("trees", booster, kind="xgboost")
    card, payload = store.load("trees")
    assert card.format == "xgboost"
    assert np.array_equal(payload.inplace_predict(data), booster.inplace_predict(data))


@pytest.mark.parametrize("payload", [object(), {"a": {1, 2}}, {"a": np.array([object()])}, float("nan")])
def test_what_fits_no_safe_format_is_refused_and_leaves_nothing(store, payload):
    with pytest.raises(InvalidArgument):
        store.save("thing", payload, kind="thing")
    assert store.versions("thing") == []
    assert list((store.root / "thing").iterdir()) == []


def test_pickle_in_place_of_arrays_is_never_loaded(store):
    card = store.save("scales", {"a": np.zeros(2)}, kind="scales")
    file = card.path / "arrays.npz"
    file.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(StoreFailed, match="damaged"):
        store.load("scales")
    # Even when the card was forged along with it.
    forged = json.loads((card.path / "artefact.json").read_text()) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (card.path / "artefact.json").write_text(json.dumps(forged))
    with pytest.raises(StoreFailed, match="not of the format"):
        store.load("scales")
    (card.path / "artefact.json").write_text(json.dumps(forged | {"format": "pickle"}))
    with pytest.raises(StoreFailed, match="claims the format"):
        store.load("scales")


@pytest.mark.parametrize("name", ["../up", "a/b", "/etc", "..", "%2e%2e%2fup", "a\\b", "a\0", "a\n", "", "Über", ".hidden", "x" * 65])
def test_names_cannot_leave_the_folder(store, name):
    with pytest.raises(InvalidArgument):
        store.save(name, 1, kind="x")
    with pytest.raises(InvalidArgument):
        store.load(name)


def test_absent_models_are_named(store):
    with pytest.raises(NotFound):
        store.load("nobody")
    store.save("somebody", 1, kind="x")
    with pytest.raises(NotFound) as caught:
        store.load("somebody", 9)
    assert "[1]" in caught.value.hint


def test_everybody_who_saves_at_once_gets_a_version(store):
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda value: store.save("busy", value, kind="x").version, range(16)))
    assert sorted(versions) == list(range(1, 17))


def test_a_folder_that_cannot_be_written_is_told_and_keeps_what_is_there(store):
    store.save("factors", {"80": 1.2}, kind="conformal")
    with read_only(store.root), pytest.raises(StoreFailed, match="read only") as raised:
        store.save("factors", {"80": 1.3}, kind="conformal")
    assert raised.value.details["file"] == str(store.root / "factors")
    assert store.versions("factors") == [1]


@pytest.mark.parametrize("payload", [{"text": "x" * 4_000}, {"array": np.random.default_rng(1).normal(size=2_000)}])
def test_a_file_that_may_not_grow_leaves_no_version(store, payload):
    with small_files(1_000), pytest.raises(StoreFailed, match="file too large"):
        store.save("factors", payload, kind="conformal")
    assert store.versions("factors") == []
    assert list((store.root / "factors").iterdir()) == []
