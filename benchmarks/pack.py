"""Packs what a training config draws from into one small folder, so that it can be carried to another machine.

    python benchmarks/pack.py configs/sge-net/street-minutes.toml packed --limit 30
    SCENEFILL_DATA=packed scenefill train packed/config.toml --init sge-net-street.safetensors --out runs/minutes

The folder holds the photos (WebP, smaller side at most `--side`), their label maps in the ids of the config's label set, the mask
files, the file of the feature network, and the config with these sources in place of its own. Relative paths: run it from where
the folder lies. Where not all photos fit below the limit, every source gives the same share of its own.
"""

from __future__ import annotations

import io
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import cv2
import typer
from PIL import Image

from scenefill import labels as label_sets
from scenefill.data import public
from scenefill.data.augment import resize_short_side
from scenefill.data.stream import data_root
from scenefill.labels import UNKNOWN, LabelSet
from scenefill.losses.perceptual import ESPNETV2_FILE, SQUEEZENET_FILE
from scenefill.models import registry

T = TypeVar("T")
MASKS = 600
"""Mask files that are taken, of all that there are."""
PLACED = {"squeezenet": SQUEEZENET_FILE, "espnetv2": ESPNETV2_FILE}


@dataclass(frozen=True)
class Packed:
    """One photo of a source."""

    source: str
    name: str
    photo: bytes
    """WebP."""
    labels: bytes
    """PNG; empty where no pixel is known."""

    @property
    def size(self) -> int:
        return len(self.photo) + len(self.labels)


def photos(entry: str, side: int, quality: int, label_set: LabelSet) -> list[Packed]:
    """The photos of a source, at most `side` pixels at the smaller side."""
    dataset = public.source(entry, data_root(), label_set)
    found = []
    for index in range(len(dataset)):
        picture, labels = dataset.load(index, label_set)
        if min(labels.shape) > side:
            picture, labels = resize_short_side(picture, labels, side)
        webp = io.BytesIO()
        Image.fromarray(picture).save(webp, "WEBP", quality=quality, method=4)
        known = (labels != UNKNOWN).any()
        png = cv2.imencode(".png", labels, (cv2.IMWRITE_PNG_COMPRESSION, 9))[1].tobytes() if known else b""
        found.append(Packed(folder(entry), f"{index:05d}", webp.getvalue(), png))
    return found


def folder(entry: str) -> str:
    """Name of the folder of a source."""
    return entry.partition("*")[0].strip().replace(":", "-")


def thinned(things: list[T], share: float) -> list[T]:
    """An evenly spread share of them, in their order; all of them from 1 on."""
    return [things[int(i / share)] for i in range(int(len(things) * share))] if share < 1 else things


def main(
    config: Annotated[Path, typer.Argument(help="Training config.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; it must not exist.")],
    side: Annotated[int, typer.Option(help="Largest smaller side of a photo, pixels.")] = 208,
    quality: Annotated[int, typer.Option(help="Of the photos, as WebP.")] = 55,
    limit: Annotated[float, typer.Option(help="Size of the folder at most, MiB.")] = 30.0,
) -> None:
    """Write the folder."""
    text = config.read_text()
    values = tomllib.loads(text)
    label_set = label_sets.get(values["network"]["label_set"])
    out.mkdir(parents=True)
    if placed := PLACED.get(values["loss"].get("perceptual_network", "")):
        (out / "weights").mkdir()
        shutil.copy(registry.placed_file(placed), out / "weights" / placed)
    if masks := values["data"].get("mask_files"):
        (out / masks).mkdir()
        files = sorted((data_root() / masks).iterdir())
        for path in thinned(files, MASKS / len(files)):
            shutil.copy(path, out / masks)
    room = limit * 2**20 * 0.99 - size(out)
    sources = values["data"]["sources"]
    found = [photos(entry.partition("*")[0].strip(), side, quality, label_set) for entry in sources]
    share = room / sum(photo.size for each in found for photo in each)
    for photo in (photo for each in found for photo in thinned(each, share)):
        for kind, name, data in (("images", f"{photo.name}.webp", photo.photo), ("labels", f"{photo.name}.png", photo.labels)):
            if data:
                (out / photo.source / kind).mkdir(parents=True, exist_ok=True)
                (out / photo.source / kind / name).write_bytes(data)
    for entry in sources:
        text = text.replace(f'"{entry}"', f'"{out / folder(entry)}{"".join(entry.partition(" *")[1:])}"')
    (out / "config.toml").write_text(text)
    typer.echo(f"{min(share, 1):.0%} of {sum(map(len, found))} photos, {size(out) / 2**20:.1f} MiB: {out / 'config.toml'}")


def size(folder: Path) -> int:
    """Bytes of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    typer.run(main)
