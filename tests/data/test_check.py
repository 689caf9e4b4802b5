"""check-data: every fault of a data set is found, described in one sentence and counted; a clean data set gives no finding."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from scenefill.data.check import Finding, Report, check, contact_sheet
from scenefill.data.folder import listed
from scenefill.errors import DataError
from scenefill.labels import UNKNOWN, get

CAMVID = get("camvid")
HEIGHT, WIDTH = 48, 72


def save(path: Path, array: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def scene() -> NDArray[np.uint8]:
    """A map of all eleven classes of CamVid and its void (11): twelve upright stripes, over a ground that begins with class 3."""
    labels = np.repeat(np.roll(np.arange(12), 3), WIDTH // 12)
    return np.vstack([np.tile(labels, (HEIGHT // 2, 1)), np.tile(np.roll(labels, 20), (HEIGHT // 2, 1))]).astype(np.uint8)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A clean data set of four photos, maps and masks."""
    rng = np.random.default_rng(0)
    for name in "abcd":
        save(tmp_path / f"images/{name}.png", rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
        save(tmp_path / f"labels/{name}.png", scene())
        hole = np.zeros((20, 20), np.uint8)
        hole[5:15, 5:15] = 255
        save(tmp_path / f"masks/{name}.png", hole)
    return tmp_path


def checked(tree: Path) -> Report:
    return check(tree / "images", tree / "labels", CAMVID, tree / "masks")


def only(report: Report) -> Finding:
    assert len(report.findings) == 1, [finding.sentence for finding in report.findings]
    assert report.ok == (report.findings[0].severity != "error")
    return report.findings[0]


def test_a_clean_data_set(tree: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = check(
        tree / "images", tree / "labels", CAMVID, tree / "masks", progress=lambda done, total: seen.append((done, total))
    )
    assert (report.photos, report.maps, report.masks, report.findings, report.ok) == (4, 4, 4, (), True)
    assert seen == [(done, 12) for done in range(1, 13)]


def test_the_histogram_counts_pixels_by_name(tree: Path) -> None:
    report = checked(tree)
    assert list(report.pixels) == [*CAMVID.classes, "unknown"]
    assert report.pixels["car"] == 4 * int((scene() == 8).sum())
    assert report.pixels["unknown"] == 4 * int((scene() == 11).sum())
    assert sum(report.pixels.values()) == 4 * HEIGHT * WIDTH


def test_partial_labels_have_a_name(tree: Path) -> None:
    for name in "abcd":
        save(tree / f"labels/{name}.png", np.full((HEIGHT, WIDTH), 128, np.uint8))
    assert check(tree / "images", tree / "labels", get("street")).pixels["building or vegetation"] == 4 * HEIGHT * WIDTH


def blurred(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = Image.fromarray(labels).resize((WIDTH * 2 // 3, HEIGHT * 2 // 3), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))


def shrunk(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return labels[:-2, :-1]


def with_ids(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    strange = labels.copy()
    strange[:24, :12], strange[24:, :12] = 40, 77
    return strange


def coloured(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return CAMVID.colourise(CAMVID.decode(labels))


def with_colour(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = coloured(labels).copy()
    rgb[:10, :10] = (1, 2, 3)
    return rgb


def deep(labels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return labels.astype(np.uint16) * 300


@pytest.mark.parametrize(
    ("change", "severity", "sentence"),
    [
        (shrunk, "error", "1 of 4 label maps differ in size from their photo: b (71x46, photo 72x48); resize"),
        (with_ids, "error", "1 of 4 label maps hold ids that the label set does not have: b (id 40 and 1 more); choose"),
        (with_colour, "error", "1 of 4 label maps hold colours that the label set does not have: b (colour (1, 2, 3)); choose"),
        (deep, "error", "1 of 4 label maps are neither 8-bit ids nor 8-bit colours: b; store"),
        (blurred, "warning", "1 of 4 label maps look anti-aliased: between two areas lie values between theirs: b; resize"),
    ],
)
def test_one_bad_label_map(tree: Path, change: Callable[..., NDArray[np.uint8]], severity: str, sentence: str) -> None:
    save(tree / "labels/b.png", change(scene()))
    finding = only(checked(tree))
    assert (finding.severity, finding.files) == (severity, ("b",))
    assert finding.sentence.startswith(sentence)


def test_colour_coded_maps_count_like_ids(tree: Path) -> None:
    plain = checked(tree)
    for name in "abcd":
        save(tree / f"labels/{name}.png", coloured(scene()))
    assert checked(tree) == plain


def test_an_anti_aliased_colour_map_is_told_from_a_foreign_one(tree: Path) -> None:
    save(tree / "labels/b.png", np.stack([blurred(channel) for channel in np.moveaxis(coloured(scene()), 2, 0)], axis=2))
    assert [finding.severity for finding in checked(tree).findings] == ["error", "warning"]
    assert "look anti-aliased" in checked(tree).findings[1].sentence


def test_jpeg_label_maps(tree: Path) -> None:
    (tree / "labels/b.png").unlink()
    save(tree / "labels/b.jpg", np.zeros((HEIGHT, WIDTH), np.uint8))
    assert only(checked(tree)).sentence == "1 of 4 label maps are JPEG files, which change ids: b; make them again as PNG"


def test_unpaired_files(tree: Path) -> None:
    (tree / "labels/a.png").rename(tree / "labels/z.png")
    report = checked(tree)
    assert [finding.sentence for finding in report.findings] == [
        "1 of 4 photos have no label map of the same name: a",
        "1 of 4 label maps have no photo of the same name: z",
    ]
    assert not report.ok


@pytest.mark.parametrize(
    ("room", "what"),
    [("images", "photos cannot be read"), ("labels", "label maps cannot be read"), ("masks", "masks cannot be used")],
)
@pytest.mark.parametrize("kept", [0, 50])
def test_empty_and_truncated_files(tree: Path, room: str, what: str, kept: int) -> None:
    path = tree / room / "c.png"
    path.write_bytes(path.read_bytes()[:kept])
    finding = only(checked(tree))
    assert finding.sentence.startswith(f"1 of 4 {what}: c (")
    assert finding.files == ("c",)


def test_maps_of_0_and_255_are_reported_when_they_are_the_rule(tree: Path) -> None:
    binary = np.where(scene() < 6, 0, 255).astype(np.uint8)
    for name in "ab":
        save(tree / f"labels/{name}.png", binary)
    assert checked(tree).findings == ()
    save(tree / "labels/c.png", binary)
    assert "3 of 4 label maps hold nothing but 0 and 255: a, b, c; are they hole masks" in checked(tree).findings[0].sentence


def test_mostly_unknown_maps_and_absent_classes(tree: Path) -> None:
    for name in "abcd":
        save(
            tree / f"labels/{name}.png",
            np.where(scene() == 0, 0, UNKNOWN).astype(np.uint8) + np.eye(HEIGHT, WIDTH, dtype=np.uint8),
        )
    sentences = [finding.sentence for finding in checked(tree).findings]
    assert any(
        s.startswith("4 of 4 label maps are unknown in more than half of their pixels: a, b, c and 1 more") for s in sentences
    )
    assert f"no label map shows {', '.join(CAMVID.classes[2:])}" in sentences


def test_masks_of_the_wrong_polarity(tree: Path) -> None:
    for name in "abc":
        save(tree / f"masks/{name}.png", 255 - np.asarray(Image.open(tree / f"masks/{name}.png")))
    finding = only(checked(tree))
    assert finding.severity == "warning"
    assert finding.sentence.startswith("3 of 4 masks are more than 60% hole: a (75%), b (75%), c (75%); white is the hole")


@pytest.mark.parametrize(
    ("mask", "severity", "sentence"),
    [
        (np.full((9, 9), 255, np.uint8), "error", "1 of 4 masks are all hole: a"),
        (np.zeros((9, 9), np.uint8), "warning", "1 of 4 masks have no hole: a"),
        (np.arange(81, dtype=np.uint8).reshape(9, 9) % 3, "error", "1 of 4 masks cannot be used: a ("),
        (np.arange(100, dtype=np.uint8).reshape(10, 10) + 60, "warning", "1 of 4 masks are not black and white: a; from 128 on"),
    ],
)
def test_one_odd_mask(tree: Path, mask: NDArray[np.uint8], severity: str, sentence: str) -> None:
    save(tree / "masks/a.png", mask)
    finding = only(checked(tree))
    assert finding.severity == severity
    assert finding.sentence.startswith(sentence)


def test_no_histogram_of_maps_that_cannot_be_read(tree: Path) -> None:
    for name in "abcd":
        (tree / f"labels/{name}.png").write_bytes(b"")
    report = checked(tree)
    assert report.pixels == {}
    assert only(report).files == ("a", "b", "c", "d")


def test_photos_alone(tree: Path) -> None:
    report = check(tree / "images")
    assert (report.photos, report.maps, report.masks, dict(report.pixels), report.findings) == (4, 0, 0, {}, ())


def test_what_cannot_be_checked(tree: Path) -> None:
    with pytest.raises(DataError, match="need a label set"):
        check(tree / "images", tree / "labels")
    with pytest.raises(DataError, match="there is no folder"):
        check(tree / "images", tree / "maps", CAMVID)


def test_contact_sheet_shows_photo_map_and_legend(tree: Path) -> None:
    save(tree / "images/a.png", np.full((HEIGHT, WIDTH, 3), (200, 10, 20), np.uint8))
    save(tree / "labels/a.png", np.full((HEIGHT, WIDTH), 3, np.uint8))
    save(tree / "labels/b.png", np.full((HEIGHT, WIDTH), 99, np.uint8))
    sheet = contact_sheet(tree / "images", tree / "labels", CAMVID, height=96)
    assert sheet.dtype == np.uint8

    def area(colour: tuple[int, int, int]) -> int:
        return int((sheet == colour).all(axis=2).sum())

    assert area((200, 10, 20)) == 96 * 144
    assert area(CAMVID.colours[3]) > 96 * 144
    assert sheet.shape[0] > 2 * 96 + len(CAMVID) * 20
    assert sheet.shape[1] > 4 * 144
    one_pair = contact_sheet(tree / "images", tree / "labels", CAMVID, count=1, height=96)
    assert one_pair.shape[1] < 3 * 144
    assert contact_sheet(tree / "images", count=1, height=96).shape[1] < 2 * 144


def test_contact_sheet_leaves_out_what_cannot_be_read(tree: Path) -> None:
    whole = contact_sheet(tree / "images", height=40)
    for name in "abc":
        (tree / f"images/{name}.png").write_bytes(b"")
    assert contact_sheet(tree / "images", height=40).shape[0] < whole.shape[0]
    (tree / "images/d.png").write_bytes(b"")
    with pytest.raises(DataError, match="none of the 4 photos shown can be read: a, b, c and 1 more"):
        contact_sheet(tree / "images")


@pytest.mark.skipif("SCENEFILL_DATA" not in os.environ, reason="SCENEFILL_DATA does not name the folder of the data sets")
@pytest.mark.parametrize(("name", "split"), [("camvid", "val"), ("labelmefacade", "test"), ("idd_lite", "val")])
def test_real_data_is_clean(name: str, split: str) -> None:
    root = Path(os.environ["SCENEFILL_DATA"]) / name / split
    report = check(root / "images", root / "labels", get(name.replace("_", "-")))
    assert report.findings == (), listed(finding.sentence for finding in report.findings)
