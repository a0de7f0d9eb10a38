"""The fleet live in a terminal: what is read, what is made of it, and how it is drawn."""
