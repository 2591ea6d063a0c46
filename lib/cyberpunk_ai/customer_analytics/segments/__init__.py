"""Groups of customers: by rule from recency, frequency and money, or found in the data."""
