"""erase, segment, demo, masks, models, check-data and bench: each verb through its options to the files it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes import STREET, Painter, write_network
from PIL import Image

from scenefill import labels
from scenefill.data.check import check
from scenefill.errors import WeightsError
from scenefill.filling import benchmark
from scenefill.models import card, public

Run = Callable[..., tuple[int, str, str]]
CAR = (slice(28, 40), slice(20, 44))


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_erase_removes_what_it_finds(run: Run, painter: Painter, photo: Path, tmp_path: Path) -> None:
    out, hole = tmp_path / "out.png", tmp_path / "hole.png"
    code, printed, _ = run("erase", photo, "--what", "car", "-o", out, "-m", "painter", "--grow", 2, "--save-mask", hole)
    assert (code, printed) == (0, f"{out}\n")
    assert (_pixels(hole)[CAR] == 255).all()
    assert not _pixels(hole)[:20].any()
    assert not (_pixels(out) == STREET.colours[STREET.id("car")]).all(axis=2).any()


def test_erase_of_what_is_not_there_says_so(run: Run, painter: Painter, photo: Path, street: np.ndarray, tmp_path: Path) -> None:
    code, _, said = run("erase", photo, "--what", "person", "-o", tmp_path / "out.png", "-m", "painter")
    assert code == 0
    assert said.startswith("scenefill: ")
    assert "nothing to erase" in said
    assert said.count("\n") == 1
    assert (_pixels(tmp_path / "out.png") == street).all()


def test_segment_writes_ids_and_an_overlay(run: Run, painter: Painter, photo: Path, street: np.ndarray, tmp_path: Path) -> None:
    out, overlay = tmp_path / "map.png", tmp_path / "look.png"
    assert run("segment", photo, "-o", out, "-m", "painter", "--overlay", overlay)[0] == 0
    assert (_pixels(out) == STREET.from_colours(street)).mean() > 0.95
    inside = (slice(31, 37), slice(24, 40))
    assert np.abs(_pixels(overlay)[inside].astype(int) - street[inside]).max() <= 1, "car over car"


def test_segment_of_a_folder_goes_on_where_it_stopped(run: Run, painter: Painter, photo: Path, street: np.ndarray) -> None:
    photos, maps = photo.parent / "images", photo.parent / "labels"
    (photos / "north").mkdir(parents=True)
    Image.fromarray(street).save(photos / "a.png")
    Image.fromarray(street).save(photos / "north" / "b.jpg", quality=100)
    (photos / "c.png").write_bytes(b"no picture")
    code, printed, said = run("segment", photos, "-o", maps, "-m", "painter")
    assert (code, printed) == (1, f"2 done, 0 skipped, 1 failed: {maps}\n")
    assert said.startswith(f"scenefill: {photos / 'c.png'} is not a picture")
    assert said.count("\n") == 1
    assert (_pixels(maps / "a.png") == STREET.from_colours(street)).mean() > 0.95
    assert _pixels(maps / "north" / "b.png").shape == (48, 64)
    (photos / "c.png").unlink()
    assert run("segment", photos, "-o", maps, "-m", "painter")[:2] == (0, f"0 done, 2 skipped, 0 failed: {maps}\n")
    assert check(photos, maps, STREET).ok, "photos and maps are a data set"


def test_segment_leaves_unknown_what_is_not_sure(run: Run, painter: Painter, photo: Path, tmp_path: Path) -> None:
    shares = []
    for sure in (0.0, 0.9, 1.0):
        out = tmp_path / f"{sure}.png"
        assert run("segment", photo, "-o", out, "-m", "painter", "--sure", sure)[0] == 0
        shares.append((_pixels(out) == labels.UNKNOWN).mean())
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] > 0


def test_demo_draws_one_sheet(run: Run, painter: Painter, photo: Path, mask: Path, tmp_path: Path) -> None:
    code, printed, _ = run("demo", photo, mask, "--out", tmp_path / "demo", "-m", "painter")
    assert code == 0
    filled, sheet = (Path(line) for line in printed.splitlines())
    assert _pixels(filled).shape == (48, 64, 3)
    height, width, _ = _pixels(sheet).shape
    assert height > 48
    assert width > 4 * 64
    shown = {tuple(colour) for colour in _pixels(sheet).reshape(-1, 3).tolist()}
    assert set(STREET.colours) <= shown, "the legend shows every class"


def test_demo_of_a_model_without_classes_has_no_maps(run: Run, photo: Path, mask: Path, tmp_path: Path) -> None:
    code, printed, _ = run("demo", photo, mask, "--out", tmp_path, "-m", "telea")
    assert code == 0
    assert _pixels(Path(printed.splitlines()[1])).shape[1] < 4 * 64


@pytest.mark.parametrize("kind", ["boxes", "free-form"])
def test_masks_come_again_from_their_seed(run: Run, tmp_path: Path, kind: str) -> None:
    for folder, options in (("a", ()), ("b", ("--count", 3)), ("c", ("--seed", 1))):
        assert run("masks", kind, tmp_path / folder, "--size", "80x60", "--count", 5, *options)[0] == 0
    first = [_pixels(path) for path in sorted((tmp_path / "a").iterdir())]
    assert [mask.shape for mask in first] == [(60, 80)] * 5
    assert all(set(np.unique(mask).tolist()) == {0, 255} for mask in first)
    again = [_pixels(path) for path in sorted((tmp_path / "b").iterdir())]
    assert len(again) == 3
    assert all((left == right).all() for left, right in zip(first, again, strict=False))
    assert any((left != _pixels(path)).any() for left, path in zip(first, sorted((tmp_path / "c").iterdir()), strict=True))


def test_a_centre_mask_and_its_report(run: Run, tmp_path: Path) -> None:
    code, printed, _ = run("masks", "centre", tmp_path, "--size", "64", "--side", 32, "--json")
    assert code == 0
    assert json.loads(printed) == {"0000.png": 0.25}
    assert (_pixels(tmp_path / "0000.png")[16:48, 16:48] == 255).all()
    code, printed, _ = run("masks", "centre", tmp_path, "--size", "64", "--overwrite")
    assert "mean 25.0%" in printed
    assert run("masks", "centre", tmp_path, "--size", "64")[0] == 2


def test_masks_from_labels_have_the_outline_of_the_object(run: Run, street: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    Image.fromarray(STREET.from_colours(street)).save(tmp_path / "labels" / "a.png")
    out = tmp_path / "out"
    assert run("masks", "from-labels", tmp_path / "labels", out, "--what", "car", "--size", "64x48", "--count", 4)[0] == 0
    for path in out.iterdir():
        assert 12 * 24 < (_pixels(path) == 255).sum() < 24 * 36
    code, _, said = run("masks", "from-labels", tmp_path / "labels", out, "--what", "person")
    assert code == 2
    assert "person" in said


@pytest.mark.parametrize("size", ["640", "640x", "0x10", "axb", "-1"])
def test_sizes_are_checked(run: Run, tmp_path: Path, size: str) -> None:
    code, _, said = run("masks", "boxes", tmp_path, "--size", size, "--count", 1)
    assert code == (0 if size == "640" else 2)
    assert ("WIDTHxHEIGHT" in said) == (size != "640")


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny network in the cache, under the name "tiny"."""
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "models").mkdir(parents=True)
    return write_network(tmp_path / "cache" / "models")


def test_models_are_listed(run: Run, network: Path) -> None:
    code, printed, _ = run("models", "list")
    assert code == 0
    assert {"tiny", "telea", "navier-stokes"} <= {line.split()[0] for line in printed.splitlines()}
    found = {row["name"]: row for row in json.loads(run("models", "list", "--json")[1])}
    assert found["tiny"]["info"]["label_set"] == "street"
    assert found["telea"]["path"] is None


def test_a_model_is_shown(run: Run, network: Path) -> None:
    code, printed, _ = run("models", "show", "tiny")
    assert code == 0
    assert printed == card.card(network)
    assert json.loads(run("models", "show", "tiny", "--json")[1])["licence"] == "CC0-1.0"
    assert "Telea" in run("models", "show", "telea")[1]


def test_models_are_verified(run: Run, network: Path) -> None:
    code, printed, _ = run("models", "verify")
    assert code == 0
    assert f"{network}: whole\n" in printed
    data = network.read_bytes()
    network.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    code, _, said = run("models", "verify", "tiny")
    assert code == 2
    assert "damaged" in said


def test_a_public_file_is_fetched(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(name: str, *, progress: Callable[[int, int], None]) -> Path:
        progress(1, 2)
        if name != "vgg16":
            raise WeightsError(f'there is no public file "{name}"')
        return Path("vgg16.pth")

    monkeypatch.setattr(public, "fetch", fetch)
    assert run("models", "fetch", "vgg16")[:2] == (0, "vgg16.pth\n")
    assert run("models", "fetch", "vgg99")[0] == 2


@pytest.fixture
def data_set(tmp_path: Path, street: np.ndarray) -> Path:
    """Two photos with label maps."""
    for part in ("images", "labels"):
        (tmp_path / "set" / part).mkdir(parents=True)
    for name in "ab":
        Image.fromarray(street).save(tmp_path / "set" / "images" / f"{name}.png")
        Image.fromarray(STREET.from_colours(street)).save(tmp_path / "set" / "labels" / f"{name}.png")
    return tmp_path / "set"


def test_a_good_data_set_passes(run: Run, data_set: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    code, printed, _ = run("check-data", data_set, "--sheet", sheet)
    assert code == 0
    assert "2 photos, 2 label maps" in printed
    assert _pixels(sheet).ndim == 3
    assert json.loads(run("check-data", data_set, "--json")[1])["ok"] is True


def test_a_bad_data_set_does_not(run: Run, data_set: Path) -> None:
    (data_set / "labels" / "a.png").unlink()
    Image.fromarray(np.full((48, 64), 77, np.uint8)).save(data_set / "labels" / "b.png")
    code, printed, _ = run("check-data", data_set)
    assert code == 1
    assert "no label map" in printed
    assert "id 77" in printed
    code, _, said = run("check-data", data_set / "nowhere")
    assert code == 2
    assert "nowhere" in said


def test_a_public_data_set_is_checked_by_its_name(run: Run, tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / "camvid" / "val" / part).mkdir(parents=True)
    stripes = np.repeat(np.arange(11, dtype=np.uint8), 4)[None].repeat(8, axis=0)
    Image.fromarray(stripes).save(tmp_path / "camvid/val/labels/a.png")
    Image.new("RGB", (44, 8), (90, 80, 70)).save(tmp_path / "camvid/val/images/a.png")
    code, printed, _ = run("check-data", "camvid:val", "--root", tmp_path, "--sheet", tmp_path / "sheet.png")
    assert code == 0
    assert "camvid:val: 1 photos, 1 label maps, 0 masks; licence: CC BY-NC 4.0" in printed
    assert "warning: 1 photos are there, and 101 in the whole set" in printed
    assert (tmp_path / "sheet.png").exists()

    masks = tmp_path / "mask" / "testing_mask_dataset"
    masks.mkdir(parents=True)
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(masks / "02000.png")
    code, printed, _ = run("check-data", "nvidia-masks:10-20", "--root", tmp_path)
    assert code == 0
    assert "0 photos, 0 label maps, 1 masks; licence: CC BY-NC-SA 4.0" in printed
    code, _, said = run("check-data", "nvidia-masks:10-20", "--root", tmp_path, "--sheet", tmp_path / "other.png")
    assert code == 2
    assert "holds no photos to draw" in said
    for wrong, wanted in (("camvid:all", "it has: train, val, test"), ("moon:all", "known are: camvid")):
        code, _, said = run("check-data", wrong, "--root", tmp_path)
        assert code == 2
        assert wanted in said


def test_a_data_set_of_another_label_set(run: Run, data_set: Path) -> None:
    assert run("check-data", data_set, "--labels", "camvid")[0] == 0
    code, _, said = run("check-data", data_set, "--labels", "moon")
    assert code == 2
    assert all(name in said for name in labels.available())


ROWS = (
    benchmark.Row("3x3 convolution", 0.01, gflop_per_second=480.0),
    benchmark.Row(
        "tiny", 0.1, per_second=9.5, gflop_per_second=160.0, of_convolution=1 / 3, peak_mib=300.4, of_onnxruntime=0.512
    ),
)


def test_bench_prints_a_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def measured(models: list[str], *, threads: int) -> Iterator[benchmark.Row]:
        asked.append((models, threads))
        return iter(ROWS)

    monkeypatch.setattr(benchmark, "run", measured)
    code, printed, _ = run("bench", "-m", "telea", "--threads", 3)
    assert code == 0
    assert asked == [(["telea"], 3)]
    assert printed.splitlines()[2].split() == ["tiny", "100.0", "9.5", "160", "33%", "300", "0.51"]
    rows = json.loads(run("bench", "--json")[1])
    assert rows[1]["per_second"] == 9.5
    assert asked[1] == (["sge-net-street", "telea"], 2)
