"""Agreement of label maps: accuracy and intersection over union."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import LabelError
from ..labels import UNKNOWN, LabelMap, LabelSet
from .pixel import Mask

Array = NDArray[np.float64]


def right(predicted: LabelMap, truth: LabelMap, labels: LabelSet) -> NDArray[np.bool_]:
    """(H, W) bool: the predicted class is the true one, or one of those that a partial label stands for. False where unknown."""
    return labels.members()[truth, np.minimum(predicted, len(labels) - 1)] & (predicted < len(labels))


@dataclass(frozen=True)
class Confusion:
    """How often each true label met each predicted class. All results have the leading axes of `counts`.

    counts: (..., K + P, K) pixels; rows are the K true classes and then the P partial labels of the set in ascending order,
    columns the predicted classes. Leading axes may hold pictures; sums and means over pictures are confusions again.
    """

    labels: LabelSet
    counts: Array

    @classmethod
    def of(cls, predicted: LabelMap, truth: LabelMap, labels: LabelSet, mask: Mask | None = None) -> Confusion:
        """Counts over the hole, or over everything. Unknown truth (255) does not count.

        Raises LabelError where a prediction is not a class of the set.
        """
        known = truth != UNKNOWN if mask is None else (truth != UNKNOWN) & mask
        rows, columns = cls._rows(labels)[truth[known]], predicted[known].astype(np.intp)
        if columns.size and columns.max() >= len(labels):
            raise LabelError(f"a predicted label map holds id {columns.max()}; label set {labels.name} has 0..{len(labels) - 1}")
        shape = (len(labels) + len(labels.partial), len(labels))
        counts = np.bincount(rows * len(labels) + columns, minlength=shape[0] * shape[1])
        return cls(labels, counts.reshape(shape).astype(np.float64))

    @property
    def known(self) -> Array:
        """(...) pixels counted."""
        return np.asarray(self.counts.sum(axis=(-2, -1)))

    @property
    def hits(self) -> Array:
        """(..., K) pixels of each predicted class that are right; a partial label is met by any of its members."""
        k = len(self.labels)
        certain = np.diagonal(self.counts[..., :k, :], axis1=-2, axis2=-1)
        members = self.labels.members()[sorted(self.labels.partial)]  # (P, K)
        return np.asarray(certain + (self.counts[..., k:, :] * members).sum(axis=-2))

    def accuracy(self) -> Array:
        """(...) share of the known pixels that are right. NaN without any."""
        return _ratio(self.hits.sum(axis=-1), self.known)

    def class_accuracy(self) -> Array:
        """(..., K) share of each class's pixels that are right (recall), over pixels whose class is certain. NaN without any."""
        certain = self.counts[..., : len(self.labels), :]
        return _ratio(np.diagonal(certain, axis1=-2, axis2=-1), certain.sum(axis=-1))

    def class_iou(self) -> Array:
        """(..., K) intersection over union of each class. NaN for a class that is neither true nor predicted anywhere.

        A partial label that is met adds to the class that met it; one that is missed is a false alarm of the predicted class, and
        no class is charged with having been overlooked.
        """
        k = len(self.labels)
        true = self.counts[..., :k, :]
        overlooked = true.sum(axis=-1) - np.diagonal(true, axis1=-2, axis2=-1)
        return _ratio(self.hits, self.counts.sum(axis=-2) + overlooked)

    def miou(self) -> Array:
        """(...) mean of `class_iou` over the classes that have one. NaN without any."""
        iou = self.class_iou()
        return _ratio(np.nansum(iou, axis=-1), (~np.isnan(iou)).sum(axis=-1).astype(np.float64))

    @staticmethod
    def _rows(labels: LabelSet) -> NDArray[np.intp]:
        rows = np.arange(256)
        rows[sorted(labels.partial)] = len(labels) + np.arange(len(labels.partial))
        return rows


def _ratio(part: Array, whole: Array) -> Array:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0))
