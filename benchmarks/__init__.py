"""Benchmarks of the product: `python -m benchmarks.<subject> [--quick] [--json FILE]`. Ours and the peer are measured in the same run."""
