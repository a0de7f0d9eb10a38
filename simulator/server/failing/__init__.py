"""Which configured failures are for a request, and what their conditions need to know of the moment."""
