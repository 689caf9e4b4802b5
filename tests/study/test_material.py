"""What a folder holds, and what is wrong with it: one sentence each."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from study.pictures import made

from scenefill.errors import DataError, ImageError
from scenefill.pictures import images
from scenefill.study.material import Material, check_levels, damaged, levels


def test_pictures_by_name_and_method(folder: Path) -> None:
    made(folder, ["road", "park", "other"], ["input"])
    (folder / ".hidden").mkdir()
    seen: list[Path] = []
    material = Material.read(folder, follow=lambda files: seen.extend(files) or files)
    assert material.methods == ["blue", "green", "red"]
    assert list(material.pictures) == ["park", "road"]
    assert material.pictures["road"]["red"] == folder / "red" / "road.png"
    assert material.inputs["park"] == folder / "input" / "park.png"
    assert len(seen) == 8, "every picture is read, those that are not shown are not"


def test_formats_may_differ(folder: Path) -> None:
    with Image.open(folder / "red" / "road.png") as picture:
        picture.save(folder / "red" / "road.webp", lossless=True)
    (folder / "red" / "road.png").unlink()
    assert Material.read(folder).pictures["road"]["red"].suffix == ".webp"


def test_a_folder_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        Material.read(tmp_path / "nowhere")


def test_no_methods_and_one_method(folder: Path) -> None:
    for method in ("blue", "green"):
        shutil.rmtree(folder / method)
    made(folder, ["road"], ["input"])
    with pytest.raises(DataError, match="has one method, red: a pair needs two"):
        Material.read(folder)
    shutil.rmtree(folder / "red")
    with pytest.raises(DataError, match="has no sub-folders: a study needs one for each method"):
        Material.read(folder)


def test_names_that_do_not_match(folder: Path) -> None:
    (folder / "green" / "road.png").rename(folder / "green" / "lane.png")
    with pytest.raises(DataError, match="method blue lacks lane, of which green has the first: names must match"):
        Material.read(folder)


def test_photos_that_lack_one(folder: Path) -> None:
    made(folder, ["road"], ["input"])
    with pytest.raises(DataError, match="input lacks park: it needs the photo of every pair"):
        Material.read(folder)


def test_a_picture_that_cannot_be_read(folder: Path) -> None:
    whole = (folder / "red" / "park.png").read_bytes()
    (folder / "red" / "park.png").write_bytes(whole[:60])
    with pytest.raises(ImageError, match=r"park\.png"):
        Material.read(folder)


def test_a_pair_of_two_sizes(folder: Path) -> None:
    Image.new("RGB", (24, 16)).save(folder / "red" / "park.png")
    with pytest.raises(DataError, match=r"park\.png is 48x32 and .*park\.png is 24x16: a pair must be of one size"):
        Material.read(folder)


def test_damage_is_plain_to_see_and_always_the_same(folder: Path) -> None:
    path = folder / "red" / "park.png"
    once = damaged(path)
    assert once == damaged(path)
    off = images.read(once).rgb8().astype(float) - images.read(path).rgb8()
    assert off.shape == (32, 48, 3)
    assert np.sqrt((off**2).mean()) > 25, "the noise of 40, clipped"


def test_levels_keep_the_order_of_the_table(folder: Path) -> None:
    (folder / "complexity.csv").write_text("\ufeffname,level,note\nroad.png,low,\npark,high,trees\nelsewhere,low,\n")
    assert list(levels(folder).items()) == [("road", "low"), ("park", "high"), ("elsewhere", "low")]
    check_levels(folder, ["road", "park"])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("picture,complexity\nroad,low\n", "has no header with name and level"),
        ("", "has no header with name and level"),
        ("name,level\nroad,\n", "line 2, lacks a name or a level"),
        ("name,level\nroad\n", "line 2, lacks a name or a level"),
        ("name,level\nroad,low\nroad.png,high\n", "two levels for road: low and high"),
        ("name,level\nroad,low\n", "has no line for park"),
        ("name,level\nr\xf6ad,low\n", "cannot be read as a table"),
    ],
)
def test_a_table_that_cannot_be_used(folder: Path, table: str, said: str) -> None:
    (folder / "complexity.csv").write_bytes(table.encode("latin-1"))
    with pytest.raises(DataError, match=said):
        check_levels(folder, ["road", "park"])


def test_without_a_table_there_are_no_levels(folder: Path) -> None:
    check_levels(folder, ["road"])
    assert levels(folder) == {}
