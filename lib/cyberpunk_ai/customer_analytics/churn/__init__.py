"""Who will leave: features, models, their choice and calibration, and reasons in words."""
