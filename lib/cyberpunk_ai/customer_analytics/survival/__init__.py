"""How long customers stay."""
