"""Ten series or a hundred thousand: forecasts in chunks, on the processes of this machine or on a Dask cluster, resumable, nothing lost.

What is done to one chunk is `forecasting`'s; where chunks are worked on is `executors`'s.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import CyberpunkError, InvalidArgument
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.core.storage_errors import writing
from cyberpunk_ai.core.version import __version__
from cyberpunk_ai.forecasting.base import FORECASTERS
from cyberpunk_ai.forecasting.ensemble import DEFAULT_MODELS
from cyberpunk_ai.forecasting.fitted import as_frame
from cyberpunk_ai.forecasting.request import read_request
from cyberpunk_ai.forecasting.side_by_side import run_side_by_side
from cyberpunk_ai.models.executors import run_in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cyberpunk_ai.forecasting.panel_members import GlobalForecaster

Tier = Literal["full", "fast"]
FAST_MODELS = ("theta", "ets", "xgboost")
CHUNK_SERIES = 300
# Global members learn from so many series of the panel, drawn at random, once for all chunks.
_LEARN_FROM = 1_000


@dataclass(frozen=True, eq=False)
class ForecastMany(Result):
    """Forecasts of many series.

    Attributes:
        forecast: unique_id, ds, mean, and lo-L and hi-L per level.
        leaderboard: model, mase, smape, coverage_L per level, means over all series; best first.
        quarantine: unique_id, reason, hint of series that could not be forecast.
        levels: Levels of the intervals in percent.
        freq: Frequency of the dates.
        horizon: Periods forecast.
        series: How many were forecast.
        seconds: Wall time.
        resumed_chunks: Chunks that an earlier run had finished.
        notes: What was done to the data, in counts.
    """

    chart_name: ClassVar[str] = "forecast_leaderboard"

    forecast: pd.DataFrame
    leaderboard: pd.DataFrame
    quarantine: pd.DataFrame
    levels: tuple[int, ...]
    freq: str
    horizon: int
    series: int
    seconds: float
    resumed_chunks: int
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the forecast, one row per series and period."""
        return self.forecast


def forecast_many(
    demand: pd.DataFrame,
    *,
    horizon: int,
    tier: Tier = "full",
    models: Sequence[str] | None = None,
    levels: Sequence[int] = (80, 95),
    backtest_windows: int = 1,
    season_length: int | None = None,
    freq: str | None = None,
    holidays: str | Sequence[str] | None = None,
    outliers: Literal["keep", "clean"] = "keep",
    seed: int = 0,
    executor: str | None = None,
    chunk_size: int = CHUNK_SERIES,
    resume_dir: str | Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ForecastMany:
    """Forecast many series.

    Args:
        demand: Long frame of unique_id, ds, y.
        horizon: Periods to forecast.
        tier: `full` for all members, `fast` for Theta, ETS and XGBoost: several times as quick for the long tail.
        models: Members, instead of a tier's.
        levels: Levels of the intervals in percent.
        backtest_windows: Past windows on which everybody is measured and the intervals are calibrated; the fast tier does well with 1.
        season_length: Periods in one season; the usual one of the frequency where None.
        freq: Frequency of the dates; inferred from a sample where None.
        holidays: As in `forecast`.
        outliers: As in `forecast`.
        seed: Seed of everything random.
        executor: `here` for this process, `processes` for all cores, or the address of a Dask scheduler such as `tcp://10.0.0.5:8786`;
            processes where None and there are at least two chunks.
        chunk_size: Series per chunk.
        resume_dir: Folder in which finished chunks are kept; a run of the same question takes them up and gives the same numbers.
        on_progress: Called with series done and series in all; what it raises ends the work, and finished chunks stay.

    Returns:
        All forecasts. A series that cannot be forecast is in `quarantine` with the reason and does not stop the others.

    Raises:
        ContractBroken: The frame lacks a column, or no series in it is legal.
        InvalidArgument: An argument is out of range.
        Unavailable: Nobody answers at the executor's address.
    """
    if tier not in ("full", "fast"):
        raise InvalidArgument(f"tier must be full or fast, not {tier!r}")
    if chunk_size < 1:
        raise InvalidArgument(f"chunk_size must be at least 1, not {chunk_size}")
    start = time.perf_counter()
    members = tuple(models) if models is not None else FAST_MODELS if tier == "fast" else DEFAULT_MODELS
    asked: dict[str, Any] = {
        "horizon": horizon, "levels": tuple(levels), "models": members, "backtest_windows": backtest_windows, "seed": seed,
        "season_length": season_length, "freq": freq, "holidays": holidays, "outliers": outliers,
    }  # fmt: skip
    frame = as_frame(demand)[["unique_id", "ds", "y"]].sort_values("unique_id", kind="stable", ignore_index=True)
    chunks = _cut(frame, chunk_size)
    kept = _Kept(None if resume_dir is None else Path(resume_dir), asked)
    asked, shared = _learn_together(frame, asked, kept, one_chunk=len(chunks) == 1)
    work = partial(_forecast_chunk, asked=asked, shared=shared)
    found, sizes = {}, [chunk["unique_id"].nunique() for chunk in chunks]
    for place, chunk in enumerate(chunks):
        known = kept.take(chunk)
        if known is not None:
            found[place] = known
    resumed = len(found)
    waiting = [place for place in range(len(chunks)) if place not in found]
    landed = {"series": sum(sizes[place] for place in found)}

    def tell(done: int, _: int) -> None:
        if on_progress is not None:
            on_progress(min(landed["series"] + done * chunk_size, sum(sizes)), sum(sizes))

    where = executor or ("processes" if len(waiting) > 1 and (os.cpu_count() or 1) > 1 else "here")
    if where not in ("here", "processes") and "://" not in where:
        raise InvalidArgument(f"executor must be here, processes or an address, not {where!r}", hint="for example tcp://10.0.0.5:8786")
    answers = run_in_chunks(
        work, [chunks[place] for place in waiting], address=where if "://" in where else None, on_progress=tell,
        on_answer=lambda place, answer: kept.put(chunks[waiting[place]], answer),
        workers=(os.cpu_count() or 1) if where == "processes" else 1,
    )  # fmt: skip
    found.update(zip(waiting, answers, strict=True))
    return _together([found[place] for place in range(len(chunks))], asked, time.perf_counter() - start, resumed)


@dataclass(frozen=True)
class _Answer:
    """What a chunk gave, in frames that parquet can hold."""

    forecast: pd.DataFrame
    leaderboard: pd.DataFrame
    quarantine: pd.DataFrame
    notes: pd.DataFrame


_PARTS = ("forecast", "leaderboard", "quarantine", "notes")


@dataclass(frozen=True)
class _Kept:
    """Finished chunks in a folder, named by what was asked of what."""

    folder: Path | None
    asked: Mapping[str, Any]

    def take(self, chunk: pd.DataFrame) -> _Answer | None:
        """Return what an earlier run made of a chunk, None where it did not get so far."""
        if self.folder is None:
            return None
        place = self.folder / self._name(chunk)
        if not (place / "done").exists():
            return None
        return _Answer(*(pd.read_parquet(place / f"{part}.parquet") for part in _PARTS))

    def put(self, chunk: pd.DataFrame, answer: _Answer) -> None:
        """Keep what was made of a chunk; it counts once it is whole."""
        if self.folder is None:
            return
        place = self.folder / self._name(chunk)
        with writing("keeping a finished chunk in", place):
            place.mkdir(parents=True, exist_ok=True)
            for part in _PARTS:
                getattr(answer, part).to_parquet(place / f"{part}.parquet", index=False)
            (place / "done").touch()

    def shared(self, learn: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the models that all chunks share, learnt once for all runs in this folder."""
        if self.folder is None:
            return learn()
        file = self.folder / f"shared-{self._digest(repr(self.asked))}.json"
        if not file.exists():
            learnt = json.dumps(learn())
            draft = file.with_suffix(f".{os.getpid()}")
            with writing("keeping shared models in", self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                draft.write_text(learnt, encoding="utf-8")
                draft.replace(file)
        return cast("dict[str, Any]", json.loads(file.read_text(encoding="utf-8")))

    def _name(self, chunk: pd.DataFrame) -> str:
        rows = pd.util.hash_pandas_object(chunk, index=False).to_numpy().tobytes()
        return f"chunk-{self._digest(repr(sorted(self.asked.items())) + __version__, rows)}"

    def _digest(self, text: str, more: bytes = b"") -> str:
        return hashlib.blake2b(text.encode() + more, digest_size=12).hexdigest()


def _cut(frame: pd.DataFrame, chunk_size: int) -> list[pd.DataFrame]:
    starts = np.flatnonzero(np.concatenate([[True], frame["unique_id"].to_numpy()[1:] != frame["unique_id"].to_numpy()[:-1]]))
    bounds = [*starts[::chunk_size], len(frame)]
    return [frame.iloc[first:last].reset_index(drop=True) for first, last in pairwise(bounds)]


def _learn_together(
    frame: pd.DataFrame, asked: dict[str, Any], kept: _Kept, *, one_chunk: bool
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Settle the frequency, and let global members learn once from a sample, for the whole history and for every past window."""
    names = frame["unique_id"].unique()
    drawn = names if len(names) <= _LEARN_FROM else np.random.default_rng(asked["seed"]).choice(names, _LEARN_FROM, replace=False)
    sample = frame[frame["unique_id"].isin(drawn)]
    legal, _ = _legal(sample, asked)
    request = read_request(legal, **asked)
    settled = {**asked, "freq": request.panel.freq, "season_length": request.panel.season_length}
    if one_chunk:
        return settled, {}

    def learn() -> dict[str, Any]:
        shared: dict[str, Any] = {}
        for name in asked["models"]:
            kind = FORECASTERS.get(name)
            if not kind.is_global:
                continue
            together = cast("type[GlobalForecaster]", kind)
            whole = [request.histories.series(position) for position in range(len(request.panel.demands))]
            season = {"season_length": request.panel.season_length, "seed": asked["seed"]}
            shared[name] = {"whole": together.shared_state(whole, **season)}
            for number in sorted({window.number for each in request.windows for window in each}):
                past = [
                    request.histories.series(position, window)
                    for position, each in enumerate(request.windows)
                    for window in each
                    if window.number == number
                ]
                shared[name][str(number)] = together.shared_state(past, **season)
        return shared

    return settled, kept.shared(learn)


def _legal(frame: pd.DataFrame, asked: Mapping[str, Any]) -> tuple[pd.DataFrame, list[tuple[str, str, str]]]:
    """Return the rows of series that can be read together, and the others with the reason."""
    try:
        read_request(frame, **asked)
    except CyberpunkError:
        refused, good = [], []
        for name, each in frame.groupby("unique_id", sort=False):
            try:
                read_request(each, **asked)
                good.append(each)
            except CyberpunkError as own:
                refused.append((str(name), own.message, own.hint))
        if not refused or not good:
            raise
        return pd.concat(good, ignore_index=True), refused
    return frame, []


def _forecast_chunk(chunk: pd.DataFrame, *, asked: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]]) -> _Answer:
    """Forecast the series of one chunk; pure, so that it can be done anywhere."""
    none = pd.DataFrame({"model": [], "mase": [], "smape": [], "count": []})
    try:
        legal, refused = _legal(chunk, asked)
    except CyberpunkError as error:
        lost = [(str(name), error.message, error.hint) for name in chunk["unique_id"].unique()]
        return _Answer(pd.DataFrame(), none, _quarantine(lost), pd.DataFrame({"note": []}))
    by_window = {
        name: {None if window == "whole" else int(window): state for window, state in states.items()} for name, states in shared.items()
    }
    request = replace(read_request(legal, **asked), shared=by_window)
    result = request.result(*run_side_by_side(request, workers=1))
    board = result.leaderboard.drop(columns=["note", "status"]).assign(count=len(result.unique_ids))
    # A note of one series among a hundred thousand is read by nobody: kinds of notes are counted.
    notes = pd.DataFrame({"note": [note.partition(": ")[2] or note for note in result.notes]}, dtype=object)
    return _Answer(result.forecast, board, _quarantine(refused), notes)


def _quarantine(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["unique_id", "reason", "hint"], dtype=object)


def _together(answers: list[_Answer], asked: Mapping[str, Any], seconds: float, resumed: int) -> ForecastMany:
    forecast = pd.concat([each.forecast for each in answers], ignore_index=True)
    boards = pd.concat([each.leaderboard for each in answers], ignore_index=True)
    rows = []
    for model, each in boards.groupby("model", sort=False):
        row: dict[str, Any] = {"model": model}
        for column in each.columns.drop(["model", "count", "seconds"], errors="ignore"):
            known = each[column].notna()
            row[column] = float(np.average(each[column][known], weights=each["count"][known])) if known.any() else float("nan")
        rows.append(row | {"seconds": float(each["seconds"].sum())})
    board = pd.DataFrame(rows).sort_values("mase", kind="stable", na_position="last", ignore_index=True)
    kinds = pd.concat([each.notes for each in answers], ignore_index=True)["note"].map(_kind_of).value_counts()
    notes = tuple(f"{count} x {note}" if count > 1 else str(note) for note, count in kinds.items())
    quarantine = pd.concat([each.quarantine for each in answers], ignore_index=True)
    levels = tuple(sorted(set(asked["levels"])))
    return ForecastMany(
        forecast, board, quarantine, levels, asked["freq"], asked["horizon"], int(forecast["unique_id"].nunique()), seconds, resumed, notes
    )  # fmt: skip


def _kind_of(note: str) -> str:
    """Return a note without its numbers, by which notes of several series are counted together."""
    return " ".join("N" if word.strip("%,.;()").replace(".", "").isdigit() else word for word in note.split())
