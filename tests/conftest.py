"""What every test shares."""

import os

from hypothesis import HealthCheck, settings

# Machines that run tests are shared and slow by turns: a property is about values, never about time.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# Set before numpy is imported by any test: its BLAS would start threads, and a fork with threads is unsafe.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
