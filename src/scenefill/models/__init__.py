"""Models that fill holes: their weights files, what is known of them, where they are found, and what runs them."""
