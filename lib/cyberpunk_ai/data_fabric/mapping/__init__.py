"""From a source's columns to a canonical table: what the user may declare, the rules, the casts, and the sorting of good rows from bad."""
