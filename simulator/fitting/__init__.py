"""Latency profiles from measurements: traces in, the distribution that fits best and how well it does out."""
