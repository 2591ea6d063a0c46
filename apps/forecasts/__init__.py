"""The forecast page: ask, watch the members land, judge, understand, take away."""
