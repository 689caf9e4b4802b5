"""Label sets: which classes a map may hold, how they are named, coloured and stored; maps between sets."""

from .labelset import FIRST_PARTIAL, UNKNOWN, LabelMap, LabelSet, remap
from .library import available, get, is_file, portable

__all__ = ["FIRST_PARTIAL", "UNKNOWN", "LabelMap", "LabelSet", "available", "get", "is_file", "portable", "remap"]
