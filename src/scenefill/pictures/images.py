"""Pictures in and out, under one name: the first half opens and saves them through this module alone."""

from .jpeg import JpegCoding
from .labelmaps import encode_labels, read_labels, write_labels
from .picture import EXTENSIONS, LARGE, MAX_PIXELS, Array, Picture, Pixels, Source
from .reading import as_array, dimensions, name, read, unnamed, upright
from .writing import check_output, encode, to_pil, write, write_grey, write_rgb

__all__ = [
    "EXTENSIONS",
    "LARGE",
    "MAX_PIXELS",
    "Array",
    "JpegCoding",
    "Picture",
    "Pixels",
    "Source",
    "as_array",
    "check_output",
    "dimensions",
    "encode",
    "encode_labels",
    "name",
    "read",
    "read_labels",
    "to_pil",
    "unnamed",
    "upright",
    "write",
    "write_grey",
    "write_labels",
    "write_rgb",
]
