"""How the shipped networks were made: `python -m cyberpunk_ai.forecasting.pretrained.training monthly --out DIR`. Also how one is tuned.

Series are made up, each put through the same seasonal adjustment as real ones, so that the network also learns what that gets wrong.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cyberpunk_ai.forecasting.pretrained.families import FAMILIES, Family
from cyberpunk_ai.forecasting.pretrained.network import FACTS, HIDDEN, JOINED, MOST, QUANTILES, UNIT, facts_of, window_of
from cyberpunk_ai.forecasting.pretrained.synthetic import draw_series
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from cyberpunk_ai.forecasting.base import FloatArray

BATCH, SERIES_AT_ONCE = 256, 512
RATE = 4e-3


class Examples(NamedTuple):
    """Windows (n, seen), facts (n, 3) and what followed (n, ahead); unknown periods ahead are NaN."""

    seen: FloatArray
    facts: FloatArray
    after: FloatArray


def made_up_examples(family: Family, count: int, seed: int) -> Examples:
    """Draw series, cut them once each, and adjust what lies before the cut."""
    rng = np.random.default_rng(seed)
    parts: list[list[FloatArray]] = [[], [], []]
    while len(parts[0]) < count:
        length = int(np.exp(rng.uniform(np.log(family.shortest), np.log(family.longest))))
        for series in draw_series(rng, SERIES_AT_ONCE, length + family.ahead, family.season_length):
            history = series[:length]
            adjusted = adjust(history, family.season_length)
            scale = float(np.abs(np.diff(adjusted.values)).mean())
            if not scale > 0:
                continue
            pattern, future = adjusted.pattern(family.ahead), series[length:]
            flat = future - pattern if adjusted.kind == "additive" else future / pattern if adjusted.kind == "multiplicative" else future
            parts[0].append(window_of(adjusted.values, scale, family.seen))
            parts[1].append(facts_of(length, family, is_adjusted=adjusted.kind != "none"))
            parts[2].append(np.clip((flat - adjusted.values[-1]) / scale, -MOST, MOST))
    return Examples(*(np.stack(part[:count]) for part in parts))


def learn(
    examples: Examples,
    *,
    steps: int,
    rate: float = RATE,
    seed: int = 0,
    start: Mapping[str, npt.NDArray[np.float32]] | None = None,
    on_progress: Callable[[int, float], None] | None = None,
) -> dict[str, npt.NDArray[np.float32]]:
    """Fit the network by the quantile loss, every series weighing alike whatever its difficulty.

    Args:
        examples: What to learn from.
        steps: Batches.
        rate: Highest learning rate; it rises, then falls to nothing.
        seed: Of first weights and batches.
        start: Weights to go on from; drawn afresh when None.
        on_progress: Called with the step and the mean loss since the last call, 20 times in all.

    Returns:
        The weights.
    """
    import torch

    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    chance = torch.Generator().manual_seed(seed)
    network = torch_network(examples.seen.shape[1], examples.after.shape[1], chance, start)
    seen, facts, after = (torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32)) for part in examples)
    known = torch.isfinite(after)
    after = torch.nan_to_num(after)
    weight = 1.0 / (after.abs().sum(1) / known.sum(1).clamp(min=1)).clamp(min=0.5)
    taus = torch.tensor(QUANTILES)
    optimiser = torch.optim.Adam(network.parameters(), rate / 2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, max(steps, 2))
    every, total = max(steps // 20, 1), 0.0
    for step in range(1, steps + 1):
        rows = torch.randint(len(seen), (min(BATCH, len(seen)),), generator=chance)
        gap = after[rows].unsqueeze(-1) - network(seen[rows], facts[rows])
        pinball = torch.maximum(taus * gap, (taus - 1) * gap).mean(-1) * known[rows]
        loss = (pinball.sum(1) / known[rows].sum(1).clamp(min=1) * weight[rows]).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += loss.item()
        if on_progress is not None and step % every == 0:
            on_progress(step, total / every)
            total = 0.0
    return {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}


def torch_network(seen: int, ahead: int, chance: Any, start: Mapping[str, npt.NDArray[np.float32]] | None) -> Any:
    """Return the network as a torch module, with given weights or drawn ones."""
    import torch

    class Network(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
        """The same arithmetic as `network.answer`, with gradients."""

        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(2, HIDDEN, batch_first=True)
            self.joined = torch.nn.Linear(HIDDEN + FACTS + seen, JOINED)
            self.head = torch.nn.Linear(JOINED, ahead * len(QUANTILES))

        def forward(self, window: Any, facts: Any) -> Any:
            bent = torch.asinh(window)
            steps = torch.asinh(torch.diff(window, dim=1, prepend=window[:, :1]))
            states, _ = self.lstm(torch.stack([bent, steps], -1))
            hidden = torch.tanh(self.joined(torch.cat([states[:, -1], facts, bent], 1)))
            return self.head(hidden).reshape(len(window), ahead, len(QUANTILES)) * UNIT

    network = Network()
    with torch.no_grad():
        for name, value in network.named_parameters():
            if start is not None:
                value.copy_(torch.from_numpy(start[name]))
            elif name.startswith("head"):
                value.zero_()
            else:
                # From a generator of our own: torch's global one is shared by all threads of the process.
                reach = HIDDEN**-0.5
                value.copy_(torch.rand(value.shape, generator=chance) * 2 * reach - reach)
    return network


def _say(name: str, step: int, loss: float) -> None:
    sys.stdout.write(f"{name} step {step}: loss {loss:.4f}\n")
    sys.stdout.flush()


def main() -> None:
    """Train the networks that are named and store their weights."""
    from safetensors.numpy import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="+", choices=sorted(FAMILIES))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--series", type=int, default=200_000, help="made-up series to learn from")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in chosen.families:
        examples = made_up_examples(FAMILIES[name], chosen.series, chosen.seed)
        weights = learn(examples, steps=chosen.steps, seed=chosen.seed, on_progress=partial(_say, name))
        facts = {"family": name, "series": str(chosen.series), "steps": str(chosen.steps), "seed": str(chosen.seed)}
        save_file(weights, chosen.out / f"{name}.safetensors", metadata=facts)


if __name__ == "__main__":
    main()
