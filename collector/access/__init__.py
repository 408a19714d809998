"""Who is calling, and how much they may ask: keys, sessions, passwords, origins, rate limits (sections 3 and 8)."""
