"""scenefill pack: photos and maps in shards, for sets that fit no memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill pack my-photos/ camvid:train -o shards/ --crops 4 --size 256 --short-side 256-384")


def pack(
    sources: Annotated[
        list[str], typer.Argument(metavar="DIR|SET:SPLIT...", help="Folders with images/ and labels/, or public sets.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the shards.")],
    labels: options.LabelSetName = "street",
    short_side: Annotated[
        str | None, typer.Option(metavar="PIXELS|LOW-HIGH", help="Shrink photos to this size, or one drawn from a range.")
    ] = None,
    crops: Annotated[int, typer.Option(min=0, help="Pack so many squares of each photo; 0: the whole photo.")] = 0,
    size: Annotated[int, typer.Option(min=16, metavar="PIXELS", help="Side of these squares.")] = 256,
    per_shard: Annotated[int, typer.Option(min=1, help="Photos of a shard.")] = 1000,
    seed: options.Seed = 0,
    root: options.DataRoot = Path("data"),
    overwrite: options.Overwrite = False,
) -> None:  # fmt: skip
    """Pack photos and maps into shards to train from.

    The shards are tar files as WebDataset lays them out, and an index. A config reads them from a folder, from any web host or
    from S3, as they are needed: data.shards = "https://example.org/shards". Photos of a size that stays are packed as their files
    are.
    """
    from .. import labels as label_sets
    from ..data import public, shards
    from .progress import counted

    label_set = label_sets.get(labels)
    datasets = [public.source(source, root, label_set) for source in sources]
    cut = shards.Cut(_range(short_side), crops, size)
    with counted("packing") as progress:
        index = shards.pack(
            datasets, out, label_set, cut=cut, per_shard=per_shard, seed=seed, overwrite=overwrite, progress=progress
        )
    typer.echo(f"{out}: {sum(index.shards.values())} photos in {len(index.shards)} shards")


def _range(text: str | None) -> tuple[int, int] | None:
    """Two numbers out of "256" or "256-384". Raises InputError for anything else."""
    from ..errors import InputError

    if text is None:
        return None
    low, dash, high = text.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()) or not 0 < int(low) <= int(high or low):
        raise InputError(f'--short-side is a number of pixels or a range, such as 256 or 256-384, not "{text}"')
    return int(low), int(high or low)
