"""Moments as the API writes them. Pure."""

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """A moment in Unix seconds, with microseconds: `2026-11-20T12:00:00.000000Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
