"""GIF: 256 colours at most. A filled GIF keeps the colours that it had, and known pixels with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_CHUNK = 4096


def indexed(
    pixels: NDArray[np.uint8], alpha: NDArray[Any] | None, palette: NDArray[np.uint8] | None
) -> tuple[Image.Image, dict[str, Any]]:
    """A palette picture, and what else Pillow's `save` must be told.

    pixels: (H, W, 1|3).   alpha: (H, W), 0 where the picture is transparent.   palette: (N, 3), the colours to use where the
    picture has too many; None: those that suit it (median cut), with error diffusion.
    """
    rgb = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    clear = None if alpha is None else np.asarray(alpha == 0)
    room = 256 if clear is None or not clear.any() else 255
    shown = rgb.reshape(-1, 3) if clear is None else rgb[~clear]
    used, place = np.unique(shown, axis=0, return_inverse=True)
    if len(used) <= room:
        colours, index = used, place.ravel()
    elif palette is not None and len(palette) <= room:
        colours, index = palette, _nearest(used, palette)[place.ravel()]
    else:
        image = Image.fromarray(rgb).quantize(room)
        raw = np.frombuffer(bytes(image.getpalette() or b""), np.uint8).reshape(-1, 3)
        colours, index = raw, (np.asarray(image).ravel() if clear is None else np.asarray(image)[~clear])
    whole = np.full(rgb.shape[:2], len(colours), np.uint8) if room < 256 else np.zeros(rgb.shape[:2], np.uint8)
    whole[~clear if clear is not None else slice(None)] = index if clear is not None else index.reshape(whole.shape)
    result = Image.fromarray(whole)
    result.putpalette(np.vstack([colours, np.zeros((1, 3), np.uint8)])[:256].tobytes())
    return result, {"transparency": len(colours)} if room < 256 else {}


def _nearest(colours: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.intp]:
    """For each colour (M, 3) the index of the nearest one in the palette (N, 3)."""
    target = palette.astype(np.int32)
    found = [
        ((colours[k : k + _CHUNK, None].astype(np.int32) - target) ** 2).sum(-1).argmin(-1)
        for k in range(0, len(colours), _CHUNK)
    ]
    return np.concatenate(found)
