"""Many files: pair photos with masks, fill each, keep a record of each, stop for none."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ..errors import DataError, OutputError, ScenefillError
from ..pictures import folders, images
from ..pictures import masks as hole_masks
from ..pictures.files import replacing, sweep
from .result import Result

REPORT = "report.jsonl"
_NUMBERED = re.compile(r"(?P<photo>.+)_mask\d+")


@dataclass(frozen=True)
class Job:
    """One photo to fill with one mask; or one of them that cannot be, and why."""

    image: Path | None
    mask: Path | None
    out: Path | None
    error: str | None = None


@dataclass(frozen=True)
class Record:
    """What became of a job; a line of the report."""

    image: str | None
    mask: str | None
    out: str | None
    status: Literal["done", "failed", "skipped"]
    """skipped: the output stood already and the batch was resumed."""
    error: str | None = None
    hole: float | None = None
    """Share of the photo that was filled, 0..1."""
    seconds: float = 0.0


# ---------------------------------------------------------------------------------------------------------------------- pairs


def pair(photos: str | Path, masks: str | Path, out: str | Path, *, glob: str = "**/*") -> list[Job]:
    """What there is to do, in the order of the photos' names; what has no partner is a job with an error.

    photos: a folder; of what is in it and below it, the files that match `glob`.
    masks: one mask for all photos; or a folder with, for the photo `NAME.*`, `NAME.*` or any number of `NAME_maskNNN.*`, in the
    subfolder that the photo is in, or in any where only one photo has that name. Numbered masks may lie beside their photos.
    out: folder of the outputs, which have the photos' names, with `_maskNNN` where the mask has it.

    Raises DataError where there are no such folders and no photo, OutputError where outputs would lie among photos or masks.
    """
    photos, masks, out = Path(photos), Path(masks), Path(out)
    if not photos.is_dir():
        raise DataError(f"{photos} is not a folder of photos")
    if not masks.exists():
        raise DataError(f"{masks} is neither a mask nor a folder of masks")
    if out.resolve() in (photos.resolve(), masks.resolve()):
        raise OutputError(f"the outputs cannot lie in {out}, among what they are made from; give another folder")
    found = folders.pictures(photos, without=(out,) if masks.is_dir() and masks.samefile(photos) else (out, masks))
    strays: list[Job] = []
    if masks.is_file():
        drawn: Drawn = {photo: {"": [masks]} for photo in found}
    elif masks.samefile(photos):
        chosen = [path for path in found if not _NUMBERED.fullmatch(path.stem)]
        drawn, strays = _drawn(photos, chosen, photos, [path for path in found if path not in set(chosen)])
    else:
        drawn, strays = _drawn(photos, found, masks, folders.pictures(masks, without=(out, photos)))
    matching = set(photos.glob(glob))
    if not any(photo in matching for photo in drawn):
        raise DataError(f'there is no photo in {photos} that matches "{glob}"')
    jobs = []
    for photo, by_number in drawn.items():
        if photo not in matching:
            continue
        if not by_number:
            jobs.append(Job(photo, None, None, f"{photo} has no mask in {masks}"))
        for number, (mask, *more) in sorted(by_number.items()):
            target = out / photo.relative_to(photos).with_stem(photo.stem + number)
            error = f"{photo} has two masks of one name, {mask} and {more[0]}: keep one" if more else None
            jobs.append(Job(photo, mask, target, error))
    return [*jobs, *strays]


Drawn = dict[Path, dict[str, list[Path]]]
"""Photo -> its masks, by what the mask's name has after the photo's: "" or "_maskNNN"; more than one of these cannot be."""


def _drawn(photo_folder: Path, photos: Sequence[Path], mask_folder: Path, masks: Sequence[Path]) -> tuple[Drawn, list[Job]]:
    """The photos with their masks, and the masks without a photo."""
    drawn: Drawn = {photo: {} for photo in photos}
    named, called = defaultdict(list), defaultdict(set)
    for photo in photos:
        name = folders.name(photo, photo_folder)
        named[name].append(photo)
        called[_stem(name)].add(name)
    elsewhere = []
    for mask in masks:
        for name, number in _readings(folders.name(mask, mask_folder)):
            if name in named:
                for photo in named[name]:
                    drawn[photo].setdefault(number, []).append(mask)
                break
        else:
            elsewhere.append(mask)
    placed = {(photo, number) for photo, by_number in drawn.items() for number in by_number}
    strays = []
    for mask in elsewhere:
        readings = _readings(_stem(folders.name(mask, mask_folder)))
        names, number = next(((called[stem], number) for stem, number in readings if stem in called), (set[str](), ""))
        wanted = [photo for name in names for photo in named[name] if (photo, number) not in placed]
        if len(names) == 1 and wanted:
            for photo in wanted:
                drawn[photo].setdefault(number, []).append(mask)
            continue
        why = f"has no photo in {photo_folder}"
        if len(names) > 1:
            why = f"could belong to {len(names)} photos in {photo_folder}: put it into the subfolder that its photo is in"
        elif names:
            why = f"is not needed: its photo in {photo_folder} has a mask at its own place"
        strays.append(Job(None, mask, None, f"{mask} {why}"))
    return drawn, strays


def _stem(name: str) -> str:
    return name.rpartition("/")[2]


def _readings(name: str) -> list[tuple[str, str]]:
    """The photos' names that a mask's name may stand for, and what it has after them."""
    match = _NUMBERED.fullmatch(name)
    return [(name, ""), *([(match["photo"], name[match.end("photo") :])] if match else [])]


# ------------------------------------------------------------------------------------------------------------------------ run


def run(
    fill: Callable[[Path, Path], Result],
    jobs: Sequence[Job],
    out: str | Path,
    *,
    workers: int = 1,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Record]:
    """Do the jobs and yield a record of each as it ends; it then stands in `out`/report.jsonl, and its output is complete.

    fill: an Inpainter, or `functools.partial` of one with options.   workers: photos that are worked on at a time.
    resume: jobs whose output stands already are skipped, and the report is continued: it has one line for each job in the end,
    whatever became of the batches before.   overwrite: outputs that stand are replaced.
    A job that fails is recorded, whatever the reason, and the others go on. When the iterator is closed or Ctrl-C is pressed, the
    jobs that have begun are finished and no others begin.

    Raises OutputError where a report stands already (without `resume` or `overwrite`) or none can be written.
    """
    report = Path(out) / REPORT
    if report.exists() and not (resume or overwrite):
        raise OutputError(f"{report} stands already; --resume goes on with that batch, --overwrite starts it again")
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        sweep({report.parent, *(job.out.parent for job in jobs if job.out)})
        noted = _left_off(report, jobs) if resume and report.exists() else set()
        lines = report.open("ab" if resume else "wb", buffering=0)
    except OSError as error:
        raise OutputError(f"{report} cannot be written: {error.strerror}") from None
    with lines, ThreadPoolExecutor(workers) as pool:
        waiting = dict.fromkeys(pool.submit(_do, fill, job, resume, overwrite) for job in jobs)
        try:
            for future in as_completed(list(waiting)):
                del waiting[future]
                _note(future.result(), lines, report, noted)
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
            with contextlib.suppress(OutputError):
                for future in waiting:
                    if not future.cancelled():
                        _note(future.result(), lines, report, noted)


Key = tuple[str | None, ...]
"""Where the photo, the mask and the output of a job are, however their paths are spelled."""


def _key(*paths: object) -> Key:
    return tuple(None if path is None else os.path.abspath(str(path)) for path in paths)  # noqa: PTH100, links stay as they are


def _left_off(report: Path, jobs: Sequence[Job]) -> set[Key]:
    """Leaves the lines in a report that hold: of other batches, and of jobs whose output stands. Returns whose they are.

    Half a line, as a batch that was killed may have left it, goes, and so do those of what failed: it is tried again.
    """
    again = {_key(job.image, job.mask, job.out): job.out is not None and job.out.exists() for job in jobs}
    kept: dict[Key, bytes] = {}
    for line in report.read_bytes().splitlines(keepends=True):
        try:
            fields = json.loads(line.decode("utf-8", "surrogateescape"))
            key = _key(fields["image"], fields["mask"], fields["out"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if line.endswith(b"\n") and again.get(key, True) and (fields.get("status") != "skipped" or key not in kept):
            kept[key] = line
    with replacing(report) as file:
        file.writelines(kept.values())
    return set(kept)


def _note(record: Record, lines: BinaryIO, report: Path, noted: set[Key]) -> None:
    """Adds a line to the report, or none of it; what was skipped and has one already keeps that."""
    if record.status == "skipped" and _key(record.image, record.mask, record.out) in noted:
        return
    line = (json.dumps(asdict(record), ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")
    try:
        if (written := lines.write(line)) < len(line):  # the disk is full
            lines.truncate(lines.tell() - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise OutputError(f"{report} cannot be written: {error.strerror}") from None


def _do(fill: Callable[[Path, Path], Result], job: Job, resume: bool, overwrite: bool) -> Record:
    image, mask, out = (None if path is None else str(path) for path in (job.image, job.mask, job.out))
    if job.error or job.image is None or job.mask is None or job.out is None:
        return Record(image, mask, out, status="failed", error=job.error)
    if resume and job.out.exists():
        return Record(image, mask, out, status="skipped")
    start = time.perf_counter()
    try:
        job.out.parent.mkdir(parents=True, exist_ok=True)
        images.check_output(job.out, overwrite=overwrite)
        result = fill(job.image, job.mask)
        result.save(job.out, overwrite=overwrite)
    except ScenefillError as error:
        return Record(image, mask, out, status="failed", error=str(error), seconds=_since(start))
    except Exception as error:  # one file of a kind that nobody thought of must not cost the others
        return Record(image, mask, out, status="failed", error=f"{type(error).__name__}: {error}", seconds=_since(start))
    return Record(image, mask, out, status="done", hole=round(hole_masks.ratio(result.mask), 4), seconds=_since(start))


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)
