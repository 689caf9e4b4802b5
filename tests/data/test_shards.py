"""Shards: what is packed is what comes out, in WebDataset's layout; and each thing that can be wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streets import STREET, write_streets

from scenefill.data import public, shards
from scenefill.errors import DataError, MissingExtraError, OutputError
from scenefill.labels import UNKNOWN


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_streets(tmp_path / "photos", 7)


def packed(photos: Path, out: Path, **options: object) -> list[shards.Entry]:
    index = shards.pack([public.source(str(photos), "", STREET)], out, STREET, **options)  # type: ignore[arg-type]
    assert shards.read_index(str(out)) == index
    return [entry for name, count in index.shards.items() for entry in shards.entries(str(out), name, count)]


def name(entry: shards.Entry) -> str:
    return str(json.loads(entry["json"])["name"])


def test_photos_and_maps_come_out_as_they_were_in_mixed_order(photos: Path, tmp_path: Path) -> None:
    entries = packed(photos, tmp_path / "out", per_shard=3)
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["00000.tar", "00001.tar", "00002.tar", "index.json"]
    assert sorted(map(name, entries)) == [str(number) for number in range(7)]
    assert list(map(name, entries)) != sorted(map(name, entries))
    for entry in entries:
        image, ids = shards.pair(entry, STREET)
        assert entry["png"] == (photos / "images" / f"{name(entry)}.png").read_bytes(), "not encoded again"
        np.testing.assert_array_equal(image, np.asarray(Image.open(photos / "images" / f"{name(entry)}.png")))
        np.testing.assert_array_equal(ids, np.asarray(Image.open(photos / "labels" / f"{name(entry)}.png")))
        assert shards.classes(entry) >= {STREET.id("sky"), STREET.id("road")}


def test_webdataset_reads_them(photos: Path, tmp_path: Path) -> None:
    reader = pytest.importorskip("webdataset.tariterators")
    entries = packed(photos, tmp_path / "out")
    with (tmp_path / "out" / "00000.tar").open("rb") as file:
        samples = list(reader.group_by_keys(reader.tar_file_expander([{"url": "00000.tar", "stream": file}])))
    assert [{key: value for key, value in sample.items() if not key.startswith("__")} for sample in samples] == entries


def test_squares_of_photos_are_drawn_by_the_seed(photos: Path, tmp_path: Path) -> None:
    cut = shards.Cut((24, 32), crops=3, size=16)
    first, again, other = (packed(photos, tmp_path / str(n), cut=cut, seed=seed) for n, seed in enumerate((1, 1, 2)))
    assert first == again
    assert first != other
    assert len(first) == 3 * 7
    assert {shards.pair(entry, STREET)[0].shape for entry in first} == {(16, 16, 3)}
    assert len({entry["png"] for entry in first}) == 21
    ids = np.concatenate([np.unique(shards.pair(entry, STREET)[1]) for entry in first])
    assert set(ids.tolist()) <= {STREET.id(each) for each in ("sky", "road", "car")}


def test_photos_are_shrunk_and_never_enlarged(photos: Path, tmp_path: Path) -> None:
    small = packed(photos, tmp_path / "small", cut=shards.Cut((20, 20)))
    assert {shards.pair(entry, STREET)[0].shape for entry in small} == {(20, 28, 3)}
    large = packed(photos, tmp_path / "large", cut=shards.Cut((500, 500)))
    assert {shards.pair(entry, STREET)[0].shape for entry in large} == {(40, 56, 3)}


def test_photos_without_maps(tmp_path: Path) -> None:
    bare = write_streets(tmp_path / "bare", 2, maps=False)
    for entry in packed(bare, tmp_path / "out"):
        assert "labels.png" not in entry
        assert (shards.pair(entry, STREET)[1] == UNKNOWN).all()


def test_a_folder_that_stands(photos: Path, tmp_path: Path) -> None:
    packed(photos, tmp_path / "out", per_shard=2)
    with pytest.raises(OutputError, match="out stands already: give another folder, or --overwrite"):
        packed(photos, tmp_path / "out")
    assert len(packed(photos, tmp_path / "out", overwrite=True)) == 7
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert not (tmp_path / "out.part").exists()


def test_a_shard_that_is_cut_or_of_another_length(photos: Path, tmp_path: Path) -> None:
    packed(photos, tmp_path / "out")
    tar = tmp_path / "out" / "00000.tar"
    whole = tar.read_bytes()
    for end in (0, 100, 512, len(whole) // 3, len(whole) // 2, len(whole) // 2 + 300):
        tar.write_bytes(whole[:end])
        with pytest.raises(DataError, match=r"00000.tar (is damaged, or the connection broke, behind photo|holds) \d "):
            list(shards.entries(str(tmp_path / "out"), "00000.tar", 7))
    tar.write_bytes(whole)
    with pytest.raises(DataError, match=r"00000.tar holds 7 photos, and the index says 9: copy or pack it again"):
        list(shards.entries(str(tmp_path / "out"), "00000.tar", 9))


def test_an_address_whose_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.open", missing)
    with pytest.raises(MissingExtraError, match=r's3://bucket/index.json .*: run  pip install "scenefill\[remote\]"'):
        shards.read_index("s3://bucket/")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"index.json cannot be read: .*No such file"),
        ("{}", "index.json is not what `scenefill pack` writes: pack the photos again"),
        ("nothing", "index.json is not what `scenefill pack` writes: pack the photos again"),
        ('{"shards": {}, "label_set": null, "format": 7}', "shards of format 7, this scenefill reads format 1: update it"),
    ],
)
def test_an_index_that_is_none(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "index.json").write_text(text)
    with pytest.raises(DataError, match=said):
        shards.read_index(str(tmp_path))
