"""Made-up demand for training: level, trend, season, noise and breaks drawn at random, so that no real series is needed.

Two thirds of the series are multiplicative (growth and season in percent), the others additive; a few are counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray

MULTIPLICATIVE, COUNTS = 0.65, 0.08


def draw_series(rng: np.random.Generator, count: int, length: int, season_length: int) -> FloatArray:
    """Draw series of one length and season, shape (count, length).

    Args:
        rng: Where chance comes from.
        count: How many series.
        length: Periods of each.
        season_length: Periods in one season; 1 for none.
    """
    noise = np.exp(rng.uniform(np.log(0.003), np.log(0.35), count))
    share = np.sqrt(rng.dirichlet([0.6, 0.6, 0.6], count))
    is_heavy = rng.random(count) < 0.3
    path = _trend(rng, count, length, season_length, noise * share[:, 1])
    path += _walk(rng, length, noise * share[:, 1], noise, is_heavy)
    path += _returning(rng, length, noise * share[:, 2])
    path += _shocks(rng, length, is_heavy) * (noise * share[:, 0])[:, None]
    path += _seasons(rng, count, length, season_length)
    path += _now_and_then(rng, (count, length), (rng.random(count) < 0.2) * 0.015) * rng.normal(size=(count, length)) * 4 * noise[:, None]
    path -= path.mean(axis=1, keepdims=True)
    size = np.exp(rng.uniform(np.log(20), np.log(20_000), count))[:, None]
    is_multiplicative = rng.random(count) < MULTIPLICATIVE
    series = np.where(is_multiplicative[:, None], np.exp(np.clip(path, -6, 6)), 1 + path)
    is_count = rng.random(count) < COUNTS
    mean = np.exp(rng.uniform(np.log(2), np.log(60), int(is_count.sum())))[:, None]
    values: FloatArray = series * size
    values[is_count] = rng.poisson(np.clip(series[is_count] * mean, 0, 1e5))
    return values


def _shocks(rng: np.random.Generator, length: int, is_heavy: np.ndarray) -> FloatArray:
    shape = (len(is_heavy), length)
    return np.where(is_heavy[:, None], rng.standard_t(3, size=shape) / 1.7, rng.normal(size=shape))


def _now_and_then(rng: np.random.Generator, shape: tuple[int, int], chance: np.ndarray) -> FloatArray:
    return (rng.random(shape) < chance[:, None]).astype(np.float64)


def _trend(rng: np.random.Generator, count: int, length: int, season_length: int, wander: FloatArray) -> FloatArray:
    """Growth that may be steady, wander, fade or break, held within what businesses see."""
    if season_length == 1:
        growth = rng.normal(0.03, 0.06, count) * (rng.random(count) < 0.8)
    else:
        growth = rng.normal(0.02, 0.08, count) / season_length * (rng.random(count) < 0.75)
    loose = np.where(rng.random(count) < 0.5, np.exp(rng.uniform(np.log(0.003), np.log(0.25), count)) * wander, 0.0)
    fading = np.where(rng.random(count) < 0.5, 1.0, rng.uniform(0.9, 1.0, count))
    news = rng.normal(size=(count, length)) * (loose * np.where(fading < 1, 1.5, 0.5))[:, None]
    slope, now = np.empty((count, length)), growth.copy()
    for period in range(length):
        now = growth * (1 - fading) + fading * now + news[:, period]
        slope[:, period] = now
    breaks = _now_and_then(rng, (count, length), rng.choice([0, 0, 0.5, 1.5], count) / length)
    slope += np.cumsum(breaks * rng.normal(size=(count, length)) * 0.08 / season_length**0.8, axis=1)
    return 3 * np.tanh(np.cumsum(slope, axis=1) / 3)


def _walk(rng: np.random.Generator, length: int, step: FloatArray, noise: FloatArray, is_heavy: np.ndarray) -> FloatArray:
    """A level that wanders, and at times jumps."""
    count = len(step)
    wander = step * np.exp(rng.uniform(np.log(0.2), 0, count))
    level = np.cumsum(_shocks(rng, length, is_heavy) * wander[:, None], axis=1)
    jumps = _now_and_then(rng, (count, length), rng.choice([0, 0, 0, 0.7], count) / length)
    return level + np.cumsum(jumps * rng.normal(size=(count, length)) * 3 * noise[:, None], axis=1)


def _returning(rng: np.random.Generator, length: int, size: FloatArray) -> FloatArray:
    """Deviations that fade: an autoregression of the first order."""
    count = len(size)
    memory, news = rng.uniform(0.2, 0.97, count), rng.normal(size=(count, length))
    path, now = np.empty((count, length)), np.zeros(count)
    for period in range(length):
        now = memory * now + news[:, period]
        path[:, period] = now
    return path * (size * np.sqrt(1 - memory**2))[:, None]


def _seasons(rng: np.random.Generator, count: int, length: int, season_length: int) -> FloatArray:
    """A yearly (weekly, daily) figure, smooth or jagged, in some series changing from season to season."""
    if season_length == 1:
        return np.zeros((count, length))
    waves = min(season_length // 2, 6)
    angle = 2 * np.pi * np.outer(np.arange(1, waves + 1), np.arange(season_length)) / season_length
    weight = rng.normal(size=(count, waves, 2)) * (rng.uniform(0.3, 1.0, (count, 1)) ** np.arange(waves))[:, :, None]
    smooth = weight[:, :, 0] @ np.sin(angle) + weight[:, :, 1] @ np.cos(angle)
    jagged = rng.normal(size=(count, season_length)) * (rng.random((count, season_length)) < rng.uniform(0.2, 1, (count, 1)))
    figure = np.where((rng.random(count) < 0.5)[:, None], smooth, jagged)
    figure -= figure.mean(axis=1, keepdims=True)
    figure /= figure.std(axis=1, keepdims=True) + 1e-9
    changing = np.where(rng.random(count) < 0.4, np.exp(rng.uniform(np.log(0.02), np.log(0.3), count)), 0.0)
    period = np.arange(length)
    change = np.cumsum(rng.normal(size=(count, length // season_length + 1, season_length)), axis=1) * changing[:, None, None]
    change -= change.mean(axis=2, keepdims=True)
    whole = figure[:, period % season_length] + change[:, period // season_length, period % season_length]
    strength = np.where(rng.random(count) < 0.3, 0.0, np.exp(rng.uniform(np.log(0.01), np.log(0.5), count)))
    return whole * strength[:, None]
