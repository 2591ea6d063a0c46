"""Composers: what joins engines with each other or with the stores."""
