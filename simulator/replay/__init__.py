"""Sends a recorded run again and compares. It knows the fleet from outside only: its log, its headers, its bytes."""
