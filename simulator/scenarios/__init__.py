"""Scenarios to look at before they are played: their timeline as a picture, and what is odd about them."""
