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
# # How is the business doing?
#
# A tour in five minutes: what came in, what it says, what comes next, and who is about to leave.
# Each cell is one verb of the workspace; apps, scheduled runs and the API call the same verbs and give the same numbers.

# %% tags=["parameters"]
period: str = "last 12 months"  # any period: "this quarter", "Q3 2024", "2024-01-01..2024-03-31"
horizon: int = 12  # weeks to look ahead

# %%
from cyberpunk_ai import Workspace, notebook

notebook.setup()
ws = Workspace.open()

# %% [markdown]
# ## What is there
# Sources that were synced, and how far each dataset can be trusted.

# %%
ws.recent_syncs(limit=10).to_frame()

# %%
quality = ws.quality()
quality.datasets

# %% [markdown]
# ## What happened
# Any metric, by any dimension, over any period, beside the year before. `ws.metrics()` lists them all.

# %%
revenue = ws.query("revenue", grain="month", period=period, compare="previous_year")
revenue.chart()

# %%
ws.query("revenue", by=["product"], period=period, limit=10, order="desc").to_frame()

# %% [markdown]
# ## What comes next
# Five models, their median, and intervals measured on this history.

# %%
forecast = ws.forecast("revenue", grain="week", horizon=horizon)
forecast.chart()

# %%
forecast.leaderboard

# %% [markdown]
# ## Who is about to leave
# Segments, churn probability with reasons, and what each customer is still worth.

# %%
report = ws.retention()
report.chart()

# %%
report.at_risk(10)

# %% [markdown]
# ## Where to go from here
# - `notebooks/demand_forecast`: the forecast in depth, with your own parameters.
# - `notebooks/customer_retention`: customers in depth, and whom to call on Monday.
# - `cyberpunk run nightly`: the same numbers every morning, kept as a page.
# - `http://127.0.0.1:8000/cockpit`: live; `http://127.0.0.1:8000/docs`: the API.

# %%
notebook.record(
    "start_here", {"forecast": forecast.forecast, "top_products": ws.query("revenue", by=["product"], limit=10, order="desc").to_frame()}
)
notebook.record("customers", report.customers[["customer_id", "churn_probability", "lifetime_value", "segment"]])
notebook.record("retention", {"summary": report.summary, "segments": report.segments, "cohorts": report.cohorts})
ws.close()
