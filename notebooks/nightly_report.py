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
# # What should we know this morning?
#
# Revenue so far, where it is going, what sells, and which customers are about to leave.

# %% tags=["parameters"]
sync: bool = True  # bring every source up to date first
metric: str = "revenue"  # additive metric to forecast
grain: str = "week"  # length of a period: day, week, month, quarter, year
horizon: int = 12  # periods ahead

# %%
from cyberpunk_ai import Workspace, notebook

notebook.setup()
ws = Workspace.open()

# %% [markdown]
# ## Sources

# %%
if sync:
    ws.sync()
ws.recent_syncs(limit=10).to_frame().drop(columns="run_id")

# %% [markdown]
# ## Key figures

# %%
key_figures = ws.query(["revenue", "orders", "avg_order_value", "active_customers"])
key_figures.to_frame()

# %% [markdown]
# ## Forecast

# %%
forecast = ws.forecast(metric, grain=grain, horizon=horizon)
notebook.picture(forecast)

# %%
forecast.leaderboard

# %% [markdown]
# ## Top products

# %%
top_products = ws.query("revenue", by=["product"], limit=10, order="desc")
top_products.to_frame()

# %% [markdown]
# ## Customers at risk
# Still active, at high risk, those who brought most first.

# %%
report = ws.retention()
report.at_risk(20)[["customer_id", "segment", "churn_probability", "monetary", "recency_days", "reasons", "suggested_action"]]

# %%
report.segments

# %%
notebook.record("key_figures", key_figures.to_frame())
notebook.record("forecast", forecast.forecast)
notebook.record("leaderboard", forecast.leaderboard)
notebook.record("top_products", top_products.to_frame())
notebook.record("retention", {"summary": report.summary, "segments": report.segments, "cohorts": report.cohorts})
notebook.record("customers", report.customers[["customer_id", "churn_probability", "lifetime_value", "segment"]])
ws.close()
