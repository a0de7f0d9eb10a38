"""The fleet: processes, slots, signals and sockets. Knows nothing of requests."""
