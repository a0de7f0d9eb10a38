"""What happens to the bytes of an answer on their way to the client: each trouble is one file."""
