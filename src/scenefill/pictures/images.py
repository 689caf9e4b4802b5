"""Pictures in and out, under one name: the first half opens and saves them through this module alone."""

from .labelmaps import encode_labels, read_labels, write_labels
from .picture import EXTENSIONS, LARGE, MAX_PIXELS, JpegCoding, Picture, Pixels, Source
from .reading import dimensions, name, read
from .writing import check_output, encode, to_pil, write, write_grey, write_rgb

__all__ = [
    "EXTENSIONS",
    "LARGE",
    "MAX_PIXELS",
    "JpegCoding",
    "Picture",
    "Pixels",
    "Source",
    "check_output",
    "dimensions",
    "encode",
    "encode_labels",
    "name",
    "read",
    "read_labels",
    "to_pil",
    "write",
    "write_grey",
    "write_labels",
    "write_rgb",
]
