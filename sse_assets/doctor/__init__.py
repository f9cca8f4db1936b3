"""What a machine lacks and what works without it, in plain words; it mends and leaves nothing."""
