"""Folders of pictures that tell by their colour which method made them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200), "input": (128, 128, 128)}


def made(root: Path, names: Iterable[str], methods: Iterable[str], *, size: tuple[int, int] = (48, 32)) -> Path:
    """root/METHOD/NAME.png for each, in the colour that the method is named by."""
    for method in methods:
        (root / method).mkdir(parents=True)
        for name in names:
            Image.new("RGB", size, COLOURS[method]).save(root / method / f"{name}.png")
    return root
