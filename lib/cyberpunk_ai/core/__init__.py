"""Core, the ground floor: settings, errors, registry, contracts, results, clock and logs. It imports nothing of ours."""
