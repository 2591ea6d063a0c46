"""The fabric: what brings data in, keeps it, names it and checks it."""
