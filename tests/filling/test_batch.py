"""Batches: which mask belongs to which photo, one record for each, nothing lost when something fails."""

from __future__ import annotations

import functools
import json
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from fakes import Grey

from scenefill.errors import DataError, OutputError
from scenefill.filling import batch
from scenefill.filling.batch import Job
from scenefill.filling.inpainter import Inpainter
from scenefill.filling.result import Result
from scenefill.pictures import images, masks

FILL = Inpainter(Grey(1.0))


def _photos(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        images.write_rgb(np.full((12, 10, 3), 40, np.uint8), folder / name)
    return folder


def _masks(folder: Path, *names: str) -> Path:
    mask = np.zeros((12, 10), bool)
    mask[3:6, 4:8] = True
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        masks.write(mask, folder / name)
    return folder


def _short(jobs: list[Job], root: Path) -> list[tuple[str, ...]]:
    return [tuple(path.relative_to(root).as_posix() for path in (job.image, job.mask, job.out) if path) for job in jobs]


def _errors(jobs: list[Job], root: Path) -> list[str]:
    return [job.error.replace(f"{root}/", "") for job in jobs if job.error]


def _lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / batch.REPORT).read_text().splitlines()]


# ------------------------------------------------------------------------------------------------------------------------- pair


def test_masks_of_the_same_stem(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "p", "b.jpg", "a.png", "deep/a.png", ".hidden.png")
    (photos / "notes.txt").touch()
    jobs = batch.pair(photos, _masks(tmp_path / "m", "a.png", "b.png", "deep/a.png"), tmp_path / "o")
    assert _short(jobs, tmp_path) == [
        ("p/a.png", "m/a.png", "o/a.png"),
        ("p/b.jpg", "m/b.png", "o/b.jpg"),
        ("p/deep/a.png", "m/deep/a.png", "o/deep/a.png"),
    ]


def test_one_mask_for_all(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "p", "a.png", "deep/b.png")
    _masks(photos, "hole.png")
    assert _short(batch.pair(photos, photos / "hole.png", photos / "out"), tmp_path) == [
        ("p/a.png", "p/hole.png", "p/out/a.png"),
        ("p/deep/b.png", "p/hole.png", "p/out/deep/b.png"),
    ]


def test_many_masks_of_one_photo(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "p", "a.jpg", "b.jpg")
    drawn = _masks(tmp_path / "m", "a_mask001.png", "a_mask000.png", "a.png", "b_mask7.png")
    assert _short(batch.pair(photos, drawn, tmp_path / "o"), tmp_path) == [
        ("p/a.jpg", "m/a.png", "o/a.jpg"),
        ("p/a.jpg", "m/a_mask000.png", "o/a_mask000.jpg"),
        ("p/a.jpg", "m/a_mask001.png", "o/a_mask001.jpg"),
        ("p/b.jpg", "m/b_mask7.png", "o/b_mask7.jpg"),
    ]


def test_numbered_masks_beside_their_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _photos(tmp_path / "d", "a.png", "sub/b.png", "out/a_mask000.png")
    _masks(folder, "a_mask000.png", "sub/b_mask1.png")
    monkeypatch.chdir(tmp_path)
    for photos, drawn in ((folder, folder), (folder, Path("d")), (Path("d"), folder)):
        jobs = batch.pair(photos, drawn, folder / "out")
        assert [(job.image.name, job.mask.name, job.out.name) for job in jobs] == [
            ("a.png", "a_mask000.png", "a_mask000.png"),
            ("b.png", "b_mask1.png", "b_mask1.png"),
        ]


def test_a_folder_of_masks_inside_the_one_of_photos(tmp_path: Path) -> None:
    photos = _photos(tmp_path, "a.png")
    _masks(tmp_path / "masks", "a.png")
    for out in (tmp_path / "out", tmp_path.parent):
        ((image, mask),) = [(job.image, job.mask) for job in batch.pair(photos, tmp_path / "masks", out)]
        assert (image, mask) == (tmp_path / "a.png", tmp_path / "masks" / "a.png")


def test_glob_chooses_photos(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "p", "a.png", "b.jpg", "deep/c.jpg")
    drawn = _masks(tmp_path / "m", "a.png", "b.png", "deep/c.png")
    assert [job.image.name for job in batch.pair(photos, drawn, tmp_path / "o", glob="**/*.jpg")] == ["b.jpg", "c.jpg"]
    assert [job.image.name for job in batch.pair(photos, drawn, tmp_path / "o", glob="*")] == ["a.png", "b.jpg"]
    with pytest.raises(DataError, match=r'no photo in .* that matches "\*\.tif"'):
        batch.pair(photos, drawn, tmp_path / "o", glob="*.tif")


def test_what_does_not_pair_is_a_job_with_an_error(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "p", "a.png", "b.png", "c.png", "x.png")
    drawn = _masks(tmp_path / "m", "x.png", "y.png", "deep/z_mask1.png", "c.png", "c.jpg")
    jobs = batch.pair(photos, drawn, tmp_path / "o")
    assert _short([job for job in jobs if not job.error], tmp_path) == [("p/x.png", "m/x.png", "o/x.png")]
    assert _errors(jobs, tmp_path) == [
        "p/a.png has no mask in m",
        "p/b.png has no mask in m",
        "p/c.png has two masks of one name, m/c.jpg and m/c.png: keep one",
        "m/deep/z_mask1.png has no photo in p",
        "m/y.png has no photo in p",
    ]
    records = list(batch.run(FILL, jobs, tmp_path / "o"))
    assert sorted(record.status for record in records) == ["done"] + ["failed"] * 5
    assert {line["error"] for line in _lines(tmp_path / "o")} == {job.error for job in jobs}


def test_a_mask_elsewhere_is_found_by_a_stem_that_one_photo_has(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "p", "north/a.jpg", "north/twin.jpg", "south/twin.jpg", "south/b.jpg", "c.jpg")
    drawn = _masks(tmp_path / "m", "a.png", "b_mask007.png", "twin.png", "south/twin.png", "c.png", "old/c.png")
    jobs = batch.pair(photos, drawn, tmp_path / "o")
    assert _short([job for job in jobs if not job.error], tmp_path) == [
        ("p/c.jpg", "m/c.png", "o/c.jpg"),
        ("p/north/a.jpg", "m/a.png", "o/north/a.jpg"),
        ("p/south/b.jpg", "m/b_mask007.png", "o/south/b_mask007.jpg"),
        ("p/south/twin.jpg", "m/south/twin.png", "o/south/twin.jpg"),
    ]
    assert _errors(jobs, tmp_path) == [
        "p/north/twin.jpg has no mask in m",
        "m/old/c.png is not needed: its photo in p has a mask at its own place",
        "m/twin.png could belong to 2 photos in p: put it into the subfolder that its photo is in",
    ]


def test_an_accent_is_the_same_however_it_is_stored(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    photos, drawn = _photos(tmp_path / "p", f"caf{apart}"), _masks(tmp_path / "m", f"caf{composed}")
    ((job),) = batch.pair(photos, drawn, tmp_path / "o")
    assert (job.error, job.image, job.mask) == (None, photos / f"caf{apart}", drawn / f"caf{composed}")


def test_a_batch_whose_report_finds_no_room_stops_with_a_sentence(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png"), _masks(tmp_path / "m", "a.png")
    out = tmp_path / "o"
    out.mkdir()
    (out / batch.REPORT).symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"report\.jsonl cannot be written: No space left on device"):
        list(batch.run(FILL, batch.pair(photos, drawn, out), out, overwrite=True))


def test_half_a_line_of_a_report_is_put_away(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png", "b.png"), _masks(tmp_path / "m", "a.png", "b.png")
    out = tmp_path / "o"
    jobs = batch.pair(photos, drawn, out)
    list(batch.run(FILL, jobs, out))
    report = out / batch.REPORT
    report.write_bytes(report.read_bytes()[:-20])
    (out / "b.png").unlink()
    list(batch.run(FILL, jobs, out, resume=True))
    assert [(str(line["image"])[-5:], line["status"]) for line in _lines(out)] == [("a.png", "done"), ("b.png", "done")]


def test_folders_that_cannot_be_meant(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png"), _masks(tmp_path / "m", "a.png")
    with pytest.raises(DataError, match="is not a folder of photos"):
        batch.pair(tmp_path / "none", drawn, tmp_path / "o")
    with pytest.raises(DataError, match="is neither a mask nor a folder of masks"):
        batch.pair(photos, tmp_path / "none", tmp_path / "o")
    for taken in (photos, drawn):
        with pytest.raises(OutputError, match="cannot lie in"):
            batch.pair(photos, drawn, taken)


# -------------------------------------------------------------------------------------------------------------------------- run


@pytest.mark.parametrize("workers", [1, 3])
def test_every_file_has_an_output_and_a_record(tmp_path: Path, workers: int) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png", "deep/b.png"), _masks(tmp_path / "m", "a.png", "deep/b.png")
    out = tmp_path / "o"
    records = list(batch.run(FILL, batch.pair(photos, drawn, out), out, workers=workers))
    assert [record.status for record in records] == ["done", "done"]
    assert {record.out for record in records} == {str(out / "a.png"), str(out / "deep" / "b.png")}
    assert [line["hole"] for line in _lines(out)] == [0.1, 0.1]
    filled = images.read(out / "deep" / "b.png").pixels
    assert (filled[3:6, 4:8] == 255).all()
    assert filled.sum() == 255 * 36 + 40 * 324


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png", "b.png", "c.png"), _masks(tmp_path / "m", "a.png", "b.png", "c.png")
    (photos / "a.png").write_bytes(b"")
    out = tmp_path / "o"

    def fill(image: Path, mask: Path) -> Result:
        if image.name == "b.png":
            raise ZeroDivisionError("nobody thought of this")
        return FILL(image, mask)

    records = {Path(record.image).name: record for record in batch.run(fill, batch.pair(photos, drawn, out), out)}
    assert {name: record.status for name, record in records.items()} == {"a.png": "failed", "b.png": "failed", "c.png": "done"}
    assert records["a.png"].error is not None
    assert "is empty (0 bytes)" in records["a.png"].error
    assert records["b.png"].error == "ZeroDivisionError: nobody thought of this"
    assert sorted(path.name for path in out.iterdir()) == ["c.png", "report.jsonl"]


def test_resume_does_what_is_left(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png", "b.png"), _masks(tmp_path / "m", "a.png", "b.png")
    good = (photos / "b.png").read_bytes()
    (photos / "b.png").write_bytes(good[:-30])
    out = tmp_path / "o"
    jobs = batch.pair(photos, drawn, out)
    assert sorted(record.status for record in batch.run(FILL, jobs, out)) == ["done", "failed"]
    with pytest.raises(OutputError, match="stands already; --resume"):
        next(batch.run(FILL, jobs, out))

    (photos / "b.png").write_bytes(good)
    before = (out / "a.png").stat().st_mtime_ns
    assert sorted(record.status for record in batch.run(FILL, jobs, out, resume=True)) == ["done", "skipped"]
    assert (out / "a.png").stat().st_mtime_ns == before
    assert sorted((str(line["image"])[-5:], line["status"]) for line in _lines(out)) == [("a.png", "done"), ("b.png", "done")]

    assert [record.status for record in batch.run(FILL, jobs, out, overwrite=True)] == ["done", "done"]
    assert len(_lines(out)) == 2
    assert (out / "a.png").stat().st_mtime_ns > before


def test_outputs_that_stand_are_kept(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png"), _masks(tmp_path / "m", "a.png")
    out = _photos(tmp_path / "o", "a.png")
    (record,) = batch.run(FILL, batch.pair(photos, drawn, out), out)
    assert record.error is not None
    assert "stands already" in record.error
    assert (images.read(out / "a.png").pixels == 40).all()


def test_options_come_with_the_function(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png"), _masks(tmp_path / "m", "a.png")
    out = tmp_path / "o"
    (record,) = batch.run(functools.partial(FILL, grow=1), batch.pair(photos, drawn, out), out)
    assert record.hole == round((3 * 4 + 2 * 3 + 2 * 4) / 120, 4)


def test_when_it_is_stopped_what_has_begun_is_finished(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(6)]
    photos, drawn = _photos(tmp_path / "p", *names), _masks(tmp_path / "m", *names)
    out = tmp_path / "o"
    jobs = batch.pair(photos, drawn, out)
    begun, go_on = [], threading.Event()

    def fill(image: Path, mask: Path) -> Result:
        begun.append(image.name)
        if len(begun) > 1:
            go_on.wait(10)
        return FILL(image, mask)

    records = batch.run(fill, jobs, out)
    assert next(records).out == str(out / "0.png")
    threading.Timer(0.2, go_on.set).start()
    records.close()
    assert sorted(path.name for path in out.iterdir()) == sorted([*begun, "report.jsonl"])
    assert len(begun) == 2
    assert [line["status"] for line in _lines(out)] == ["done", "done"]
    assert sorted(record.status for record in batch.run(FILL, jobs, out, resume=True)) == ["done"] * 4 + ["skipped"] * 2


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    photos, drawn = _photos(tmp_path / "p", "a.png"), _masks(tmp_path / "m", "a.png")
    (tmp_path / "o").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        next(batch.run(FILL, batch.pair(photos, drawn, tmp_path / "o"), tmp_path / "o"))
