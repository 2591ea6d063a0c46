"""Who did how well on the past: scaled error of every model beside the ensemble and the baseline, the best on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme


@CHARTS.register("forecast_leaderboard", needs=["holoviews", "bokeh"], extra="apps")
def forecast_leaderboard_figure(result: Any, *, theme: Theme | str | None = None, height: int = 280) -> Any:
    """Draw the leaderboard; 1 is the error of repeating the last season inside the history.

    Args:
        result: Has `leaderboard` or `by_model` with `model` and `mase`, and perhaps `status`.
        theme: Colours: the ensemble as predicted, members muted, the baseline as a line.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    board = (result.leaderboard if hasattr(result, "leaderboard") else result.by_model).dropna(subset=["mase"])
    if not len(board):
        return nothing_yet(look, height, "Nobody was measured on the past: ask for backtest_windows of at least 1.")
    status = dict(zip(board["model"], board["status"], strict=True)) if "status" in board.columns else {}
    kinds = {"ensemble": "ensemble", "seasonal_naive": "baseline"}
    colours = {"ensemble": look.predicted, "baseline": look.text, "member": look.measured, "dropped": look.muted}
    rows = [
        (
            f"{name}{' (dropped)' if status.get(name) == 'dropped' else ''}",
            float(mase),
            kinds.get(name, "dropped" if status.get(name) == "dropped" else "member"),
        )
        for name, mase in zip(board["model"][::-1], board["mase"][::-1], strict=True)
    ]
    bars = hv.Bars(rows, "model", ["mase", "kind"]).opts(
        invert_axes=True,
        color=hv.dim("kind").categorize(colours),
        fill_alpha=0.75,
        line_color=look.surface,
        bar_width=0.66,
        **hover(("", "@model"), ("scaled error", "@mase{0.000}")),
    )
    best = board.iloc[0]
    title = f"scaled error, best: {best['model']} {short(float(best['mase']))}"
    return bars.opts(**clean(look, height=height, label="MASE", unit="", is_flipped=True, title=title))
