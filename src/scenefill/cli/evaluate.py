"""scenefill evaluate: how good models are, in numbers that can be compared, with a page of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options

if TYPE_CHECKING:
    from ..evaluation.measures import Judge
    from ..labels import LabelSet

EXAMPLE = options.example(
    "scenefill evaluate --model telea --model sge-net-street --data camvid:test --masks irregular --out report"
)

Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="May be repeated; the first is what the others are compared with.",
        show_default=options.DEFAULT_MODEL,
    ),
]
Holes = Annotated[
    str,
    typer.Option(
        "--holes",
        "--masks",
        metavar="KIND|DIR",
        help="centre, boxes, free-form, irregular, removal, removal-residue, nvidia-masks:20-30, or a folder.",
    ),
]
Classes = Annotated[
    str, typer.Option(metavar="SET|TOML", help="Classes to compare, and how DIR/labels is coded: a name, or your own file.")
]
Features = Annotated[
    str, typer.Option(metavar="NETWORK", help="inception (FID, KID, IS), lpips-alex, lpips-vgg, squeezenet, vgg16 or none.")
]
Also = Annotated[
    list[str] | None,
    typer.Option(metavar="METRIC", help="Measure this too: ms_ssim, l2, l1[relative], ssim[pen-net], ... May be repeated."),
]


def evaluate(
    data: Annotated[str, typer.Option(metavar="DIR|SET:SPLIT", help="Folder with images/ and labels/, or a public set.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the report.")],
    model: Models = None,
    masks: Holes = "centre",
    count: Annotated[int | None, typer.Option(min=1, help="So many photos, spread evenly.", show_default="all")] = None,
    seed: options.Seed = 0,
    label_set: Classes = "street",
    root: options.DataRoot = Path("data"),
    masks_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Irregular masks.", show_default="irregular_masks in --root")
    ] = None,
    features: Features = "squeezenet",
    also: Also = None,
    detail: options.Detail = "none",
    pictures: Annotated[int, typer.Option(min=0, help="So many cases are shown on the page.")] = 40,
    threads: options.Threads = None,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    overwrite: options.Overwrite = False,
) -> None:  # fmt: skip
    """Measure models on the same holes.

    Writes tables with intervals and a page of pictures: PSNR, SSIM and L1, each also inside the hole; seam; sharpness;
    checkerboard; feature distance; phantom; label accuracy, mIoU and calibration; by hole ratio, scene complexity and class.
    Holes of the kind removal have the outlines of movable things of other photos and lie over background. Photos are cut to
    their middle square and brought to 256x256. Unless --detail says otherwise, networks are compared by what they draw
    themselves.
    """
    options.check_installed("torch", "torchmetrics", extra="train", what="scenefill evaluate")
    from .. import labels as label_sets
    from ..data import public
    from ..evaluation import cases, run
    from ..evaluation.measures import check_extras
    from ..filling import inpainter
    from ..metrics import official
    from .progress import tracked

    extras = check_extras(also or ())
    labels = label_sets.get(label_set)
    photos = public.source(data, root, labels)
    masks_dir = masks_dir or root / "irregular_masks"
    holes = cases.build(photos, masks, labels=labels, masks_dir=masks_dir, root=root, count=count, seed=seed)
    run.evaluate(
        {
            name: inpainter.load(given, threads=threads, runtime=runtime, precision=precision, device=device)
            for given, name in _named(model or [options.DEFAULT_MODEL]).items()
        },
        holes,
        out,
        features=None if features == "none" else official.features(features),
        judge=_judge(labels) if masks.startswith("removal") else None,
        extras=extras,
        detail=detail,
        pictures=pictures,
        overwrite=overwrite,
        follow=lambda samples: tracked(samples, "cases"),
    )
    typer.echo(f"{out / 'report.md'}: {len(holes)} cases, sha256 {holes.digest[:12]}; pictures: {out / 'index.html'}")


def _judge(labels: LabelSet) -> Judge | None:
    """The independent segmenter, where its public file is at hand."""
    from ..errors import WeightsError
    from ..evaluation.segmenter import FILE, Segmenter

    try:
        return Segmenter.open(labels).segment
    except WeightsError:
        typer.echo(f"phantom is left out: {FILE} is in neither SCENEFILL_DATA nor the cache", err=True)
        return None


def _named(models: list[str]) -> dict[str, str]:
    """What was given -> its name in the report: the file's stem, or the whole path where two stems are equal."""
    stems = {given: Path(given).stem if given.endswith(".safetensors") else given for given in models}
    return stems if len(set(stems.values())) == len(stems) else {given: given for given in models}
