"""Lets the tests of this folder import what the dialects' tests share."""

import sys
from pathlib import Path

SHARED = str(Path(__file__).parents[1])
if SHARED not in sys.path:
    sys.path.insert(0, SHARED)
