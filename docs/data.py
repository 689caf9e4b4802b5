"""Prints docs/data.md: the public data sets that scenefill.data knows by name. Run it with `make docs`."""

from __future__ import annotations

from itertools import groupby

from scenefill.data.catalogue import SETS, PublicSet

HEAD = """# Public data

<!-- Made by `make docs` from scenefill.data.catalogue; a test compares the two. -->

Sets that are named as `SET:SPLIT` wherever data is named: `train`, `evaluate`, `check-data`, experiments. Nothing is
downloaded: put the archives, unpacked, below one folder, which `SCENEFILL_DATA`, `--root` or `data.root` names. Whether all of
a set is there and can be read:

    scenefill check-data camvid:train --root path/to/public/sets

Counts are those of a set that is whole. Licences are named as the authors name them; read them at their source before you use a
set, and before you publish weights that were trained on it.

| set | splits | classes | licence | below the folder |
|---|---|---|---|---|
"""
TAIL = """
`train-fit` and `train-val` part `train` by whole series or sequences, so that neighbouring frames never stand on both sides.
`camvid:test-seq05vd` is the only sequence of CamVid without a frame in `train`.

**Masks.** `nvidia-masks:test`, or a part of it such as `nvidia-masks:20-30`, goes wherever a folder of masks does (`--masks`,
`data.mask_files`). The parts are the authors' six, by the number of the file; the hole ratio of each mask is measured as it is
used, and printed. `irregular` stands for a folder of your own, `irregular_masks` below the same folder: every sixth file by name
is held out from training (`MaskFiles.held_out`).
"""


def reference() -> str:
    """The page."""
    return HEAD + "".join(_row(name, what) for name, what in SETS.items()) + TAIL


def _row(name: str, what: PublicSet) -> str:
    classes = f"`{what.labels}`" if what.labels else "masks" if what.holds == "masks" else "none"
    return f"| `{name}`<br>{what.title} | {_splits(what)} | {classes} | {what.licence} | `{what.layout}` |\n"


def _splits(what: PublicSet) -> str:
    """Those of one size, one after the other, in one."""
    parts = []
    for count, names in groupby(what.counts, key=lambda split: what.counts[split]):
        group = list(names)
        called = f"{group[0]} … {group[-1]}" if len(group) > 3 else ", ".join(group)
        parts.append(f"{called} {count:,}")
    return "; ".join(parts)


if __name__ == "__main__":
    print(reference(), end="")
