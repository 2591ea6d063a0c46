"""Quality: how far each dataset can be trusted. One file per family of checks, the checks of each dataset in `checks.yml`.

Checks are aggregates that the warehouse computes in one pass per dataset. Nothing is repaired here.
"""
