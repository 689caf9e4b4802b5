"""The stream of batches: batch n is a pure function of config, seed and n, and holds what the config asks for."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streets import STREET, write_streets

from scenefill.data.batches import Batch
from scenefill.data.photos import InMemory
from scenefill.data.stream import DataConfig, Sample, Stream, data_root, to_device
from scenefill.errors import ConfigError, DataError, LabelError
from scenefill.labels import UNKNOWN


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_streets(tmp_path_factory.mktemp("streets"), 6)


def config(photos: Path, **changes: Any) -> DataConfig:
    plain = DataConfig(
        sources=(str(photos),), size=32, short_side=(32, 40), masks={"boxes": 1.0}, hints=0.5, forbid=0.5, colour_jitter=0.1
    )
    return replace(plain, **changes)


def equal(ours: Batch, theirs: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_shapes_types_and_ranges(photos: Path) -> None:
    batch = Stream(config(photos), STREET, 3, seed=0).batch(0)
    assert (batch.image.shape, batch.image.dtype) == ((3, 3, 32, 32), torch.float32)
    assert (batch.mask.shape, batch.mask.dtype) == ((3, 1, 32, 32), torch.float32)
    assert (batch.labels.shape, batch.labels.dtype) == ((3, 32, 32), torch.int64)
    assert (batch.hints.shape, batch.hints.dtype) == ((3, 32, 32), torch.int64)
    assert (batch.forbid.shape, batch.forbid.dtype) == ((3, 8), torch.bool)
    assert batch.image.is_contiguous()
    assert -1 <= batch.image.min() < -0.5 < 0.3 < batch.image.max() <= 1
    assert set(batch.mask.unique().tolist()) == {0, 1}
    assert set(batch.labels.unique().tolist()) <= {STREET.id(name) for name in ("sky", "road", "car")}


def test_a_batch_is_a_pure_function_of_its_number(photos: Path) -> None:
    stream = Stream(config(photos), STREET, 2, seed=3)
    for number in (0, 5, 40):
        batch = stream.batch(number)
        assert equal(batch, stream.batch(number))
        assert equal(batch, Stream(config(photos), STREET, 2, seed=3).batch(number))
        assert not equal(batch, stream.batch(number + 1))
        assert not equal(batch, Stream(config(photos), STREET, 2, seed=4).batch(number))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stream_begins_anywhere(photos: Path, workers: int) -> None:
    stream = Stream(config(photos, workers=workers), STREET, 2, seed=0)
    ahead = stream.batches(4)
    for number, batch in enumerate(islice(ahead, 6), start=4):
        assert equal(batch, stream.batch(number))
    ahead.close()


def test_an_epoch_holds_every_photo_once_in_another_order(tmp_path: Path) -> None:
    for value in range(6):
        Image.fromarray(np.full((32, 32, 3), 40 * value, np.uint8)).save(tmp_path / f"{value}.png")
    stream = Stream(config(tmp_path, colour_jitter=0.0), STREET, 6, seed=0)
    epochs = [((stream.batch(n).image[:, 0, 0, 0] + 1) * 127.5 / 40).round().int().tolist() for n in range(4)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4, 5] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_processes_share_an_epoch_without_overlap(photos: Path) -> None:
    """Two processes with batches of 3 see what one with batches of 6 sees, each its own half."""
    whole = Stream(config(photos), STREET, 6, seed=0)
    first, second = (Stream(config(photos), STREET, 3, seed=0, rank=rank, world=2) for rank in (0, 1))
    for number in range(3):
        both = Batch(*(torch.cat(pair) for pair in zip(first.batch(number), second.batch(number), strict=True)))
        assert equal(both, whole.batch(number))
    assert len(whole) == 6


def test_a_source_may_count_several_times(photos: Path, tmp_path: Path) -> None:
    more = write_streets(tmp_path / "more", 2, maps=False)
    stream = Stream(config(photos, sources=(str(photos), f"{more} * 3")), STREET, 2, seed=0)
    assert len(stream) == 6 + 3 * 2
    assert len(stream.source.held) == 8
    assert sorted(stream.source.order) == [0, 1, 2, 3, 4, 5, 6, 6, 6, 7, 7, 7]


def test_photos_without_maps_are_unknown_and_nothing_is_told_of_them(tmp_path: Path) -> None:
    bare = write_streets(tmp_path / "bare", 3, maps=False)
    batch = Stream(config(bare, hints=1.0, forbid=1.0), STREET, 3, seed=0).batch(0)
    assert (batch.labels == UNKNOWN).all()
    assert (batch.hints == UNKNOWN).all()
    assert not batch.forbid.any()


def test_without_a_label_set_there_are_no_classes(photos: Path) -> None:
    batch = Stream(config(photos, hints=1.0, forbid=1.0), None, 2, seed=0).batch(0)
    assert batch.forbid.shape == (2, 0)
    assert (batch.labels == UNKNOWN).all()
    assert (batch.hints == UNKNOWN).all()


def test_folders_may_be_coded_in_another_label_set(tmp_path: Path) -> None:
    photos = write_streets(tmp_path / "photos", 1)
    for path in (photos / "labels").iterdir():
        Image.fromarray(np.full((40, 56), 8, np.uint8)).save(path)  # a car, in the numbers of CamVid
    batch = Stream(config(photos, folder_label_set="camvid"), STREET, 1, seed=0).batch(0)
    assert (batch.labels == STREET.id("car")).all()


def test_hints_are_true_and_forbidden_classes_absent(photos: Path) -> None:
    stream = Stream(config(photos, hints=1.0, forbid=1.0, masks={"centre": 1.0}), STREET, 4, seed=0)
    told = forbidden = 0
    for number in range(8):
        batch = stream.batch(number)
        hinted = batch.hints != UNKNOWN
        assert not (hinted & (batch.mask[:, 0] == 0)).any()
        assert torch.equal(batch.hints[hinted], batch.labels[hinted])
        for labels, mask, forbid in zip(batch.labels, batch.mask[:, 0].bool(), batch.forbid, strict=True):
            assert not forbid[labels[mask]].any()
        told += int(hinted.any(dim=(1, 2)).sum())
        forbidden += int(batch.forbid.any(dim=1).sum())
    assert told > 20
    assert forbidden > 20


def test_with_a_share_of_0_nothing_is_told_or_forbidden(photos: Path) -> None:
    stream = Stream(config(photos, hints=0.0, forbid=0.0), STREET, 4, seed=0)
    for number in range(4):
        batch = stream.batch(number)
        assert (batch.hints == UNKNOWN).all()
        assert not batch.forbid.any()


def test_labels_go_with_their_pixels(photos: Path) -> None:
    """The photos are coloured by class, so the picture tells the label, whatever was cropped and mirrored."""
    batch = Stream(config(photos, short_side=(40, 40), colour_jitter=0.0), STREET, 6, seed=0).batch(0)
    colours = torch.tensor(STREET.colours).float() / 127.5 - 1
    nearest = (batch.image[:, None] - colours.view(1, 8, 3, 1, 1)).square().sum(dim=2).argmin(dim=1)
    assert torch.equal(nearest, batch.labels)


# ------------------------------------------------------------------------------------------------------------------- holes


def holes(stream: Stream, count: int = 40) -> np.ndarray:
    assert isinstance(stream.source, InMemory)
    generators = [np.random.default_rng(seed) for seed in range(count)]
    return np.array([stream.hole(stream.kind(rng), stream.source, rng) for rng in generators])


@pytest.fixture(scope="module")
def mask_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve masks; the rows of hole are as many as the mask's number, so that every mask can be told by its area."""
    folder = tmp_path_factory.mktemp("masks")
    for number in range(1, 13):
        mask = np.zeros((32, 32), np.uint8)
        mask[:number] = 255
        Image.fromarray(mask).save(folder / f"{number:02d}.png")
    return folder


def test_centre_and_empty_holes(photos: Path) -> None:
    centre = holes(Stream(config(photos, masks={"centre": 1.0}), STREET, 1, seed=0), 2)
    assert centre[0, 8:24, 8:24].all()
    assert centre.sum(axis=(1, 2)).tolist() == [256, 256]
    assert not holes(Stream(config(photos, masks={"empty": 1.0}), STREET, 1, seed=0), 2).any()


@pytest.mark.parametrize("kind", ["boxes", "free_form"])
def test_drawn_holes_differ(photos: Path, kind: str) -> None:
    drawn = holes(Stream(config(photos, masks={kind: 1.0}), STREET, 1, seed=0))
    assert drawn.any(axis=(1, 2)).all()
    assert not drawn.all(axis=(1, 2)).any()
    assert len({hole.tobytes() for hole in drawn}) > 30


def test_holes_from_files_leave_every_sixth_to_evaluation(photos: Path, mask_files: Path) -> None:
    settings = config(photos, masks={"files": 1.0}, mask_files=str(mask_files))
    rows = set((holes(Stream(settings, STREET, 1, seed=0), 150).sum(axis=(1, 2)) // 32).tolist())
    assert rows == set(range(1, 13)) - {6, 12}
    settings = replace(settings, mask_files_held_out=False)
    assert set((holes(Stream(settings, STREET, 1, seed=0), 150).sum(axis=(1, 2)) // 32).tolist()) == set(range(1, 13))


def test_mask_files_may_lie_below_the_root(photos: Path, mask_files: Path) -> None:
    settings = config(photos, masks={"files": 1.0}, mask_files=mask_files.name, root=str(mask_files.parent))
    assert holes(Stream(settings, STREET, 1, seed=0), 3).any()


def test_object_holes_have_the_outline_of_a_car(photos: Path) -> None:
    stream = Stream(config(photos, masks={"objects": 1.0}, object_classes=("car",)), STREET, 1, seed=0)
    assert len(stream.source.held) == 6
    assert all(one is other for one, other in zip(stream.source.showing(stream.object_ids), stream.source.held, strict=True))
    for hole in holes(stream, 20):
        rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
        # the car's 10 of 40 rows and 12 of 56 columns, at 32x32, and up to 6 pixels more on each side
        assert 8 <= np.ptp(rows) + 1 <= 8 + 12 + 1
        assert 6 <= np.ptp(columns) + 1 <= 7 + 12 + 1


def test_where_no_photo_has_such_an_object_boxes_take_its_place(photos: Path) -> None:
    stream = Stream(config(photos, masks={"objects": 1.0}, object_classes=("person",)), STREET, 1, seed=0)
    assert stream.source.showing(stream.object_ids) == []
    assert holes(stream, 5).any(axis=(1, 2)).all()


def test_kinds_have_their_shares(photos: Path) -> None:
    stream = Stream(config(photos, masks={"centre": 3.0, "empty": 1.0, "boxes": 0.0}), STREET, 1, seed=0)
    filled = holes(stream, 200).any(axis=(1, 2)).mean()
    assert abs(filled - 0.75) < 0.1


# ------------------------------------------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"masks": {"circle": 1.0}}, 'there is no kind "circle"; known are: centre, boxes, free_form'),
        ({"masks": {}}, "shares are numbers >= 0, not all of them 0"),
        ({"masks": {"centre": 0.0}}, "shares are numbers >= 0, not all of them 0"),
        ({"masks": {"centre": 2.0, "boxes": -1.0}}, "shares are numbers >= 0"),
        ({"short_side": (16, 40)}, "a range at or above data.size = 32 is needed, given is 16..40"),
        ({"short_side": (40, 36)}, "given is 40..36"),
        ({"masks": {"files": 1.0}}, "data.mask_files must name their folder"),
        ({"masks": {"objects": 1.0}}, "data.object_classes must name classes"),
        ({"workers": 0}, "data.workers"),
    ],
)
def test_settings_that_cannot_be_are_refused(photos: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(photos, **changes)


def test_sources_are_needed(photos: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.sources is empty"):
        Stream(config(photos, sources=()), STREET, 1, seed=0)


@pytest.mark.parametrize("times", ["three", "0", "-1", "1.5"])
def test_a_source_counts_a_whole_number_of_times(photos: Path, times: str) -> None:
    with pytest.raises(ConfigError, match=rf'data\.sources: "\* {times}" in ".*" is not a whole number of times'):
        Stream(config(photos, sources=(f"{photos} * {times}",)), STREET, 1, seed=0)


def test_missing_folders_are_named(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCENEFILL_DATA", raising=False)
    with pytest.raises(DataError, match="there is no public data set"):
        Stream(config(photos, sources=(str(tmp_path / "none"),)), STREET, 1, seed=0)
    with pytest.raises(DataError, match=r"set data\.root in the config, or the environment variable SCENEFILL_DATA"):
        Stream(config(photos, sources=("camvid:train",)), STREET, 1, seed=0)
    with pytest.raises(DataError, match=rf"there is no folder {tmp_path}/camvid/train/images"):
        Stream(config(photos, sources=("camvid:train",), root=str(tmp_path)), STREET, 1, seed=0)
    with pytest.raises(DataError, match=rf"data\.mask_files: there is no folder {tmp_path}/irregular"):
        Stream(config(photos, masks={"files": 1.0}, mask_files="irregular", root=str(tmp_path)), STREET, 1, seed=0)


def test_unknown_object_classes_are_answered(photos: Path) -> None:
    with pytest.raises(LabelError, match='has no class "cars", did you mean "car"'):
        Stream(config(photos, masks={"objects": 1.0}, object_classes=("cars",)), STREET, 1, seed=0)


def test_the_root_of_public_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENEFILL_DATA", "/elsewhere")
    assert data_root(str(tmp_path)) == tmp_path
    assert data_root() == Path("/elsewhere")


def test_a_batch_moves_as_a_whole(photos: Path) -> None:
    batch = Stream(config(photos), STREET, 2, seed=0).batch(0)
    assert equal(to_device(batch, torch.device("cpu")), batch)
    assert all(part.device.type == "meta" for part in to_device(batch, torch.device("meta")))


@pytest.fixture(scope="module")
def avenues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_streets(tmp_path_factory.mktemp("avenues"), 12)


def removals(avenues: Path, **changes: Any) -> list[Sample]:
    stream = Stream(
        config(avenues, masks={"removal": 1.0}, colour_jitter=0.0, hints=0.0, forbid=0.0, **changes), STREET, 1, seed=0
    )
    return [stream.sample(number) for number in range(40)]


def test_what_is_removed_lies_over_background(avenues: Path) -> None:
    car = STREET.id("car")
    shares = [(sample.labels[sample.mask] == car).mean() for sample in removals(avenues) if sample.mask.any()]
    assert np.mean(np.array(shares) < 0.02) > 0.9  # the others are boxes, where no outline fitted


def test_what_was_removed_leaves_a_residue_in_known_pixels(avenues: Path) -> None:
    changed = 0
    for sample in removals(avenues, residue=1.0):
        assert (sample.given[sample.mask] == sample.image[sample.mask]).all()
        changed += bool((sample.given != sample.image).any())
    assert changed > 30
    assert all((sample.given == sample.image).all() for sample in removals(avenues, residue=0.0))


def test_movable_classes_may_be_forbidden_where_something_was_removed(avenues: Path) -> None:
    movable = STREET.flags(STREET.movable)
    told = [sample.forbid for sample in removals(avenues, told=1.0)]
    assert sum((forbid == movable).all() for forbid in told) > 30
    assert not any(sample.forbid.any() for sample in removals(avenues, told=0.0))
