"""What one training step sees."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """B crops of one size with their holes."""

    image: Tensor
    """(B, 3, H, W) float32 in [-1, 1], the true picture Y."""
    mask: Tensor
    """(B, 1, H, W) float32, 1 = hole."""
    labels: Tensor
    """(B, H, W) int64: class ids, 128..254 = one of several classes, 255 = unknown."""
    hints: Tensor
    """(B, H, W) int64: the part of the true map that the network is told, 255 elsewhere."""
    forbid: Tensor
    """(B, K) bool: classes that the network is told not to use inside the hole."""
    given: Tensor
    """(B, 3, H, W) float32 in [-1, 1]: the picture as the network sees it, which is `image` but for the residue of what was
    removed, in known pixels near the hole."""
