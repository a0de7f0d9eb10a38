"""OpenAI's pictures and sounds: made of random bits, valid in their formats, and as cheap as they are plain."""
