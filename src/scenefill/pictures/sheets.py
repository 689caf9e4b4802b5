"""Sheets of pictures: titled panels side by side, for demonstrations, training samples and reports.

Everything here turns arrays into arrays; `images.write_rgb` saves them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..errors import InputError
from ..labels import LabelSet

Panel = tuple[str, NDArray[np.uint8] | NDArray[np.bool_]]

_GAP = 8
_TITLE = 22
_FONT = 14
_PAPER = 255
_INK = (40, 40, 40)


def grid(rows: Sequence[Sequence[Panel]]) -> NDArray[np.uint8]:
    """Draw rows of titled panels on white paper.

    A panel is (title, picture): RGB (H, W, 3) uint8, grey (H, W) uint8, or a mask (H, W) bool with True shown white.
    Columns are as wide as their widest panel, rows as high as their highest. A panel that is smaller than the largest one of
    its row by one whole factor, such as a map of a coarse scale, is enlarged to it pixel by pixel.
    Returns RGB (H, W, 3) uint8. Raises InputError without a panel, or for a panel of another kind.
    """
    table = [_enlarged([(title, _rgb(picture, title)) for title, picture in row]) for row in rows if row]
    if not table:
        raise InputError("a sheet needs at least one panel")
    columns = max(len(row) for row in table)
    widths = [max(row[i][1].shape[1] for row in table if i < len(row)) for i in range(columns)]
    heights = [max(picture.shape[0] for _, picture in row) for row in table]
    paper = np.full((sum(heights) + len(table) * (_TITLE + _GAP) + _GAP, sum(widths) + (columns + 1) * _GAP, 3), _PAPER, np.uint8)
    sheet = Image.fromarray(paper)
    draw = ImageDraw.Draw(sheet)
    top = _GAP
    for row, height in zip(table, heights, strict=True):
        left = _GAP
        for (title, picture), width in zip(row, widths, strict=False):
            draw.text((left, top), _fitted(title, width), fill=_INK, font=_font())
            sheet.paste(Image.fromarray(picture), (left, top + _TITLE))
            left += width + _GAP
        top += _TITLE + height + _GAP
    return np.asarray(sheet)


def legend(label_set: LabelSet) -> NDArray[np.uint8]:
    """The classes of a label set, one below the other, each with its colour: RGB (H, W, 3) uint8."""
    font = _font()
    width = max(int(font.getlength(name)) for name in label_set.classes)
    sheet = Image.new("RGB", (_TITLE + width + 2 * _GAP, len(label_set) * _TITLE), (_PAPER,) * 3)
    draw = ImageDraw.Draw(sheet)
    for row, (name, colour) in enumerate(zip(label_set.classes, label_set.colours, strict=True)):
        top = row * _TITLE
        draw.rectangle((0, top, _TITLE - 5, top + _TITLE - 5), fill=colour)
        draw.text((_TITLE + 2, top), name, fill=_INK, font=font)
    return np.asarray(sheet)


def heat(confidence: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Confidence (H, W) in 0..1 -> RGB (H, W, 3) uint8 from dark blue (0, a guess) over green to yellow (1, certain)."""
    at = np.clip(confidence, 0.0, 1.0)[..., None] * (len(_HEAT) - 1)
    low = np.minimum(at.astype(np.intp), len(_HEAT) - 2)
    share = at - low
    colours = _HEAT[low[..., 0]] * (1 - share) + _HEAT[low[..., 0] + 1] * share
    rgb: NDArray[np.uint8] = np.rint(colours).astype(np.uint8)
    return rgb


# Nine evenly spaced colours of the viridis map (van der Walt and Smith, 2015): ordered in grey and for the colour-blind too.
_HEAT = np.array(
    [
        (68, 1, 84),
        (71, 44, 122),
        (59, 81, 139),
        (44, 113, 142),
        (33, 144, 141),
        (39, 173, 129),
        (92, 200, 99),
        (170, 220, 50),
        (253, 231, 37),
    ],
    np.float64,
)


def _rgb(picture: NDArray[np.uint8] | NDArray[np.bool_], title: str) -> NDArray[np.uint8]:
    """A panel's picture as RGB (H, W, 3) uint8."""
    if picture.dtype not in (np.uint8, np.bool_) or picture.ndim < 2 or picture.shape[2:] not in ((), (3,)):
        raise InputError(
            f'panel "{title}" is {picture.dtype} {picture.shape}; a panel is uint8 (H, W, 3), uint8 (H, W) or bool (H, W)'
        )
    rgb = np.atleast_3d(np.where(picture, 255, 0) if picture.dtype == np.bool_ else picture).astype(np.uint8)
    return np.broadcast_to(rgb, (*rgb.shape[:2], 3))


def _enlarged(row: list[tuple[str, NDArray[np.uint8]]]) -> list[tuple[str, NDArray[np.uint8]]]:
    height, width = max((picture.shape[:2] for _, picture in row), key=lambda size: size[0] * size[1])

    def fitted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        factor = height // picture.shape[0]
        if (picture.shape[0] * factor, picture.shape[1] * factor) != (height, width):
            return picture
        return picture.repeat(factor, axis=0).repeat(factor, axis=1)

    return [(title, fitted(picture)) for title, picture in row]


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(_FONT)


def _fitted(title: str, width: int) -> str:
    """The title, cut with an ellipsis where it is wider than its column."""
    font = _font()
    if font.getlength(title) <= width:
        return title
    while title and font.getlength(title + "…") > width:
        title = title[:-1]
    return title + "…"
