"""Customers under contract: fields, leaks, the choice of a model for them, and their report."""
