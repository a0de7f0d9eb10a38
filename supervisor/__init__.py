"""The fleet: processes, slots, signals and sockets. Knows nothing of requests."""

import os

# numpy's BLAS starts its threads when it is imported, and a process with threads must not fork. Whoever
# reaches the fleet passes through here before the application, and with it numpy, is imported.
for _library in ("OPENBLAS", "MKL", "OMP", "NUMEXPR"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
