"""Contract mode's answers: objects of documented shapes, made from a request and a seed. Pure but for its tables."""
