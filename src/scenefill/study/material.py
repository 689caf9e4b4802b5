"""What a study shows: one folder of pictures per method, the photos with their holes, and how complex each scene is.

FOLDER/sge-net/a.png     FOLDER/telea/a.jpg     FOLDER/input/a.png     FOLDER/complexity.csv
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import DataError
from ..pictures import folders, images

INPUT = "input"
"""The sub-folder that is no method: photos with their holes."""
LEVELS = "complexity.csv"
KINDS = (".png", ".jpg", ".jpeg", ".webp")
"""What every browser shows."""

BLUR = 1 / 24
"""Standard deviation of the blur of a damaged picture, in parts of its short side; at least two pixels."""
NOISE = 40.0
"""Standard deviation of its noise, of 255."""


@dataclass(frozen=True)
class Material:
    """The pictures of a study: `pictures[name][method]` is a file, and so is `inputs[name]` where there are any."""

    pictures: dict[str, dict[str, Path]]
    inputs: dict[str, Path]

    @classmethod
    def read(cls, root: Path, follow: Callable[[list[Path]], Iterable[Path]] = iter) -> Material:
        """Looks a folder through, and reads every picture once. follow: the files as they come, for somebody who watches.

        Raises DataError for fewer than two methods, names or sizes that do not match; ImageError for what cannot be read.
        """
        methods = _methods(root)
        found = {method: folders.by_name(root / method, KINDS) for method in methods}
        names = sorted({name for files in found.values() for name in files})
        _check_names(found, names)
        inputs = folders.by_name(root / INPUT, KINDS) if (root / INPUT).is_dir() else {}
        if inputs and (missing := sorted(set(names) - set(inputs))):
            raise DataError(f"{root / INPUT} lacks {_some(missing)}: it needs the photo of every pair, or must not be there")
        material = cls({name: {method: found[method][name] for method in methods} for name in names}, inputs)
        material._check_pictures(follow)
        return material

    @property
    def methods(self) -> list[str]:
        """By name."""
        return list(next(iter(self.pictures.values())))

    def _check_pictures(self, follow: Callable[[list[Path]], Iterable[Path]]) -> None:
        sizes: dict[Path, tuple[int, ...]] = {}
        files = [path for of_name in self.pictures.values() for path in of_name.values()]
        for path in follow([*files, *(self.inputs[name] for name in self.pictures if self.inputs)]):
            sizes[path] = images.read(path).pixels.shape[:2]
        for of_name in self.pictures.values():
            first, *others = of_name.values()
            for other in others:
                if sizes[other] != sizes[first]:
                    (h, w), (height, width) = sizes[first], sizes[other]
                    raise DataError(f"{first} is {w}x{h} and {other} is {width}x{height}: a pair must be of one size")


def damaged(path: Path) -> bytes:
    """A picture that nobody who looks would prefer: blurred and noisy, as PNG. The same file gives the same bytes.

    Raises ImageError.
    """
    pixels = images.read(path).rgb8()
    blurred = cv2.GaussianBlur(pixels, (0, 0), max(2.0, min(pixels.shape[:2]) * BLUR)).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(pixels.shape, np.float32)
    return images.encode(images.read(np.clip(np.rint(blurred + NOISE * noise), 0, 255).astype(np.uint8)), "PNG")


def levels(root: Path) -> dict[str, str]:
    """Name of a picture -> level of complexity, in the order of the table; nothing where the folder has none.

    Raises DataError for a table that cannot be used.
    """
    table = root / LEVELS
    if not table.exists():
        return {}
    found: dict[str, str] = {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"name", "level"} <= set(rows.fieldnames or ()):
                raise DataError(f"{table} has no header with name and level: write  name,level  in its first line")
            for row in rows:
                name, level = (row["name"] or "").strip(), (row["level"] or "").strip()
                if not name or not level:
                    raise DataError(f"{table}, line {rows.line_num}, lacks a name or a level")
                name = folders.name(Path(name), Path()) if name.lower().endswith(KINDS) else name
                if found.setdefault(name, level) != level:
                    raise DataError(f"{table} has two levels for {name}: {found[name]} and {level}")
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"{table} cannot be read as a table: {error}") from None
    return found


def check_levels(root: Path, names: Iterable[str]) -> None:
    """Raises DataError for pictures without a level, where others have one."""
    found = levels(root)
    if found and (missing := [name for name in names if name not in found]):
        raise DataError(f"{root / LEVELS} has no line for {_some(missing)}")


def _methods(root: Path) -> list[str]:
    if not root.is_dir():
        raise DataError(f"there is no folder {root}")
    methods = sorted(path.name for path in root.iterdir() if path.is_dir() and path.name != INPUT and path.name[0] != ".")
    if not methods:
        raise DataError(f"{root} has no sub-folders: a study needs one for each method, with pictures of the same names")
    if len(methods) == 1:
        raise DataError(f"{root} has one method, {methods[0]}: a pair needs two")
    return methods


def _check_names(found: dict[str, dict[str, Path]], names: list[str]) -> None:
    for method, files in found.items():
        if missing := [name for name in names if name not in files]:
            other = next(other for other, files in found.items() if missing[0] in files)
            raise DataError(f"method {method} lacks {_some(missing)}, of which {other} has the first: names must match")


def _some(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
