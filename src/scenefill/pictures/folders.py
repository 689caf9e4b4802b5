"""The pictures of a folder, by name.

A picture's name is its path below the folder without the suffix, "street/a" for street/a.jpg, in Unicode's composed form (NFC):
macOS stores names decomposed, and both spellings are one name. Photos pair with masks and label maps of the same name.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from ..errors import DataError
from .picture import EXTENSIONS

SUFFIXES = frozenset({*EXTENSIONS, ".bmp"})


def pictures(folder: str | Path, suffixes: Collection[str] = SUFFIXES) -> dict[str, Path]:
    """The pictures in a folder and below it: name -> path, sorted by name.

    Raises DataError where the folder is missing or holds no pictures, and where two of them have one name.
    """
    found = named(folder, suffixes)
    for first, *others in found.values():
        if others:
            raise DataError(f"{first} and {others[0]} have one name, but for the suffix or the way it is spelt: keep one of them")
    return {key: path for key, (path,) in found.items()}


def named(folder: str | Path, suffixes: Collection[str] = SUFFIXES, *, without: Iterable[Path] = ()) -> dict[str, list[Path]]:
    """The same for folders in which names may stand twice: name -> paths.

    Hidden files and folders do not count, nor does what is or lies in one of `without`, folders around this one apart.
    Raises DataError where the folder is missing or holds no pictures.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    root = folder.resolve()
    left_out = [path.resolve() for path in without if not root.is_relative_to(path.resolve())]
    found = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.suffix.lower() not in suffixes or any(part.startswith(".") for part in below.parts):
            continue
        if not any((root / below).is_relative_to(other) for other in left_out):
            found[name(path, folder)].append(path)
    if not found:
        raise DataError(f"folder {folder} holds no pictures ({', '.join(sorted(suffixes))})")
    return dict(sorted(found.items()))


def name(path: Path, folder: Path) -> str:
    """What a photo and its mask share."""
    return unicodedata.normalize("NFC", path.relative_to(folder).with_suffix("").as_posix())
