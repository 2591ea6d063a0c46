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
# # How much will we sell?
#
# Forecast a metric with honest intervals, see how each model did on your own past, and how expected churn moves the answer.

# %% tags=["parameters"]
metric: str = "revenue"  # any additive metric of ws.metrics()
grain: str = "week"  # length of a period: day, week, month, quarter, year
horizon: int = 12  # periods ahead
backtest_windows: int = 2  # how often the past is forecast to measure the models
region: str = ""  # only this region; empty for all

# %%
from cyberpunk_ai import Workspace, notebook

notebook.setup()
ws = Workspace.open()
where = {"region": region} if region else None

# %% [markdown]
# ## The forecast
# Cyan is measured, magenta is predicted; the bands hold 80% and 95% of outcomes, as measured in the backtest.

# %%
forecast = ws.forecast(metric, grain=grain, horizon=horizon, where=where, backtest_windows=backtest_windows)
forecast.chart()

# %%
forecast.forecast

# %% [markdown]
# ## Can it be trusted?
# Each model beside the seasonal naive: a scaled error (MASE) below 1 beats repeating the last season. Dropped models say why.

# %%
forecast.chart("forecast_leaderboard")

# %%
forecast.chart("forecast_backtest")

# %%
forecast.leaderboard

# %%
forecast.notes

# %% [markdown]
# ## What is it made of, and why is it so?
# Trend, season and what is left add up to every value. Below, the way from the last value to the forecast.

# %%
forecast.chart("components")

# %%
why = ws.forecast_reasons(metric, grain=grain, horizon=horizon, where=where)
why.chart()

# %%
why.sentences[0]

# %% [markdown]
# ## Was anything unusual?
# Past values outside of what the values before them let expect.

# %%
unusual = ws.anomalies(metric, grain=grain, where=where)
unusual.chart()

# %% [markdown]
# ## What the customers do to it
# Customers expected to leave pull the forecast down, loyal ones hold it. Where this does not help in the backtest it is switched off.

# %%
joined = ws.forecast_with_retention(metric=metric, grain=grain, horizon=horizon, where=where)
joined.chart()

# %%
joined.reason

# %%
joined.components

# %%
notebook.record("forecast", {"metric": metric, "grain": grain, "forecast": forecast.forecast, "leaderboard": forecast.leaderboard})
ws.close()
