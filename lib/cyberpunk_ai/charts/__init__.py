"""Pictures of results: theme, HoloViews figures, the 3D city and a stream's way to the screen. No engine and no store is known here."""
