"""Rate limits: whose limit a request counts against, and how much it asks for."""
