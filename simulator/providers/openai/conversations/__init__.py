"""OpenAI's conversations: items that outlive the responses that they were said in."""
