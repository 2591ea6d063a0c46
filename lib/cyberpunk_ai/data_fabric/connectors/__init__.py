"""Connectors: one file per kind of source, registered by name. What they share is in `base.py`; landing rows is not their work."""
