"""The admin plane: what operators read and, later, change."""
