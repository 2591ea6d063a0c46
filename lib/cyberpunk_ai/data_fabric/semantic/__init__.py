"""The semantic layer: metrics and dimensions in words of the business, answered by SQL that nobody types.

`model.yml` declares them, `query.py` answers, `extracts.py` hands frames to the engines. No store is opened here.
"""
