"""Dashboards for Voilà: a notebook each, paired with a text file of the same name, and the Python they share. Pure ipywidgets."""
