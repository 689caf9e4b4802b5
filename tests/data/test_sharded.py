"""Training from shards: a row that can be begun anywhere, from a folder, a web host and S3, with little in memory."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streets import STREET, write_streets

from scenefill.data import public, shards
from scenefill.data.batches import Batch
from scenefill.data.sharded import COMPANY, Sharded
from scenefill.data.stream import DataConfig, Stream
from scenefill.errors import ConfigError, DataError
from scenefill.labels import get

PHOTOS, PER_SHARD, BUFFER = 30, 4, 6


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    photos = write_streets(folder / "photos", PHOTOS)
    shards.pack([public.source(str(photos), "", STREET)], folder / "shards", STREET, per_shard=PER_SHARD)
    return folder / "shards"


def opened(address: object, seed: int = 0, **changes: Any) -> Sharded:
    return Sharded(str(address), STREET, seed, **{"buffer": BUFFER, "short_side": 40, **changes})


def names(source: Sharded, start: int, count: int) -> list[bytes]:
    return [drawn.photo._entry["json"] for drawn in source.photos(range(start, start + count))]  # type: ignore[attr-defined]


def equal(ours: Batch, theirs: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_pass_holds_every_photo_once_in_another_order(packed: Path) -> None:
    source = opened(packed)
    passes = [names(source, PHOTOS * number, PHOTOS) for number in range(3)]
    assert all(len(set(each)) == PHOTOS for each in passes)
    assert passes[0] != passes[1] != passes[2]
    assert names(opened(packed, seed=1), 0, PHOTOS) != passes[0]


def test_the_row_begins_anywhere(packed: Path) -> None:
    row = names(opened(packed), 0, 4 * PHOTOS)
    for start in (1, COMPANY + 3, PHOTOS - 1, PHOTOS, 2 * PHOTOS + 7):
        assert names(opened(packed), start, PHOTOS - 5) == row[start : start + PHOTOS - 5]


def test_no_more_is_held_than_the_buffer_and_the_company(packed: Path) -> None:
    source = opened(packed, buffer=3)
    most = [source.held for _ in source.photos(range(2 * PHOTOS))]
    assert max(most) <= 3 + COMPANY + 1
    assert len(source) == PHOTOS


def test_what_is_read_goes_no_further_back_than_it_must(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = shards.entries
    monkeypatch.setattr(shards, "entries", lambda address, name, count: read.append(name) or whole(address, name, count))
    names(opened(packed, buffer=1), PHOTOS - 1, 1)
    assert len(read) < len(opened(packed).names), "the first shards of the pass are over"


def config(address: object, **changes: Any) -> DataConfig:
    settings = {"size": 32, "short_side": (32, 40), "masks": {"boxes": 1.0}, "buffer": BUFFER, "workers": 1}
    return DataConfig(shards=str(address), **{**settings, **changes})  # type: ignore[arg-type]


def test_batches_resume_and_are_shared_by_processes(packed: Path) -> None:
    settings = config(packed, masks={"removal": 0.5, "objects": 0.5}, object_classes=("car",), residue=0.5, hints=0.5)
    whole = Stream(settings, STREET, 4, seed=0)
    row = list(islice(whole.batches(), 12))
    assert all(equal(batch, whole.batch(number)) for number, batch in enumerate(row))
    resumed = list(islice(Stream(settings, STREET, 4, seed=0).batches(5), 4))
    assert all(equal(ours, theirs) for ours, theirs in zip(row[5:9], resumed, strict=True))
    halves = [list(islice(Stream(settings, STREET, 2, seed=0, rank=rank, world=2).batches(), 9)) for rank in (0, 1)]
    for batch, pair in zip(row, zip(*halves, strict=True), strict=False):
        assert equal(batch, Batch(*(torch.cat(parts) for parts in zip(*pair, strict=True))))
    assert {bool(batch.mask.any()) for batch in row} == {True}


def test_shards_and_photos_in_memory_are_the_same_photos(packed: Path) -> None:
    batch = Stream(config(packed), STREET, 4, seed=0).batch(0)
    assert batch.image.shape == (4, 3, 32, 32)
    assert set(batch.labels.unique().tolist()) <= {STREET.id(name) for name in ("sky", "road", "car")}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def web(packed: Path) -> Iterator[str]:
    """The shards on a web host."""
    pytest.importorskip("aiohttp")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(packed))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(30)


def test_from_a_web_host(packed: Path, web: str) -> None:
    assert names(opened(web), 3, 12) == names(opened(packed), 3, 12)
    with pytest.raises(DataError, match=r"/elsewhere/index.json cannot be read"):
        opened(f"{web}/elsewhere")


@pytest.fixture
def bucket(packed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The shards in a bucket of an S3 on this machine."""
    server_module = pytest.importorskip("moto.server")
    s3fs, boto3 = pytest.importorskip("s3fs"), pytest.importorskip("boto3")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"), ("ENDPOINT_URL", f"http://{host}:{port}")):
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="streets")
    for path in packed.iterdir():
        client.upload_file(str(path), "streets", f"v1/{path.name}")
    s3fs.S3FileSystem.clear_instance_cache()
    yield "s3://streets/v1"
    server.stop()


def test_from_s3(packed: Path, bucket: str) -> None:
    assert names(opened(bucket), 3, 12) == names(opened(packed), 3, 12)
    with pytest.raises(DataError, match=r"s3://elsewhere/v1/index.json cannot be read"):
        opened("s3://elsewhere/v1")


def test_other_classes(packed: Path) -> None:
    camvid = Sharded(str(packed), get("camvid"), 0, buffer=2, short_side=40)
    seen = {int(number) for drawn in islice(camvid.photos(range(5)), 5) for number in np.unique(drawn.photo.load()[1])}
    assert seen == {get("camvid").id(name) for name in ("sky", "road", "car")}
    faces = get({"name": "faces", "classes": [{"name": "skin", "colour": [1, 2, 3]}, {"name": "hair", "colour": [3, 2, 1]}]})
    with pytest.raises(DataError, match="have the classes of street, of which faces knows none"):
        Sharded(str(packed), faces, 0, buffer=2, short_side=40)


def test_settings_that_clash(packed: Path) -> None:
    with pytest.raises(ConfigError, match=r"data.sources and data.shards are given: leave one of the two empty"):
        config(packed, sources=("my-photos",))
    with pytest.raises(ConfigError, match=r"data.buffer: at least one photo is held, given are 0"):
        config(packed, buffer=0)
