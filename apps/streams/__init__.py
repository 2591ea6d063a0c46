"""The streams page: how fast events come, how far behind we are, and the events themselves."""
