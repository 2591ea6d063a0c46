"""How often customers will buy, what they will bring, and how sure that is."""
