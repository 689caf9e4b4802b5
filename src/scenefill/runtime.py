"""Backend: arrays in, arrays out. What the Inpainter asks of a model, and the exported network on ONNX Runtime that answers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .labels import LabelSet


class Answer(NamedTuple):
    """What a backend makes of a picture with holes."""

    image: NDArray[np.float32]
    """(B, 3, H, W) RGB in [-1, 1]: the whole picture, not composited."""
    logits: NDArray[np.float32] | None
    """(B, K, H, W) class scores before hints and forbidden classes; None where a model has no semantics."""


class Backend(Protocol):
    """A model that fills holes: an exported network, a live torch network, or a classical method."""

    @property
    def name(self) -> str:
        """What `scenefill.load` calls it."""

    @property
    def labels(self) -> LabelSet | None:
        """The classes of its scores, or None for a model without semantics."""

    @property
    def working_size(self) -> int | None:
        """Side in pixels of the pictures it works best on; None for a method that takes any size as it is."""

    @property
    def stride(self) -> int:
        """Height and width handed to `run` are multiples of this."""

    @property
    def temperature(self) -> float:
        """What scores are divided by so that their softmax is a calibrated confidence."""

    def run(
        self, image: NDArray[np.float32], mask: NDArray[np.float32], hints: NDArray[np.int64], forbid: NDArray[np.bool_]
    ) -> Answer:
        """Fill the holes of a batch.

        image: (B, 3, H, W) RGB in [-1, 1]; what lies inside a hole has no influence.   mask: (B, 1, H, W), 1 = hole.
        hints: (B, H, W) class ids, 255 = "you decide".   forbid: (B, K), True = may not appear in the hole (K = 0: no labels).
        """
