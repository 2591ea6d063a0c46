"""The quality page: how far the data can be trusted, what failed, and the rows that were held back."""
