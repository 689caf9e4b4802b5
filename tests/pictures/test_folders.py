"""The pictures of a folder, and the names that photos, masks and label maps share."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from scenefill.errors import DataError
from scenefill.pictures import folders


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_pictures_are_found_below_a_folder_and_sorted_by_name(tmp_path: Path) -> None:
    root = touch(tmp_path, "b.JPG", "a/z.png", "a.heic", "notes.txt", ".hidden.png", ".cache/c.png", "deep/er/d.tiff", "e.gif")
    (root / "folder.png").mkdir()
    found = [path.relative_to(root).as_posix() for path in folders.pictures(root)]
    assert found == ["a.heic", "a/z.png", "b.JPG", "deep/er/d.tiff", "e.gif"]
    assert [path.name for path in folders.pictures(root, {".png"})] == ["z.png"]
    assert [path.name for path in folders.pictures(root, without=(root / "a", root / "e.gif", root.parent))] == [
        "a.heic",
        "b.JPG",
        "d.tiff",
    ]


def test_an_accent_is_the_same_however_it_is_stored(tmp_path: Path) -> None:
    forms = [unicodedata.normalize(form, "é") for form in ("NFC", "NFD")]
    assert len({folders.name(tmp_path / f"{form}/caf{form}.png", tmp_path) for form in forms}) == 1
    root = touch(tmp_path, *(f"caf{form}.png" for form in forms))
    with pytest.raises(DataError, match="differ in their way of storing accents alone; keep one"):
        folders.by_name(root)


def test_two_files_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.jpg and .*a\.png differ in their suffix alone; keep one"):
        folders.by_name(touch(tmp_path, "a.png", "a.jpg"))


def test_folders_that_are_missing_or_empty(tmp_path: Path) -> None:
    for look in (folders.pictures, folders.by_name):
        with pytest.raises(DataError, match="there is no folder"):
            look(tmp_path / "none")
    assert folders.pictures(tmp_path) == []
    with pytest.raises(DataError, match=r"holds no pictures \(\.avif, "):
        folders.by_name(tmp_path)
