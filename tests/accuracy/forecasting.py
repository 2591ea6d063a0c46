"""Accuracy of the forecasting engine on public series: `python -m tests.accuracy.forecasting --data DIR [--sets NAME …] [--json FILE]`.

Every set of that layout in DIR is forecast as a panel and compared with what then came, beside peers measured on the same series in the
same run: AutoETS on all of them, the slower peers on a sample spread over the set.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.accuracy import forecasting_peers as peers
from tests.accuracy.forecasting_scores import SetScores, bounds_of, measure, member_means
from tests.accuracy.forecasting_sets import layout_of, sets_in
from tests.accuracy.rows import Row, judged, line, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# OWA: most that is asked, and what would please.
OWA_TARGETS = {
    "m3_monthly": (0.81, 0.79), "m3_quarterly": (0.89, 0.87), "m3_yearly": (0.90, 0.87), "m4_monthly200": (0.91, 0.88),
    "m4_weekly": (0.90, 0.85), "tourism_monthly": (0.77, 0.75), "hospital_monthly": (0.79, 0.775), "m4_hourly": (0.60, 0.50),
    "store_item_daily": (0.80, 0.75),
}  # fmt: skip
POOLED = ("m3_monthly", "m3_quarterly", "m3_yearly")
INTERMITTENT = ("carparts",)
_RESAMPLES = 2_000


def rows_of(scores: SetScores, *, sample: int) -> Iterable[Row]:
    """Return every row of one set."""
    layout = layout_of(scores.name)
    ets = peers.auto_ets(scores.pasts, scores.horizon, layout.season_length)
    if any(word in scores.name for word in INTERMITTENT):
        yield from _intermittent(scores, ets)
        return
    must, stretch = OWA_TARGETS.get(scores.name, (None, None))
    ours = scores.owa_of(scores.ours())
    ets_owa = scores.owa_of({name: each.mean for name, each in ets.answers.items()})
    yield judged(f"{scores.name} n={len(scores.pasts)}", "OWA", ours, must, stretch, peer=(ets_owa, ets.name), better="lower")
    members = {name: scores.owa_of(means) for name, means in member_means(scores).items()}
    best = min(members, key=members.__getitem__)
    yield judged(f"{scores.name} over its best member, {best}", "OWA difference", ours - members[best], 0.03, 0.0, better="lower")
    yield judged(f"{scores.name} coverage of 95%", "share", scores.coverage(95), (0.92, 0.97))
    yield judged(f"{scores.name} coverage of 80%", "share", scores.coverage(80), (0.77, 0.87))
    ratio = np.nanmean(list(scores.msis().values())) / np.nanmean(list(scores.msis(bounds_of(ets)).values()))
    yield judged(f"{scores.name} MSIS95 over AutoETS's", "ratio", float(ratio), better="lower", peer=(1.0, ets.name))
    yield judged(f"{scores.name} intervals finite, ordered, nested", "1 is yes", float(scores.is_ordered()), 1.0)
    yield judged(
        f"{scores.name} time",
        "CPU s per series",
        scores.cpu_seconds_per_series,
        better="lower",
        peer=(ets.cpu_seconds_per_series, ets.name),
    )
    yield from _slow_peers(scores, layout.season_length, sample)


def _slow_peers(scores: SetScores, season: int, sample: int) -> Iterable[Row]:
    names = sorted(scores.pasts)
    chosen = [names[place] for place in np.unique(np.linspace(0, len(names) - 1, min(sample, len(names))).astype(int))]
    few = chosen[:: max(len(chosen) // max(sample // 10, 1), 1)][: max(sample // 10, 1)]
    for peer_of, these in ((peers.auto_arima, chosen), (peers.four_models, chosen), (peers.pmdarima_loop, few)):
        if not these:
            continue
        if season > 12 and peer_of is not peers.four_models:
            continue  # a search over 24 seasonal lags takes minutes per series
        newest = {name: scores.pasts[name] for name in these}
        peer = peer_of(newest, scores.horizon, min(season, 12) if season > 12 else season)
        own = {name: each for name, each in scores.ours().items() if name in newest}
        theirs = scores.owa_of({name: each.mean for name, each in peer.answers.items()})
        yield judged(f"{scores.name} first n={len(these)}", "OWA", scores.owa_of(own), better="lower", peer=(theirs, peer.name))


def _intermittent(scores: SetScores, ets: peers.Peer) -> Iterable[Row]:
    """OWA means nothing where most periods hold no demand: scaled errors and the quantiles instead."""
    ours, theirs, plain = (
        float(np.nanmean(list(scores.mase_of(means).values())))
        for means in (scores.ours(), {name: each.mean for name, each in ets.answers.items()}, scores.naive)
    )
    yield judged(f"{scores.name} n={len(scores.pasts)}", "MASE", ours, plain, peer=(theirs, ets.name), better="lower")
    yield judged(f"{scores.name} RMSSE", "RMSSE", scores.rmsse(), better="lower")
    yield judged(f"{scores.name} weighted quantile loss of deciles", "WQL", scores.weighted_quantile_loss(), better="lower")
    yield judged(f"{scores.name} coverage of 95%", "share", scores.coverage(95))
    yield judged(f"{scores.name} intervals finite, ordered, nested", "1 is yes", float(scores.is_ordered()), 1.0)


def pooled_rows(measured: Sequence[SetScores]) -> Iterable[Row]:
    """Return the rows over all M3 sets together: is the lead over AutoETS real, and are the intervals sharper."""
    parts = [scores for scores in measured if scores.name in POOLED]
    if len(parts) < len(POOLED):
        return
    gaps: list[float] = []
    ours_msis: list[float] = []
    ets_msis: list[float] = []
    for scores in parts:
        ets = peers.auto_ets(scores.pasts, scores.horizon, layout_of(scores.name).season_length)
        own = scores.relative_errors(scores.ours())
        theirs = scores.relative_errors({name: each.mean for name, each in ets.answers.items()})
        gaps += [theirs[name] - own[name] for name in own if np.isfinite(own[name] + theirs[name])]
        own_msis, their_msis = scores.msis(), scores.msis(bounds_of(ets))
        known = [name for name in own_msis if np.isfinite(own_msis[name] + their_msis[name])]
        ours_msis += [own_msis[name] for name in known]
        ets_msis += [their_msis[name] for name in known]
    yield judged("pooled M3 lead over AutoETS", "OWA", float(np.mean(gaps)), 0.0)
    yield judged("pooled M3 lead is luck", "p of a paired bootstrap", _chance_of_luck(np.asarray(gaps)), 0.05, better="lower")
    ratio = float(np.mean(ours_msis) / np.mean(ets_msis))
    yield judged("pooled M3 MSIS95 over AutoETS's", "ratio", ratio, 0.90, 0.80, peer=(1.0, "statsforecast AutoETS"), better="lower")


def _chance_of_luck(gaps: np.ndarray) -> float:
    """Return how often series drawn again show no lead."""
    rng = np.random.default_rng(0)
    means = [gaps[rng.integers(0, len(gaps), len(gaps))].mean() for _ in range(_RESAMPLES)]
    return float((np.asarray(means) <= 0).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder laid out like the public forecasting data")
    parser.add_argument("--sets", nargs="*", help="names of files; all of the layout where absent")
    parser.add_argument("--limit", type=int, default=None, help="series per set, spread evenly; all where absent")
    parser.add_argument("--peer-sample", type=int, default=20, help="series per set for the slow peers, a tenth for pmdarima's loop")
    parser.add_argument("--models", nargs="*", help="members; the default ones where absent")
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the rows here")
    chosen = parser.parse_args()
    rows: list[Row] = []
    measured: list[SetScores] = []
    for name in chosen.sets or sets_in(chosen.data):
        path = chosen.data / f"{name}.parquet"
        if not path.exists():
            print(f"{name}: not in {chosen.data}, left out")
            continue
        scores = measure(path, limit=chosen.limit, models=chosen.models, windows=chosen.windows)
        measured.append(scores)
        for row in rows_of(scores, sample=chosen.peer_sample):
            rows.append(row)
            print(line(row), flush=True)
    for row in pooled_rows(measured):
        rows.append(row)
        print(line(row), flush=True)
    missed = [row.what for row in rows if row.ok is False]
    print(f"{len(rows)} rows, {len(missed)} missed{': ' + '; '.join(missed) if missed else ''}")
    if chosen.json:
        write(rows, chosen.json)


if __name__ == "__main__":
    main()
