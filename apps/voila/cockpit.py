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
# # Cockpit: how is the business today?

# %% tags=["parameters"]
theme = "neon"  # neon, noir or daylight
height = 460  # of the city, in pixels

# %%
from apps.voila.page import CockpitPage
from cyberpunk_ai import Workspace

ws = Workspace.open()
page = CockpitPage(ws, theme=theme, height=height)
page.widget
