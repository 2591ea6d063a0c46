"""The plant: two dozen machines at three sites, their hourly readings, and what broke or was serviced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from cyberpunk_ai.demo.draws import numbered, stream, texts
from cyberpunk_ai.demo.history import DAY_SECONDS
from cyberpunk_ai.demo.vocabulary import ASSET_TYPES, SITES

if TYPE_CHECKING:
    from datetime import datetime

    from cyberpunk_ai.demo.draws import FloatArray, TimeArray
    from cyberpunk_ai.demo.effects import AssetDrift, PlantedEffects
    from cyberpunk_ai.demo.history import History

TELEMETRY_DAYS = 90
FAILURES_PER_YEAR = 0.9
SERVICE_EVERY_DAYS = 90
_Happening: TypeAlias = tuple[int, str, str, float, str]
"""Second of the history, asset, kind, hours of downtime, cause."""
CAUSES = ("electrical trip", "seal leak", "misalignment", "blocked filter", "sensor fault")
# type: (prefix, numbers, vibration mm/s, temperature °C, pressure bar, revolutions per minute)
_TYPES: dict[str, tuple[str, range, float, float, float, float]] = {
    "Pump": ("P", range(101, 108), 2.1, 48.0, 6.5, 1480.0),
    "Motor": ("M", range(201, 208), 1.6, 61.0, np.nan, 2950.0),
    "Compressor": ("C", range(303, 309), 3.0, 72.0, 9.0, 990.0),
    "Conveyor": ("V", range(401, 405), 1.2, 36.0, np.nan, 120.0),
}
_STOPPED = np.array([0.03, 0.5, 0.0, 0.0])
"""What the sensors of a stopped machine show, relative to running."""
_FIXED_SITES = {"P-101": "Hamburg", "M-204": "Austin", "C-307": "Osaka"}


@dataclass(frozen=True)
class Machine:
    """One machine and its healthy readings.

    Attributes:
        asset: Its name, `P-101`.
        asset_type: Pump, motor, compressor or conveyor.
        site: Where it stands.
        healthy: Vibration mm/s, temperature °C, pressure bar (NaN without a sensor), revolutions per minute; shape (4,).
    """

    asset: str
    asset_type: str
    site: str
    healthy: FloatArray


def machines(seed: int) -> tuple[Machine, ...]:
    """Return all machines; no two are quite alike."""
    rng = stream(seed, "machines")
    found = []
    for asset_type in ASSET_TYPES:
        prefix, numbers, *healthy = _TYPES[asset_type]
        for number in numbers:
            asset = f"{prefix}-{number}"
            site = _FIXED_SITES.get(asset, SITES[number % len(SITES)])
            found.append(Machine(asset, asset_type, site, np.array(healthy) * rng.uniform(0.9, 1.1, 4)))
    return tuple(found)


def asset_rows(history: History, plant: tuple[Machine, ...], seed: int) -> pd.DataFrame:
    """Return the canonical table `assets`."""
    rng = stream(seed, "assets")
    installed = history.timestamps(-rng.integers(200, 3000, len(plant)) * DAY_SECONDS)
    return pd.DataFrame(
        {
            "asset": texts(machine.asset for machine in plant),
            "asset_type": texts(machine.asset_type for machine in plant),
            "site": texts(machine.site for machine in plant),
            "installed_at": installed,
            "source": "crm",
            "updated_at": history.timestamps(np.zeros(len(plant), dtype=np.int64)),
        }
    )


def event_rows(history: History, plant: tuple[Machine, ...], effects: PlantedEffects, seed: int) -> pd.DataFrame:
    """Return the canonical table `asset_events`: planned service, sudden failures, and the planted ones."""
    rng = stream(seed, "asset events")
    planted = {drift.asset for drift in effects.drifts}
    rows: list[_Happening] = []
    for machine in plant:
        # Machines with a planted drift have no other failure in the months that telemetry covers.
        until = history.days - 3 - (TELEMETRY_DAYS if machine.asset in planted else 0)
        rows += _services(rng, machine.asset, history.days - 3)
        rows += _sudden_failures(rng, machine.asset, until)
    for drift in effects.drifts:
        if drift.fails_at.date() <= history.end:
            second = int((np.datetime64(drift.fails_at, "s") - np.datetime64(history.start, "s")).astype(np.int64))
            rows.append((second, drift.asset, "failure", drift.repair_hours, "bearing wear"))
    rows.sort()
    begun = np.array([row[0] for row in rows], dtype=np.int64)
    hours = np.array([row[3] for row in rows]).round(1)
    ended = history.timestamps(begun + (hours * 3600).astype(np.int64))
    return pd.DataFrame(
        {
            "event_id": numbered("EV-", range(1, len(rows) + 1), 5),
            "asset": texts(row[1] for row in rows),
            "kind": texts(row[2] for row in rows),
            "started_at": history.timestamps(begun),
            "ended_at": ended,
            "downtime_hours": hours,
            "cause": texts(row[4] for row in rows),
            "source": "crm",
            "updated_at": ended,
        }
    )


def _services(rng: np.random.Generator, asset: str, days: int) -> list[_Happening]:
    begun = np.arange(rng.integers(0, SERVICE_EVERY_DAYS), days, SERVICE_EVERY_DAYS) * DAY_SECONDS + 7 * 3600
    hours = rng.uniform(2.0, 6.0, len(begun))
    return [
        (second, asset, "maintenance", length, "planned service") for second, length in zip(begun.tolist(), hours.tolist(), strict=True)
    ]


def _sudden_failures(rng: np.random.Generator, asset: str, days: int) -> list[_Happening]:
    count = int(rng.poisson(FAILURES_PER_YEAR * days / 365.0))
    begun = np.sort(rng.integers(0, days * DAY_SECONDS, count))
    hours, causes = rng.gamma(2.0, 5.0, count) + 1.0, rng.integers(0, len(CAUSES), count)
    return [
        (second, asset, "failure", length, CAUSES[cause])
        for second, length, cause in zip(begun.tolist(), hours.tolist(), causes.tolist(), strict=True)
    ]


def telemetry_rows(history: History, plant: tuple[Machine, ...], effects: PlantedEffects, events: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the canonical table `telemetry`: one reading per machine and hour for the last ninety days."""
    rng = stream(seed, "telemetry")
    hours = TELEMETRY_DAYS * 24
    last = (np.datetime64(history.end, "h") + np.timedelta64(23, "h")).astype("datetime64[us]")
    stamps = last - np.arange(hours - 1, -1, -1) * np.timedelta64(3_600_000_000, "us")
    drifting = {drift.asset: drift for drift in effects.drifts}
    frames = []
    for machine in plant:
        values = readings(machine, drifting.get(machine.asset), stamps, rng)
        mine = events[events["asset"] == machine.asset]
        for start, end in zip(mine["started_at"].to_numpy(), mine["ended_at"].to_numpy(), strict=True):
            stopped = (stamps >= start) & (stamps < end)
            values[stopped] *= _STOPPED
        frames.append(
            pd.DataFrame(
                {
                    "asset": machine.asset,
                    "ts": stamps,
                    "vibration_mm_s": values[:, 0].round(3),
                    "temperature_c": values[:, 1].round(2),
                    "pressure_bar": values[:, 2].round(3),
                    "rpm": values[:, 3].round(1),
                    "source": "iot_telemetry",
                    "updated_at": stamps,
                }
            )
        )
    table = pd.concat(frames, ignore_index=True)
    return table.sort_values(["ts", "asset"], kind="stable", ignore_index=True)


def readings(machine: Machine, drift: AssetDrift | None, stamps: TimeArray, rng: np.random.Generator) -> FloatArray:
    """Return what the four sensors of a running machine show.

    Args:
        machine: Which one.
        drift: Its planted drift, if any.
        stamps: Moments, naive UTC, shape (n,).
        rng: Random stream.

    Returns:
        Vibration, temperature, pressure, revolutions, shape (n, 4).
    """
    hour = (stamps - stamps.astype("datetime64[D]")).astype("timedelta64[s]").astype(np.float64) / 3600.0
    day = stamps.astype("datetime64[D]").astype(np.float64)
    load = np.sin((hour - 8.0) / 24.0 * 2.0 * np.pi)
    noise = rng.normal(0.0, 1.0, (len(stamps), 4))
    values: FloatArray = machine.healthy * (1.0 + noise * np.array([0.06, 0.012, 0.015, 0.004]))
    values[:, 0] *= 1.0 + 0.05 * load
    values[:, 1] += 2.5 * load + 1.5 * np.sin(day / 365.25 * 2.0 * np.pi)
    if drift is not None:
        severity = drift.severity(hours_until(drift.fails_at, stamps))
        values[:, 0] *= 1.0 + drift.vibration_rise * severity
        values[:, 1] += drift.temperature_rise_c * severity
    return values


def hours_until(moment: datetime, stamps: TimeArray) -> FloatArray:
    """Return the hours from each stamp to a moment, negative behind it."""
    left: FloatArray = (np.datetime64(moment, "us") - stamps).astype("timedelta64[s]").astype(np.float64) / 3600.0
    return left
