"""Label sets: which classes a map may hold, how they are named, coloured and stored; maps between sets."""

from .labelset import CITYSCAPES_LABEL_IDS, FIRST_PARTIAL, UNKNOWN, LabelMap, LabelSet, available, get, remap

__all__ = ["CITYSCAPES_LABEL_IDS", "FIRST_PARTIAL", "UNKNOWN", "LabelMap", "LabelSet", "available", "get", "remap"]
