"""How a hole is filled: where to look, what to ask a model, what to do with its answer; one photo or many."""
