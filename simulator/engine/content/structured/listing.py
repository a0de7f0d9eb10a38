"""Lists of words, written as running text. Pure."""


def listed(*lines: str) -> frozenset[str]:
    """The words of the lines."""
    return frozenset([word for line in lines for word in line.split()])
