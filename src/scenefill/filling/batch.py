"""Many files: pair photos with masks, fill each, keep a record of each, stop for none."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ..errors import DataError, OutputError, ScenefillError
from ..pictures import folders, images
from ..pictures import masks as hole_masks
from .result import Result

REPORT = "report.jsonl"
_LISTED = 10  # file names that an error spells out
_NUMBERED = re.compile(r"(?P<photo>.+)_mask\d+")


@dataclass(frozen=True)
class Job:
    """One photo to fill with one mask."""

    image: Path
    mask: Path
    out: Path


@dataclass(frozen=True)
class Record:
    """What became of a job; a line of the report."""

    image: str
    mask: str
    out: str
    status: Literal["done", "failed", "skipped"]
    """skipped: the output stood already and the batch was resumed."""
    error: str | None = None
    hole: float | None = None
    """Share of the photo that was filled, 0..1."""
    seconds: float = 0.0


def pair(photos: str | Path, masks: str | Path, out: str | Path, *, glob: str = "**/*") -> list[Job]:
    """What there is to do, in the order of the photos' names.

    photos: a folder; of what is in it and below it, the files that match `glob`.
    masks: one mask for all photos; or a folder with, for the photo `NAME.*`, `NAME.*` or any number of `NAME_maskNNN.*`, in the
    subfolder that the photo is in. Numbered masks may lie beside their photos.
    out: folder of the outputs, which have the photos' names, with `_maskNNN` where the mask has it.

    Raises DataError that lists photos without a mask, masks without a photo, or two masks of one name; OutputError where outputs
    would lie among the photos or masks.
    """
    photos, masks, out = Path(photos), Path(masks), Path(out)
    if not photos.is_dir():
        raise DataError(f"{photos} is not a folder of photos")
    if not masks.exists():
        raise DataError(f"{masks} is neither a mask nor a folder of masks")
    if out.resolve() in (photos.resolve(), masks.resolve()):
        raise OutputError(f"the outputs cannot lie in {out}, among what they are made from; give another folder")
    if masks.is_file():
        drawn: Drawn = {photo: {"": masks} for photo in _pictures(photos, out, masks)}
    elif masks.samefile(photos):
        found = _pictures(photos, out)
        drawn = _drawn(photos, [path for path in found if not _NUMBERED.fullmatch(path.stem)], photos, found)
    else:
        drawn = _drawn(photos, _pictures(photos, out, masks), masks, _pictures(masks, out, photos))
    chosen = set(photos.glob(glob))
    drawn = {photo: found for photo, found in drawn.items() if photo in chosen}
    if not drawn:
        raise DataError(f'there is no photo in {photos} that matches "{glob}"')
    if bare := [photo for photo, found in drawn.items() if not found]:
        raise DataError(f"no mask in {masks} for {_listed(bare, photos)}")
    return [
        Job(photo, mask, out / photo.relative_to(photos).with_stem(photo.stem + number))
        for photo, found in drawn.items()
        for number, mask in sorted(found.items())
    ]


Drawn = dict[Path, dict[str, Path]]
"""Photo -> its masks, by what the mask's name has after the photo's: "" or "_maskNNN"."""


def _drawn(photo_folder: Path, photos: Sequence[Path], mask_folder: Path, masks: Sequence[Path]) -> Drawn:
    drawn: Drawn = {photo: {} for photo in photos}
    named = defaultdict(list)
    for photo in photos:
        named[folders.name(photo, photo_folder)].append(photo)
    orphans = []
    for mask in masks:
        name, number = folders.name(mask, mask_folder), ""
        if mask in drawn:
            continue
        if name not in named and (match := _NUMBERED.fullmatch(name)):
            name, number = match["photo"], name[match.end("photo") :]
        if name not in named:
            orphans.append(mask)
            continue
        for photo in named[name]:
            if number in drawn[photo]:
                raise DataError(f"{photo} has two masks of one name, {drawn[photo][number]} and {mask}: keep one")
            drawn[photo][number] = mask
    if orphans:
        raise DataError(f"no photo in {photo_folder} for {_listed(orphans, mask_folder)}")
    return drawn


def _pictures(folder: Path, *without: Path) -> list[Path]:
    """The pictures in a folder and below it that can be written under their own names."""
    return [path for paths in folders.named(folder, images.EXTENSIONS, without=without).values() for path in paths]


def _listed(paths: Sequence[Path], folder: Path) -> str:
    names = ", ".join(path.relative_to(folder).as_posix() for path in paths[:_LISTED])
    return names if len(paths) <= _LISTED else f"{names} and {len(paths) - _LISTED} more"


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
    resume: jobs whose output stands already are skipped, and the report is continued.   overwrite: such outputs are replaced.
    A job that fails is recorded, whatever the reason, and the others go on. When the iterator is closed or Ctrl-C is pressed, the
    jobs that have begun are finished and no others begin.

    Raises OutputError where a report stands already (without `resume` or `overwrite`) or none can be written.
    """
    report = Path(out) / REPORT
    if report.exists() and not (resume or overwrite):
        raise OutputError(f"{report} stands already; --resume goes on with that batch, --overwrite starts it again")
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        lines = report.open("a" if resume else "w", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{report} cannot be written: {error.strerror}") from None
    with lines, ThreadPoolExecutor(workers) as pool:
        try:
            for future in as_completed([pool.submit(_do, fill, job, resume, overwrite) for job in jobs]):
                record = future.result()
                lines.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
                lines.flush()
                yield record
        finally:
            pool.shutdown(cancel_futures=True)


def _do(fill: Callable[[Path, Path], Result], job: Job, resume: bool, overwrite: bool) -> Record:
    names = str(job.image), str(job.mask), str(job.out)
    if resume and job.out.exists():
        return Record(*names, status="skipped")
    start = time.perf_counter()
    try:
        job.out.parent.mkdir(parents=True, exist_ok=True)
        images.check_output(job.out, overwrite=overwrite)
        result = fill(job.image, job.mask)
        result.save(job.out, overwrite=overwrite)
    except ScenefillError as error:
        return Record(*names, status="failed", error=str(error), seconds=_since(start))
    except Exception as error:  # one file of a kind that nobody thought of must not cost the others
        return Record(*names, status="failed", error=f"{type(error).__name__}: {error}", seconds=_since(start))
    return Record(*names, status="done", hole=round(hole_masks.ratio(result.mask), 4), seconds=_since(start))


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)
