"""What is wrong with a data set, found before a training trips over it: the library behind `scenefill check-data`.

Label maps are examined as they are stored, so that a bad one is described and not merely refused. The checks answer what users of
label-guided networks stumble over: ids that the label set does not have, 255 and 0/255 maps, maps that were resized with
interpolation or saved as JPEG, photos and maps that do not pair, and masks of the wrong polarity.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import DataError, ImageError, LabelError, MaskError
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..pictures import images as image_files
from ..pictures import masks as mask_files
from ..pictures import sheets
from ..pictures.folders import by_name
from ..pictures.shapes import MaskFiles
from .folder import Dataset, listed

BLENDED = 0.1
"""Share of in-between values at the borders of a map from which it counts as blended. Maps of CamVid, LabelMeFacade and IDD Lite
have 0.06 at most, also when shrunk to half by nearest neighbour; after bilinear resizing they have 0.14 to 0.6."""

LARGE_HOLE = 0.6
"""Hole ratio above which a mask may be the wrong way round."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or looks so."""

    severity: Literal["error", "warning"]
    """error: training on it fails or learns something wrong. warning: look at it."""
    sentence: str
    files: tuple[str, ...] = ()
    """Every file that it is about, by name."""


@dataclass(frozen=True)
class Report:
    """What `check` found."""

    photos: int
    maps: int
    masks: int
    pixels: Mapping[str, int]
    """Class name -> pixels of all maps; a partial label is called "building or vegetation", 255 is "unknown". Empty without
    maps that can be read."""
    findings: tuple[Finding, ...]
    """Errors first."""

    @property
    def ok(self) -> bool:
        """No finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)


def check(
    images: str | Path,
    labels: str | Path | None = None,
    label_set: LabelSet | None = None,
    masks: str | Path | None = None,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Read every photo, label map and mask of a data set and say what is wrong with it.

    images, labels: folders, paired as `folder.folder` does.  masks: a folder of hole masks, white = hole; they need not pair.
    progress: called with files done and files in all.
    Raises DataError when a folder is missing, empty or ambiguous, or when label maps come without a label set.
    """
    photos, maps = _photos_and_maps(images, labels, label_set)
    return _check(photos, None if labels is None else maps, label_set, {} if masks is None else by_name(masks), None, progress)


def check_set(
    data: Dataset, expected: int | None = None, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> Report:
    """The same for a split of a public data set, whose photos and maps pair. expected: photos of the whole set."""
    return _check(*_files(data), data.labels, {}, expected, progress)


def check_masks(
    files: MaskFiles, expected: int | None = None, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> Report:
    """The same for masks alone."""
    return _check({}, None, None, dict(zip(files.names, files.paths, strict=True)), expected, progress)


def _files(data: Dataset) -> tuple[dict[str, Path], dict[str, Path] | None]:
    """Photos, and maps where there are any, by name."""
    maps = {item.name: item.labels for item in data.items if item.labels}
    return {item.name: item.image for item in data.items}, maps or None


def _check(
    photo_files: Mapping[str, Path],
    maps: Mapping[str, Path] | None,
    label_set: LabelSet | None,
    mask_paths: Mapping[str, Path],
    expected: int | None,
    progress: Callable[[int, int], None],
) -> Report:
    map_files = maps or {}
    totals = {"photos": len(photo_files), "label maps": len(map_files), "masks": len(mask_paths)}
    total, done = sum(totals.values()), itertools.count(1)
    notes: _Notes = defaultdict(dict)
    if maps is not None:
        notes[_NO_MAP] = dict.fromkeys(photo_files.keys() - map_files.keys(), "")
        notes[_NO_PHOTO] = dict.fromkeys(map_files.keys() - photo_files.keys(), "")
    sizes: dict[str, tuple[int, ...]] = {}
    for name, path in photo_files.items():
        try:
            sizes[name] = image_files.read(path).pixels.shape[:2]
        except ImageError as error:
            notes[_BAD_PHOTO][name] = str(error)
        progress(next(done), total)
    counts = np.zeros(256, np.int64)
    if label_set is not None and map_files:
        coding = _Coding(label_set)
        for name, path in map_files.items():
            ids = _examine_map(name, path, coding, notes)
            counts += np.bincount(ids[ids >= 0], minlength=256)
            if name in sizes and ids.size and ids.shape != sizes[name]:
                notes[_SIZE][name] = "{1}x{0}, photo {3}x{2}".format(*ids.shape, *sizes[name])
            progress(next(done), total)
    for name, path in mask_paths.items():
        _examine_mask(name, path, notes)
        progress(next(done), total)
    findings = [
        _finding(kind, files, totals[kind.of]) for kind, files in notes.items() if len(files) > kind.share * totals[kind.of]
    ]
    pixels: dict[str, int] = {}
    if label_set is not None and counts.any():
        pixels = _histogram(label_set, counts)
        if absent := [name for name in label_set.classes if not pixels[name]]:
            findings.append(Finding("warning", f"no label map shows {', '.join(absent)}"))
    if expected is not None and (found := len(photo_files) or len(mask_paths)) != expected:
        what = "photos" if photo_files else "masks"
        findings.append(Finding("warning", f"{found:,} {what} are there, and {expected:,} in the whole set"))
    findings.sort(key=lambda finding: finding.severity)
    return Report(len(photo_files), len(map_files), len(mask_paths), pixels, tuple(findings))


def contact_sheet(
    images: str | Path, labels: str | Path | None = None, label_set: LabelSet | None = None, *, count: int = 8, height: int = 180
) -> NDArray[np.uint8]:
    """Photos and their label maps side by side, two pairs in a row, and the legend of the label set below: RGB (H, W, 3) uint8.

    `count` photos, evenly spread over the sorted names, each `height` pixels high. Unknown is black; what the label set does not
    have is white. Pairs with a file that cannot be read are left out.
    Raises DataError as `check` does, and when no photo can be read.
    """
    return _sheet(*_photos_and_maps(images, labels, label_set), label_set, count, height)


def contact_sheet_of_set(data: Dataset, *, count: int = 8, height: int = 180) -> NDArray[np.uint8]:
    """The same for a split of a public data set."""
    photos, maps = _files(data)
    return _sheet(photos, maps or {}, data.labels, count, height)


def _sheet(
    photo_files: Mapping[str, Path], map_files: Mapping[str, Path], label_set: LabelSet | None, count: int, height: int
) -> NDArray[np.uint8]:
    coding = _Coding(label_set) if label_set is not None else None
    names = list(photo_files)
    shown = [names[i] for i in np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)]
    pairs: list[list[sheets.Panel]] = []
    for name in shown:
        with suppress(ImageError, LabelError):
            pair: list[sheets.Panel] = [(name, _scaled(image_files.read(photo_files[name]).rgb8(), height, Image.Resampling.BOX))]
            if name in map_files and coding is not None:
                pair.append(("labels", _scaled(coding.colourise(_raw(map_files[name])), height, Image.Resampling.NEAREST)))
            pairs.append(pair)
    if not pairs:
        raise DataError(f"none of the {len(shown)} photos shown can be read: {listed(shown)}")
    rows = [[*itertools.chain(*pairs[i : i + 2])] for i in range(0, len(pairs), 2)]
    if label_set is not None and map_files:
        rows.append([(f"label set {label_set.name}", sheets.legend(label_set))])
    return sheets.grid(rows)


def _photos_and_maps(
    images: str | Path, labels: str | Path | None, label_set: LabelSet | None
) -> tuple[Mapping[str, Path], Mapping[str, Path]]:
    if labels is not None and label_set is None:
        raise DataError(f"label maps in {labels} need a label set that says what their ids mean")
    return by_name(images), {} if labels is None else by_name(labels)


@dataclass(frozen=True)
class _Kind:
    """A kind of finding: "{count} of {total} {of} {what}: {the first files}{advice}"."""

    severity: Literal["error", "warning"]
    of: Literal["photos", "label maps", "masks"]
    what: str
    advice: str = ""
    share: float = 0.0
    """Reported when it holds for more than this share of the files."""


_Notes = defaultdict[_Kind, dict[str, str]]
"""Kind -> name of a file -> what is peculiar about this one, or ""."""

_NO_MAP = _Kind("error", "photos", "have no label map of the same name")
_BAD_PHOTO = _Kind("error", "photos", "cannot be read", "replace them or take them out")
_NO_PHOTO = _Kind("error", "label maps", "have no photo of the same name")
_BAD_MAP = _Kind("error", "label maps", "cannot be read", "replace them or take them out")
_SIZE = _Kind("error", "label maps", "differ in size from their photo", "resize maps by nearest neighbour")
_DEPTH = _Kind("error", "label maps", "are neither 8-bit ids nor 8-bit colours", "store one byte of class id per pixel")
_LOSSY = _Kind("error", "label maps", "are JPEG files, which change ids", "make them again as PNG")
_IDS = _Kind("error", "label maps", "hold ids that the label set does not have", "choose another label set, or remap them")
_COLOURS = _Kind(
    "error", "label maps", "hold colours that the label set does not have", "choose another label set, or recolour them"
)
_BLEND = _Kind(
    "warning", "label maps", "look anti-aliased: between two areas lie values between theirs", "resize maps by nearest neighbour"
)
_BINARY = _Kind(
    "warning", "label maps", "hold nothing but 0 and 255", "are they hole masks, or ids that were scaled up?", share=0.5
)
_EMPTY = _Kind("warning", "label maps", "are unknown in more than half of their pixels", share=0.5)
_BAD_MASK = _Kind("error", "masks", "cannot be used")
_ALL_HOLE = _Kind("error", "masks", "are all hole")
_NO_HOLE = _Kind("warning", "masks", "have no hole")
_GREY = _Kind("warning", "masks", "are not black and white", "from 128 on a pixel is hole")
_POLARITY = _Kind(
    "warning",
    "masks",
    f"are more than {LARGE_HOLE:.0%} hole",
    "white is the hole: if it should be black, invert the masks",
    share=0.5,
)


def _finding(kind: _Kind, files: Mapping[str, str], total: int) -> Finding:
    named = listed(f"{name} ({detail})" if detail else name for name, detail in files.items())
    advice = f"; {kind.advice}" if kind.advice else ""
    return Finding(kind.severity, f"{len(files)} of {total} {kind.of} {kind.what}: {named}{advice}", tuple(sorted(files)))


class _Coding:
    """How a label set's files are coded, forgiving: what it does not have decodes to -1."""

    def __init__(self, label_set: LabelSet) -> None:
        self._set = label_set
        self._ids = np.array([self._decoded(number) for number in range(256)])
        self._colours = {0: UNKNOWN} | {_code(np.array(rgb)).item(): i for i, rgb in enumerate(label_set.colours)}

    def _decoded(self, number: int) -> int:
        try:
            return int(self._set.decode(np.array([[number]], np.uint8)).item())
        except LabelError:
            return -1

    def decode(self, raw: NDArray[np.uint8]) -> NDArray[np.int_]:
        """Ids (H, W) or colours (H, W, 3) as stored -> class ids (H, W), -1 where the label set has no such id or colour."""
        if raw.ndim == 2:
            return self._ids[raw]
        codes, inverse = np.unique(_code(raw), return_inverse=True)
        return np.array([self._colours.get(code, -1) for code in codes.tolist()])[inverse.reshape(raw.shape[:2])]

    def colourise(self, raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The map as RGB (H, W, 3); white where the label set has no such id or colour."""
        ids = self.decode(raw)
        known: LabelMap = np.where(ids < 0, UNKNOWN, ids).astype(np.uint8)
        return np.where(ids[..., None] < 0, np.uint8(255), self._set.colourise(known))


def _code(rgb: NDArray[np.integer]) -> NDArray[np.int64]:
    code: NDArray[np.int64] = rgb.astype(np.int64) @ np.array([65536, 256, 1])
    return code


def _examine_map(name: str, path: Path, coding: _Coding, notes: _Notes) -> NDArray[np.int_]:
    """Note what is wrong with one label map. Its class ids (H, W), -1 where it has none; empty when it cannot be read."""
    if path.suffix.lower() in (".jpg", ".jpeg"):
        notes[_LOSSY][name] = ""
    try:
        raw = _raw(path)
    except ImageError as error:
        notes[_BAD_MAP][name] = str(error)
        return np.zeros((0, 0), np.int_)
    except LabelError:
        notes[_DEPTH][name] = ""
        return np.zeros((0, 0), np.int_)
    ids = coding.decode(raw)
    if (ids < 0).any():
        kind, noun = (_IDS, "id") if raw.ndim == 2 else (_COLOURS, "colour")
        strange = np.unique(raw[ids < 0], axis=0).tolist()
        notes[kind][name] = f"{noun} {strange[0] if raw.ndim == 2 else tuple(strange[0])}" + (
            f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        )
    if _blended(raw) > BLENDED:
        notes[_BLEND][name] = ""
    if raw.ndim == 2 and set(np.unique(raw).tolist()) == {0, 255}:
        notes[_BINARY][name] = ""
    if (ids == UNKNOWN).mean() > 0.5:
        notes[_EMPTY][name] = ""
    return ids


def _blended(raw: NDArray[np.uint8]) -> float:
    """Pixels whose value lies strictly between those of their two neighbours in a row or column, per change of value.

    Ids have no order, so a clean map has few of them; interpolation puts one or more on every border.
    """
    between, changes = 0, 0
    for values in (raw, raw.swapaxes(0, 1)):
        before, here, after = values[:, :-2], values[:, 1:-1], values[:, 2:]
        between += int(np.count_nonzero((np.minimum(before, after) < here) & (here < np.maximum(before, after))))
        changes += int(np.count_nonzero(values[:, 1:] != values[:, :-1]))
    return between / max(changes, 1)


def _examine_mask(name: str, path: Path, notes: _Notes) -> None:
    try:
        hole, pixels = mask_files.read(path), image_files.read(path).pixels
    except MaskError as error:
        notes[_BAD_MASK][name] = str(error)
        return
    ratio = mask_files.ratio(hole)
    if ratio == 1:
        notes[_ALL_HOLE][name] = ""
    if ratio == 0:
        notes[_NO_HOLE][name] = ""
    if ratio > LARGE_HOLE:
        notes[_POLARITY][name] = f"{ratio:.0%}"
    white = np.iinfo(pixels.dtype).max
    if ((pixels > white // 16) & (pixels < white - white // 16)).mean() > 0.01:
        notes[_GREY][name] = ""


def _histogram(label_set: LabelSet, counts: NDArray[np.int64]) -> dict[str, int]:
    names = dict(enumerate(label_set.classes))
    names |= {number: " or ".join(members) for number, members in label_set.partial.items()} | {UNKNOWN: "unknown"}
    return {name: int(counts[number]) for number, name in names.items()}


def _scaled(rgb: NDArray[np.uint8], height: int, how: Image.Resampling) -> NDArray[np.uint8]:
    width = max(1, round(rgb.shape[1] * height / rgb.shape[0]))
    return np.asarray(Image.fromarray(rgb).resize((width, height), how))


_AS_STORED = LabelSet("as stored", (), (), file_ids={number: number for number in range(256)})


def _raw(path: Path) -> NDArray[np.uint8]:
    """A label map as it is stored: ids (H, W) of a palette or grey file, or RGB (H, W, 3), uint8.

    Raises ImageError for a file that cannot be read, LabelError for one that holds neither 8-bit ids nor 8-bit colours.
    """
    try:
        return image_files.read_labels(path, _AS_STORED)
    except LabelError:
        picture = image_files.read(path)
        if picture.pixels.shape[2] != 3 or picture.pixels.dtype != np.uint8:
            raise
        return picture.rgb8()
