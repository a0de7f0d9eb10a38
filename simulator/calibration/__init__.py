"""Calibration: what a client measures of a fleet, beside what the fleet was configured to do."""
