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
# # Forecast studio: what will come, and how sure is it?

# %% tags=["parameters"]
theme = "neon"  # neon, noir or daylight
height = 420  # of the landscape, in pixels

# %%
from apps.voila.studio_page import StudioPage
from cyberpunk_ai import Workspace

ws = Workspace.open()
page = StudioPage(ws, theme=theme, height=height)
page.wait()
page.widget
