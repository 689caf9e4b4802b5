"""scenefill masks: hole masks that anybody can make again from their seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options

if TYPE_CHECKING:
    import numpy as np

    from ..pictures.masks import Mask

app = typer.Typer(
    help="Make hole masks that a seed reproduces.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Out = Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the masks: 0000.png, 0001.png, ...")]
Size = Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Size of the masks.")]
Count = Annotated[int, typer.Option(min=1, help="How many masks.")]


@app.command(epilog=options.example("scenefill masks centre holes --size 256"))
def centre(
    out: Out,
    size: Size = "256",
    side: Annotated[int | None, typer.Option(min=1, help="Side of the hole.", show_default="half of the smaller side")] = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """A square hole in the middle."""
    from ..pictures import shapes

    height, width = options.size(size)
    _write(out, 1, 0, lambda _: shapes.centre(height, width, side), overwrite, as_json)


@app.command(epilog=options.example("scenefill masks boxes holes --size 640x480 --count 100 --seed 1"))
def boxes(
    out: Out,
    size: Size = "256",
    count: Count = 10,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """One to five rectangles at random."""
    from ..pictures import shapes

    height, width = options.size(size)
    _write(out, count, seed, lambda rng: shapes.boxes(height, width, rng), overwrite, as_json)


@app.command(epilog=options.example("scenefill masks free-form holes --count 100"))
def free_form(
    out: Out,
    size: Size = "256",
    count: Count = 10,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Brush strokes, as a hand rubs something out."""
    from ..pictures import shapes

    height, width = options.size(size)
    _write(out, count, seed, lambda rng: shapes.free_form(height, width, rng), overwrite, as_json)


@app.command(epilog=options.example("scenefill masks from-labels labels/ holes --label-set camvid --what car,pedestrian"))
def from_labels(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="Folder of label maps.")],
    out: Out,
    what: Annotated[str, typer.Option(metavar="CLASSES", help="Classes whose outlines are used.")],
    label_set: options.LabelSetName = "street",
    size: Size = "256",
    count: Count = 10,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Outlines of real objects, taken from label maps of other photos."""
    from .. import labels as label_sets
    from ..errors import DataError
    from ..pictures import images, shapes

    height, width = options.size(size)
    chosen = label_sets.get(label_set)
    ids = chosen.ids(options.names(what))
    maps = sorted(path for path in labels.rglob("*.png"))

    def one(rng: np.random.Generator) -> Mask:
        for index in rng.permutation(len(maps)):
            mask = shapes.objects(images.read_labels(maps[index], chosen), ids, height, width, rng)
            if mask is not None:
                return mask
        raise DataError(f"none of the {len(maps)} label maps (PNG) below {labels} has a fitting region of {what}")

    _write(out, count, seed, one, overwrite, as_json)


@app.command(epilog=options.example("scenefill masks removal my-photos/labels holes --label-set street"))
def removal(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="Folder of label maps.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the masks, named as the label maps.")],
    label_set: options.LabelSetName = "street",
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
) -> None:
    """Holes as removed objects leave them: for each photo, outlines of movable things of another, laid over its background.

    A photo without enough background for the things of the others gets none.
    """
    import numpy as np

    from .. import labels as label_sets
    from ..pictures import images, shapes
    from ..pictures import masks as hole_masks
    from .progress import tracked

    chosen = label_sets.get(label_set)
    paths = sorted(labels.rglob("*.png"))
    maps = [images.read_labels(path, chosen) for path in paths]
    movable, written = chosen.ids(chosen.movable), 0
    for index in tracked(range(len(maps)), "masks"):
        rng = np.random.default_rng([seed, index])
        others = (maps[other] for other in rng.permutation(len(maps)) if other != index)
        holes = (shapes.removal(maps[index], other, movable, rng) for other in others)
        if (hole := next((hole for hole in holes if hole is not None), None)) is not None:
            path = out / paths[index].relative_to(labels)
            path.parent.mkdir(parents=True, exist_ok=True)
            hole_masks.write(hole, path, overwrite=overwrite)
            written += 1
    typer.echo(f"{written} masks in {out}, for {len(maps)} photos")


def _write(out: Path, count: int, seed: int, draw: Callable[[np.random.Generator], Mask], overwrite: bool, as_json: bool) -> None:
    """Draws, writes and reports the masks; each has a generator of its own, so that a larger count keeps the first ones."""
    import numpy as np

    from ..pictures import masks
    from .progress import tracked

    def written() -> Iterator[tuple[str, float]]:
        for index in tracked(range(count), "masks"):
            mask = draw(np.random.default_rng([seed, index]))
            path = out / f"{index:04d}.png"
            masks.write(mask, path, overwrite=overwrite)
            yield path.name, masks.ratio(mask)

    out.mkdir(parents=True, exist_ok=True)
    ratios = dict(written())
    if as_json:
        typer.echo(json.dumps(ratios, indent=2))
        return
    values = np.array(list(ratios.values()))
    typer.echo(f"{count} masks in {out}: hole {values.min():.1%} to {values.max():.1%}, mean {values.mean():.1%}")
    for low in range(0, 100, 10):
        if inside := int(((values >= low / 100) & (values < (low + 10) / 100)).sum()):
            typer.echo(f"  {low:2d}-{low + 10} %  {inside}")
