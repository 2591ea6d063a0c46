# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The forecast lab
#
# Compare models at past points in time, try another plan of promotions, forecast a whole tree of regions and channels so that it adds up, and
# many series at once. Start with your own file, or with the demo company.

# %% tags=["parameters"]
file: str = ""  # a CSV with ds, y, perhaps unique_id and covariates; empty for a metric
metric: str = "revenue"  # any additive metric of ws.metrics(), where no file is named
grain: str = "month"  # length of a period of the metric: day, week, month, quarter, year
horizon: int = 6  # periods ahead
windows: int = 3  # past points in time
models: str = "theta,ets,ces,arima,xgboost,lstm"  # who takes part, in every question
parts: str = "region,channel"  # dimensions of the tree, the coarsest first
stores: int = 100  # how many made-up series are forecast at once

# %%
import pandas as pd

from cyberpunk_ai import Workspace, notebook

notebook.setup()
ws = Workspace.open()
members = [name.strip() for name in models.split(",")]
data = pd.read_csv(file, parse_dates=["ds"]) if file else None

# %% [markdown]
# ## Who forecasts best here?
# Everybody forecasts again from past points in time and knows only what was known then. The ensemble stands out; the dashed line repeats the last
# season. No model is ever chosen by this: that costs accuracy. It shows what to expect.

# %%
past = ws.cross_validation(metric, grain=grain, horizon=horizon, windows=windows, models=members, data=data)
past.chart()

# %%
past.by_model

# %% [markdown]
# ## One model against all
# Each row is one way to forecast; its error over all past points in time, relative to the mean of the demand, by periods ahead.

# %%
past.by_step.pivot(index="step", columns="model", values="mae")

# %% [markdown]
# ## Does it add up?
# The total, its parts and their parts are each forecast by themselves and then made to add up with the least change.

# %%
tree = ws.forecast_hierarchy(metric, by=[name.strip() for name in parts.split(",")], horizon=horizon, grain=grain, models=members)
tree.chart()

# %%
tree.gains

# %%
tree.notes

# %% [markdown]
# ## What if the promotion moves?
# A made-up shop that promotes now and then. `future` holds the plan; `changed` is the same with the promotion a month later. Put your own columns here.

# %%
import numpy as np

rng = np.random.default_rng(0)
months = pd.date_range("2019-01-01", periods=66, freq="MS")
promotion = (rng.random(66) < 0.25).astype(float)
promotion[-6:] = [0, 1, 0, 0, 1, 0]
sales = 1000 * (1 + 0.2 * np.sin(np.arange(66) * np.pi / 6)) * np.exp(0.3 * promotion + rng.normal(0, 0.03, 66))
shop = pd.DataFrame({"ds": months, "y": sales, "promotion": promotion})
future = shop.loc[60:, ["ds", "promotion"]]
changed = future.assign(promotion=[0, 0, 1, 0, 1, 0])
moved = ws.forecast_scenario(shop[:60], future=future, changed=changed, horizon=6, models=members)
moved.chart()

# %%
moved.to_frame()

# %% [markdown]
# ## Many at once
# The same question for every series of a file, in chunks, on all cores: here `stores` made-up ones in the quick tier.

# %%
many = pd.concat(
    [
        pd.DataFrame({"unique_id": f"store {place:03d}", "ds": months, "y": sales * rng.uniform(0.5, 2) + rng.normal(0, 40, 66)})
        for place in range(stores)
    ]
)
found = ws.forecast_many(many, horizon=horizon, tier="fast", executor="here")
found.chart()

# %%
f"{found.series} series in {found.seconds:.1f} s, {len(found.quarantine)} put aside"

# %%
notebook.record("lab", {"by_model": past.by_model, "gains": tree.gains, "scenario": moved.totals, "series": found.series})
ws.close()
