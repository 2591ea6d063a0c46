"""What stands behind a report: explanations, what-ifs, lift, calibration, backtests, and whether to trust it."""
