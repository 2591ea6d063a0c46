"""Forecasts that add up: total, parts and their parts forecast each by itself and then reconciled. The tree and the algebra are here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.forecasting import metrics
from cyberpunk_ai.forecasting.anomalies import one_step_errors
from cyberpunk_ai.forecasting.engine import forecast
from cyberpunk_ai.forecasting.input import plain_dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.results import ForecastResult

Method = Literal["auto", "mint", "wls", "ols", "bottom_up"]
TOTAL = "total"
_METHODS = ("mint", "wls", "ols", "bottom_up")
_MOST_NODES = 4_000


@dataclass(frozen=True, eq=False)
class HierarchicalForecast(Result):
    """Forecasts of a tree that add up at every period.

    Attributes:
        forecast: unique_id, ds, mean, lo-L and hi-L per level, reconciled.
        base: The same before reconciliation.
        nodes: unique_id, level (columns that name it, joined by `/`; `total` at the top), and one column per key.
        history: unique_id, ds, y, filled of every node.
        gains: level, base_mase, reconciled_mase on past windows; says whether adding up cost or gained accuracy.
        leaderboard: How the members did on the past over all nodes.
        method: How the forecasts were reconciled.
        levels: Levels of the intervals in percent.
        freq: Frequency of the dates.
        horizon: Periods forecast.
        notes: What was done to the data.
    """

    chart_name: ClassVar[str] = "hierarchy"

    forecast: pd.DataFrame
    base: pd.DataFrame
    nodes: pd.DataFrame
    history: pd.DataFrame
    gains: pd.DataFrame
    leaderboard: pd.DataFrame
    method: str
    levels: tuple[int, ...]
    freq: str
    horizon: int
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the reconciled forecast, one row per node and period."""
        return self.forecast


@dataclass(frozen=True)
class Tree:
    """Nodes and what they are sums of.

    Attributes:
        nodes: unique_id, level and keys of every node, the bottom ones last.
        sums: Shape (nodes, bottom nodes), 1 where a bottom node belongs to a node.
        series: unique_id, ds, y of every node.
    """

    nodes: pd.DataFrame
    sums: FloatArray
    series: pd.DataFrame


def forecast_hierarchy(
    demand: pd.DataFrame,
    *,
    by: Sequence[str],
    horizon: int,
    groups: Sequence[Sequence[str]] | None = None,
    method: Method = "auto",
    **asked: Any,
) -> HierarchicalForecast:
    """Forecast a total, its parts and their parts so that they add up.

    Args:
        demand: `ds`, `y` and the columns of `by`, one row per finest part and period; a missing row is no demand.
        by: Columns from the coarsest to the finest.
        horizon: Periods to forecast.
        groups: Which sets of columns are summed to nodes of their own; every beginning of `by` where None, as in a tree.
        method: `mint` weighs every node by the covariance of its errors, `wls` by their variance, `ols` all alike; `bottom_up` sums the
            finest; `auto` takes the one whose past windows were best over all levels, `mint` where there are none.
        asked: The other arguments of `forecast`.

    Raises:
        ContractBroken: A column is missing or the rows are not legal.
        InvalidArgument: There is no such method, or the tree is too large for it.

    Source:
        Wickramasuriya, Athanasopoulos & Hyndman (2019), optimal forecast reconciliation through trace minimization, with the shrinkage of
        Schafer & Strimmer (2005).
    """
    if method not in ("auto", *_METHODS):
        raise InvalidArgument(f"method must be one of auto, {', '.join(_METHODS)}, not {method!r}")
    tree = build_tree(demand, by, groups)
    if len(tree.nodes) > _MOST_NODES and method != "bottom_up":
        raise InvalidArgument(f"{len(tree.nodes)} nodes are too many to weigh against each other", hint='pass method="bottom_up"')
    base = forecast(tree.series, horizon=horizon, **asked)
    # The engine sorts its series by name.
    place = pd.Series(np.arange(len(base.unique_ids)), index=base.unique_ids)[tree.nodes["unique_id"]].to_numpy()
    correlation = _correlation(tree, base) if method in ("auto", "mint") else np.eye(len(tree.nodes))
    mappings = {
        each: _mapping(tree.sums, _weights(base, place, correlation if each == "mint" else np.eye(len(place)), each), each)
        for each in (_METHODS if method == "auto" else (method,))
    }
    gains = {each: _gains(base, tree, place, mapping) for each, mapping in mappings.items()}
    errors = {each: float(table["reconciled_mase"].mean()) for each, table in gains.items() if len(table)}
    chosen = min(errors, key=lambda each: errors[each]) if errors else next(iter(mappings))
    notes = list(base.notes)
    if method == "auto" and errors:
        notes.append(
            f"reconciled by {chosen}: past MASE over all levels " + ", ".join(f"{each} {error:.3f}" for each, error in errors.items())
        )
    return HierarchicalForecast(
        forecast=_reconciled(base, place, tree.sums, mappings[chosen], correlation), base=base.forecast, nodes=tree.nodes,
        history=base.history, gains=gains[chosen], leaderboard=base.leaderboard, method=chosen, levels=base.levels, freq=base.freq,
        horizon=horizon, notes=tuple(notes),
    )  # fmt: skip


def build_tree(demand: pd.DataFrame, by: Sequence[str], groups: Sequence[Sequence[str]] | None = None) -> Tree:
    """Sum rows to every node of a tree or a crossed hierarchy.

    Args:
        demand: As in `forecast_hierarchy`.
        by: Columns from the coarsest to the finest.
        groups: As in `forecast_hierarchy`.

    Raises:
        ContractBroken: A column is missing, or a key is empty.
        InvalidArgument: `by` is empty, or a group names other columns.
    """
    keys = [by] if isinstance(by, str) else list(by)
    if not keys or len(set(keys)) != len(keys):
        raise InvalidArgument("by must name at least one column, each once", hint='for example by=["region", "store"]')
    absent = [column for column in ("ds", "y", *keys) if column not in demand.columns]
    if absent:
        raise ContractBroken(f"demand: column {absent[0]!r} is missing", hint=f"columns seen: {', '.join(map(str, demand.columns))}")
    if demand[keys].isna().any().any():
        raise ContractBroken("demand: some rows have no key", hint=f"complete {', '.join(keys)} or drop these rows")
    rows = demand[["ds", "y", *keys]].copy()
    rows["ds"] = plain_dates(rows["ds"], [])
    rows[keys] = rows[keys].astype(str)
    wanted = [tuple(keys[:depth]) for depth in range(len(keys))] if groups is None else [tuple(group) for group in groups]
    if any(column not in keys for group in wanted for column in group):
        raise InvalidArgument("groups may name columns of by only", hint=f"by is {', '.join(keys)}")
    wanted = [group for group in dict.fromkeys(((), *wanted)) if set(group) != set(keys)]
    bottom = rows.groupby([*keys, "ds"], sort=True)["y"].sum().unstack("ds").fillna(0.0)
    bottom_keys = bottom.index.to_frame(index=False)
    nodes, sums = [], []
    for group in wanted:
        labels = bottom_keys[list(group)].agg(" / ".join, axis=1) if group else pd.Series(TOTAL, index=bottom_keys.index)
        for name in labels.drop_duplicates():
            member = (labels == name).to_numpy()
            first = bottom_keys[member].iloc[0]
            nodes.append({"unique_id": name, "level": "/".join(group) or TOTAL, **{key: first[key] for key in group}})
            sums.append(member.astype(np.float64))
    for place in range(len(bottom_keys)):
        own = bottom_keys.iloc[place]
        nodes.append({"unique_id": " / ".join(own), "level": "/".join(keys), **own})
        sums.append(np.eye(1, len(bottom_keys), place)[0])
    table = pd.DataFrame(nodes).reindex(columns=["unique_id", "level", *keys])
    twice = table["unique_id"].duplicated()
    if twice.any():
        # Two groups may share a name, such as a region and a purpose: the level tells them apart.
        table.loc[twice, "unique_id"] = table.loc[twice, "level"] + ": " + table.loc[twice, "unique_id"]
    matrix = np.stack(sums)
    values = matrix @ bottom.to_numpy(float)
    series = pd.DataFrame(
        {
            "unique_id": np.repeat(table["unique_id"].to_numpy(), values.shape[1]),
            "ds": np.tile(bottom.columns, len(table)),
            "y": values.ravel(),
        }
    )
    return Tree(table, matrix, series)


def reconcile(base: FloatArray, sums: FloatArray, weights: FloatArray) -> FloatArray:
    """Make forecasts add up with the least change, weighed by the inverse of a covariance.

    Args:
        base: Shape (nodes, periods).
        sums: Shape (nodes, bottom nodes), the bottom ones last.
        weights: Covariance of the errors, shape (nodes, nodes), positive definite.

    Returns:
        Shape (nodes, periods); every node is the sum of its bottom nodes.
    """
    return np.asarray(sums @ _mapping(sums, weights, "mint") @ base, dtype=np.float64)


def _mapping(sums: FloatArray, weights: FloatArray, method: str) -> FloatArray:
    """Return what makes bottom forecasts of all forecasts."""
    if method == "bottom_up":
        return np.hstack([np.zeros((sums.shape[1], len(sums) - sums.shape[1])), np.eye(sums.shape[1])])
    scaled = np.linalg.solve(weights, sums)
    return np.asarray(np.linalg.solve(sums.T @ scaled, scaled.T), dtype=np.float64)


def _correlation(tree: Tree, base: ForecastResult) -> FloatArray:
    """Return the shrunk correlation of one-step errors between nodes."""
    wide = tree.series.pivot(index="ds", columns="unique_id", values="y")[tree.nodes["unique_id"]].to_numpy(float)
    errors = np.column_stack([one_step_errors(each, base.season_length) for each in wide.T])
    errors = errors - errors.mean(axis=0)
    spread = errors.std(axis=0)
    spread[spread == 0] = 1.0
    unit = errors / spread
    count = len(unit)
    found = unit.T @ unit / count
    # How far chance moves each correlation, against how far it lies from none.
    variance = ((unit**2).T @ (unit**2) / count - found**2) / max(count - 1, 1)
    off = ~np.eye(len(found), dtype=bool)
    held = float(np.clip(variance[off].sum() / max(float(np.square(found[off]).sum()), 1e-12), 0.0, 1.0))
    return np.asarray(np.where(off, (1 - held) * found, 1.0), dtype=np.float64)


def _weights(base: ForecastResult, place: np.ndarray[Any, np.dtype[np.int64]], correlation: FloatArray, method: str) -> FloatArray:
    if method in ("ols", "bottom_up"):
        return np.eye(len(place))
    half = np.maximum(_half_widths(base, base.levels[0]).mean(axis=1)[place], 1e-9)
    half = np.maximum(half, 1e-6 * half.max())
    return np.asarray(correlation * np.outer(half, half), dtype=np.float64)


def _half_widths(base: ForecastResult, level: int) -> FloatArray:
    width = base.forecast[f"hi-{level}"].to_numpy(float) - base.forecast[f"lo-{level}"].to_numpy(float)
    return np.asarray(width.reshape(len(base.unique_ids), base.horizon) / 2, dtype=np.float64)


def _reconciled(
    base: ForecastResult, place: np.ndarray[Any, np.dtype[np.int64]], sums: FloatArray, mapping: FloatArray, correlation: FloatArray
) -> pd.DataFrame:
    means = base.forecast["mean"].to_numpy(float).reshape(len(place), -1)[place]
    is_positive = float(base.history["y"].min()) >= 0
    bottom = mapping @ means
    if is_positive:
        bottom = np.maximum(bottom, 0.0)
    joint = sums @ bottom
    dates = base.forecast["ds"].to_numpy().reshape(len(place), -1)[place]
    names = np.asarray(base.unique_ids)[place]
    frame = pd.DataFrame({"unique_id": np.repeat(names, base.horizon), "ds": dates.ravel(), "mean": joint.ravel()})
    whole = sums @ mapping
    for level in base.levels:
        half = _half_widths(base, level)[place]
        # Variance of each node after reconciliation, from the errors before it: diag(G D R D G').
        variance = np.stack([((each := whole * half[:, step]) @ correlation * each).sum(axis=1) for step in range(base.horizon)], axis=1)
        width = np.sqrt(np.maximum(variance, 0.0))
        lower = joint - width
        frame[f"lo-{level}"] = (np.maximum(lower, 0.0) if is_positive else lower).ravel()
        frame[f"hi-{level}"] = (joint + width).ravel()
    return frame


def _gains(base: ForecastResult, tree: Tree, place: np.ndarray[Any, np.dtype[np.int64]], mapping: FloatArray) -> pd.DataFrame:
    past = base.backtest[base.backtest["model"] == "ensemble"]
    rows = []
    history = {str(name): each["y"].to_numpy(float) for name, each in base.history.groupby("unique_id")}
    names = np.asarray(base.unique_ids)[place]
    for _, window in past.groupby("window"):
        means = window.pivot(index="unique_id", columns="ds", values="mean").reindex(names).to_numpy(float)
        actual = window.pivot(index="unique_id", columns="ds", values="y").reindex(names).to_numpy(float)
        if np.isnan(means).any():
            continue
        joint = tree.sums @ (mapping @ means)
        # Series of a tree share their dates, so that the window begins at the same place in all of them.
        end = int((base.history["ds"][base.history["unique_id"] == names[0]] < window["ds"].min()).sum())
        for node, name in enumerate(names):
            scale = metrics.seasonal_scale(history[name][:end], base.season_length)
            errors = (metrics.mase(actual[node], each[node], scale) for each in (means, joint))
            rows.append((tree.nodes["level"].iloc[node], *errors))
    table = pd.DataFrame(rows, columns=["level", "base_mase", "reconciled_mase"])
    return table.groupby("level", sort=False).mean().reset_index()
