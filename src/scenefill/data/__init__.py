"""Data sets, and what a training step draws from them."""
