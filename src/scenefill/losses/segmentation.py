"""Cross-entropy of label maps (Eq. 9 of SGE-Net), with unknown pixels and partial labels."""

from __future__ import annotations

import torch
from torch import Tensor

from .reconstruction import enlarge
from .together import over_all


def cross_entropy(logits: Tensor, labels: Tensor, members: Tensor, class_weights: Tensor) -> Tensor:
    """-log of the probability that the true class, or one of the classes of a partial label, is given; a mean over known pixels.

    logits: (B, K, h, w); they are enlarged to the size of the labels (Eq. 9).
    labels: (B, H, W) int64; 255 = unknown, carries no loss.
    members: (256, K) bool, which classes each id allows (`LabelSet.members`).
    class_weights: (K,) float; a partial label weighs as the lightest of its classes.
    """
    log_p = enlarge(logits, (labels.shape[1], labels.shape[2])).log_softmax(dim=1)
    known = labels != 255
    classes = logits.shape[1]
    exact = labels < classes
    picked = log_p.gather(1, labels.clamp(max=classes - 1).unsqueeze(1)).squeeze(1)  # (B, H, W)
    lightest = torch.where(members, class_weights, torch.inf).amin(dim=1).nan_to_num(posinf=0.0)  # (256,), 0 where unknown
    weights = lightest[labels]  # (B, H, W)
    partial = known & ~exact
    if partial.any():
        allowed = members[labels[partial]]  # (N, K)
        several = torch.where(allowed, log_p.permute(0, 2, 3, 1)[partial], -torch.inf).logsumexp(dim=1)
        picked = picked.masked_scatter(partial, several)
    return -(picked * weights).sum() / over_all(weights.sum()).clamp(min=1.0)  # Eq. 9
