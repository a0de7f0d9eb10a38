"""Side-by-side measurements of the fleet on this machine: `python -m benchmarks`."""
