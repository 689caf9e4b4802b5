"""A question to any network, always the same: what two ways to compute it are compared with."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
import numpy as np

from ..labels import UNKNOWN, LabelSet
from .guides import GUIDES


class Kind(Protocol):
    """What a network must say of itself to be asked; the description of a weights file and a live network both do."""

    @property
    def labels(self) -> LabelSet | None: ...
    @property
    def stride(self) -> int: ...
    @property
    def known_map(self) -> bool: ...
    @property
    def guide(self) -> str | None: ...


def question(kind: Kind, batch: int, height: int, width: int, seed: int) -> tuple[Any, ...]:
    """image, mask, hints, forbid of `height` x `width` strides: a smooth picture, a box as the hole, a hint in a part of it.

    A network that wants a guide gets it as the fifth; one that counts on a map outside the hole, two classes there.
    Shapes and dtypes as `runtime.Backend.run` has them.
    """
    rng = np.random.default_rng(seed)
    h, w = height * kind.stride, width * kind.stride
    coarse = rng.uniform(-1, 1, (batch, 5, 5, 3)).astype(np.float32)
    image = np.stack([cv2.resize(c, (w, h), interpolation=cv2.INTER_LINEAR) for c in coarse]).transpose(0, 3, 1, 2)
    image = np.clip(image + rng.normal(0, 0.1, image.shape), -1, 1).astype(np.float32)
    mask = np.zeros((batch, 1, h, w), np.float32)
    mask[..., h // 4 : 3 * h // 4, w // 4 : 3 * w // 4] = 1
    hints = np.full((batch, h, w), UNKNOWN, np.int64)
    classes = len(kind.labels) if kind.labels else 0
    forbid = np.zeros((batch, classes), bool)
    if classes:
        hints[:, h // 2 : 3 * h // 4, w // 4 : w // 2] = classes - 1
        forbid[:, 0] = True
    if kind.known_map:
        known = np.broadcast_to((np.arange(h) > h // 3)[:, None] % classes, hints.shape)
        hints = np.where(mask[:, 0] > 0, hints, known).astype(np.int64)
    asked = (image, mask, hints, forbid)
    return (*asked, GUIDES[kind.guide](image, mask)) if kind.guide else asked
