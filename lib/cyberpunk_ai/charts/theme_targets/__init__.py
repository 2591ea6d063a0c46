"""One file per host of the theme: each has `theme_files(themes)`, which gives paths below `themes/` and text. No colour is named here."""

NOTE = "Written by python -m cyberpunk_ai.charts.theme_files from themes/tokens.toml. Do not edit."
