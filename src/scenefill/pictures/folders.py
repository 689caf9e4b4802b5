"""The pictures of a folder, and what a photo, its mask and its label map share: a name below their folders.

    images/street/a.jpg and labels/street/a.png are both "street/a"

A letter with an accent can be stored as one sign or as two (Unicode's NFC and NFD; macOS writes the second): one name here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

from ..errors import DataError
from .picture import EXTENSIONS


def name(path: Path, root: Path) -> str:
    """The path below the folder, without the extension."""
    return unicodedata.normalize("NFC", path.relative_to(root).with_suffix("").as_posix())


def pictures(root: str | Path, suffixes: Collection[str] = EXTENSIONS.keys(), without: Iterable[Path] = ()) -> list[Path]:
    """The picture files in a folder and below it, sorted by name; hidden files and folders are left out.

    without: files and folders inside it that are left out too.   Raises DataError where there is no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"there is no folder {root}")
    whole = root.resolve()
    left_out = [path.resolve() for path in without if not whole.is_relative_to(path.resolve())]
    found = []
    for path in root.rglob("*"):
        below = path.relative_to(root)
        if path.suffix.lower() not in suffixes or any(part.startswith(".") for part in below.parts) or path.is_dir():
            continue
        if not any((whole / below).is_relative_to(other) for other in left_out):
            found.append(path)
    return sorted(found, key=lambda path: (name(path, root), path))


def by_name(root: str | Path, suffixes: Collection[str] = EXTENSIONS.keys()) -> dict[str, Path]:
    """The picture files of a folder by their names, sorted.

    Raises DataError where the folder is missing or empty, or two files have one name.
    """
    root = Path(root)
    found: dict[str, Path] = {}
    for path in pictures(root, suffixes):
        other = found.setdefault(name(path, root), path)
        if other != path:
            what = "suffix" if other.stem == path.stem else "way of storing accents"
            raise DataError(f"{other} and {path} differ in their {what} alone; keep one of them")
    if not found:
        raise DataError(f"folder {root} holds no pictures ({', '.join(sorted(suffixes))})")
    return found
