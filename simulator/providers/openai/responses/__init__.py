"""OpenAI's Responses: a model's answer as a stored object, with the conversation it belongs to."""
