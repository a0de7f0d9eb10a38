"""OpenAI's files, uploads and batches: objects that a client leaves and finds again."""
