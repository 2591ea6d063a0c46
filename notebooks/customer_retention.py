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
# # Who is about to leave, what are they worth, and what do we do on Monday morning?
#
# Who your customers are, whether they come back, what they will still bring, why some are about to leave, and a list to call.
# First comes whether the numbers can be trusted, measured on your own customers.

# %% tags=["parameters"]
as_of: str = ""  # look from this day, such as 2025-06-30, and read nothing later; empty for the last order
horizon_days: int = 0  # how far to look ahead, in days; 0 learns it from the gaps between your customers' orders
segment: str = ""  # only this segment of the market, such as SMB; empty for all
calls: int = 15  # how many customers the list for Monday holds

# %%
from cyberpunk_ai import Workspace, notebook

notebook.setup()
ws = Workspace.open()
report = ws.retention(
    as_of=as_of or None, horizon_days=horizon_days or None, where={"segment": segment} if segment else None, clusters=True
)

# %% [markdown]
# ## The answer in short

# %%
print(report.headline)

# %%
report.chart("totals", unit="$")

# %% [markdown]
# ## Can it be trusted?
# The model is tested on customers whose outcome it had not seen, and each figure is held against something plainer.

# %%
validation = report.validate(None)
print(validation.sentence)

# %%
notebook.table(validation.figures[["figure", "value", "against", "verdict", "meaning"]])

# %% [markdown]
# How many of those who left would have been reached by contacting the highest scores first: the further the line bends away from the
# dotted one, the better the ranking.

# %%
report.chart("lift_curve")

# %% [markdown]
# And whether a chance of 30 % means that 30 in 100 leave: points on the dotted line are chances that came true.

# %%
report.chart("calibration")

# %%
print("\n".join(report.warnings) or "Nothing was left out, netted or unlearnt.")

# %% [markdown]
# ## Who are they?
# Eleven segments by how recently, how often and for how much they bought. The area is customers; the redder, the likelier they leave.

# %%
report.chart("segment_treemap", unit="$")

# %%
notebook.table(report.segments)

# %% [markdown]
# Beside these fixed rules, groups that the data itself shows: customers near one another in recency, frequency and money. Where they agree
# with the segments, the rules fit your customers; a group that cuts across several segments deserves a campaign of its own.

# %%
report.chart("clusters", unit="$")

# %% [markdown]
# Each customer by what they brought so far and how likely they leave. The list for Monday comes from the top right.

# %%
report.chart("value_and_risk", unit="$")

# %% [markdown]
# ## Do they come back?
# Of those who first bought in a month, the share that bought again in each later month. A month that is not over stays empty.

# %%
report.chart("cohorts", height=360)

# %% [markdown]
# The same cohorts in money.

# %%
report.chart("cohorts", measure="revenue", unit="$", height=360)

# %% [markdown]
# Three ways to say "came back", each only over customers old enough to tell: on that very day, within a bracket of days, ever again.
# The line of "ever again" falls towards its end also because the data ends there: judge steadiness by the brackets.

# %%
report.chart("return_curves")

# %% [markdown]
# What is kept of the months before: of their revenue with growth (net) and without (gross), and of their customers.

# %%
report.chart("revenue_retention")

# %% [markdown]
# How long customers stay, with its 95 % band. Without contracts, to leave is a first silence longer than the horizon, so nobody can have
# left before.

# %%
report.chart("survival")

# %% [markdown]
# ## What are they worth?
# Expected net revenue per customer over the horizon. Few customers usually hold most of it.

# %%
report.chart("value_distribution", unit="$")

# %% [markdown]
# ## Why do they leave?
# The strongest reason of each customer at high risk. A reason that lowers the risk is told as well: it is what still holds them.

# %%
report.chart("churn_reasons")

# %% [markdown]
# ## Monday morning
# Customers who can still be kept: active, at high risk, those who brought most first. The action is a rule, not a measured effect.

# %%
to_call = report.at_risk(calls)
notebook.table(to_call[["customer_id", "segment", "churn_probability", "monetary", "lifetime_value", "reasons", "suggested_action"]])

# %% [markdown]
# The first on the list in depth: every part of the score, and what the score would be had they bought today.

# %%
first = next(iter(to_call["customer_id"]), None)
explanation = report.explain(first) if first is not None else None
explanation.chart() if explanation else "Nobody who can still be kept is at high risk."

# %%
bought = report.what_if(first, purchases_today=1) if explanation and report.regime == "non_contractual" else None
bought.chart() if bought else "There is nobody to ask about."

# %%
print(bought.sentence if bought else "")

# %%
notebook.record("retention", {"headline": report.headline, "summary": report.summary, "segments": report.segments})
notebook.record("to_call", to_call)
notebook.record("verdict", {"verdict": validation.verdict, "sentence": validation.sentence})
ws.close()
