"""The pictures of a folder: which files count, under which names, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenefill.errors import DataError
from scenefill.pictures import folders

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_names_are_paths_without_suffix_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.png", "deep/er/a.webp", "a-b.tiff", "notes.txt", "c.bmp")
    assert list(folders.pictures(tmp_path)) == ["a", "a-b", "b", "c", "deep/er/a"]
    assert folders.pictures(tmp_path)["deep/er/a"] == tmp_path / "deep/er/a.webp"


def test_hidden_files_and_folders_do_not_count(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "._a.png", ".cache/b.png")
    assert list(folders.pictures(tmp_path)) == ["a"]


def test_both_spellings_of_unicode_are_one_name(tmp_path: Path) -> None:
    touch(tmp_path, f"{DECOMPOSED}/{DECOMPOSED}.png")
    assert folders.pictures(tmp_path) == {f"{COMPOSED}/{COMPOSED}": tmp_path / f"{DECOMPOSED}/{DECOMPOSED}.png"}


@pytest.mark.parametrize("twin", ["a.jpg", "a.PNG", "a.bmp"])
def test_two_of_one_name_are_refused(twin: str, tmp_path: Path) -> None:
    touch(tmp_path, "a.png", twin)
    with pytest.raises(DataError, match=r"a\.\w+ and .*a\.\w+ have one name, .*: keep one of them"):
        folders.pictures(tmp_path)
    assert [path.name for path in folders.named(tmp_path)["a"]] == sorted(["a.png", twin])


def test_two_spellings_of_one_name_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, f"{COMPOSED}.png", f"{DECOMPOSED}.png")
    with pytest.raises(DataError, match="have one name, but for the suffix or the way it is spelt"):
        folders.pictures(tmp_path)


def test_missing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        folders.pictures(tmp_path / "nowhere")
    touch(tmp_path, "notes.txt")
    with pytest.raises(DataError, match=r"holds no pictures \(.*\.png.*\)"):
        folders.pictures(tmp_path)


def test_one_kind_alone(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a.png")
    assert list(folders.pictures(tmp_path, {".jpg"})) == ["a"]


def test_what_lies_elsewhere_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "photos", "a.png", "out/a.png", "hole.png")
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "photos", Path("photos")):
        without = [tmp_path / "photos/out", Path("photos/hole.png"), tmp_path]  # the last one is around it and changes nothing
        assert list(folders.named(folder, without=without)) == ["a"]
