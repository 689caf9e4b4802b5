"""Feeds what no user would send to all that reads bytes, led by which lines of scenefill were reached (atheris, libFuzzer).

    python benchmarks/parser_fuzz.py                         ten minutes, shared among the parsers
    python benchmarks/parser_fuzz.py --seconds 60 --only jpeg exif
    python benchmarks/parser_fuzz.py --corpus out/pillow     begins with the files of a folder too (see pillow_files.py)

It begins with real files: the examples, made small, the package's own label sets and configs, and a weights file. Allowed is an
answer, or an error of scenefill's own (over HTTP, a 4xx). All else, a traceback, 20 seconds over one input, 2 GiB of memory, is a
find: its input is kept in out/fuzz/, and the exit code is 1. Needs the extra "nightly".
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import itertools
import json
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOUND = Path("out/fuzz")
LONGEST = 1 << 16
Seeds = Iterator[bytes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="for so long in all")
    parser.add_argument("--only", nargs="+", choices=PARSERS, default=list(PARSERS), help="these parsers")
    parser.add_argument("--corpus", type=Path, help="a folder with more pictures to begin with")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments, rest = parser.parse_known_args()
    if arguments.child:
        return child(arguments.only[0], rest)
    each = max(1, arguments.seconds // len(arguments.only))
    codes = [fuzz(name, each, arguments.seed, arguments.corpus) for name in arguments.only]
    raise SystemExit(int(any(codes)))


def fuzz(name: str, seconds: int, seed: int, more: Path | None) -> int:
    """Fuzzes one parser in a process of its own, and prints what became of it."""
    FOUND.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(itertools.chain(PARSERS[name][1](), pictures_of(name, more))):
            (Path(folder) / f"{number:04}").write_bytes(data[:LONGEST])
        limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", f"-max_len={LONGEST}", f"-seed={seed}"]
        command = [sys.executable, __file__, "--child", "--only", name, *limits, f"-artifact_prefix={FOUND / name}-", folder]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    count = re.findall(r"^#(\d+)", done.stderr, re.M)
    reached = re.findall(r"cov: (\d+)", done.stderr)
    print(f"{name:12} {count[-1] if count else 0:>9} inputs  {reached[-1] if reached else 0:>6} edges ", end="")
    print("fine" if not done.returncode else f"FOUND\n{done.stderr[-3000:]}", flush=True)
    return done.returncode


def child(name: str, options: list[str]) -> None:
    """libFuzzer's loop, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["scenefill"]):
        import scenefill.labels
        import scenefill.models.weights
        import scenefill.pictures.masks
        import scenefill.training.config
        import scenefill.web.editor  # noqa: F401
    parse = PARSERS[name][0]

    def one(data: bytes) -> None:
        with allowed():
            parse(data)

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Lets through what is no error of ours."""
    from fastapi import HTTPException

    from scenefill.errors import ScenefillError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ScenefillError as error:
            if not str(error).strip():
                raise AssertionError("an error without a sentence") from error
        except HTTPException as error:
            if not 400 <= error.status_code < 500:
                raise


# ------------------------------------------------------------------------------------------------------------- the parsers


def picture(data: bytes) -> None:
    """Reads a picture and writes it in its own format, with all that it says of its photo."""
    from scenefill.pictures import images

    found = images.read(data, page=1)
    if found.pixels.size < 1 << 20 and found.format in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        images.read(images.encode(found, found.format))


def mask(data: bytes) -> None:
    from scenefill.pictures import masks

    masks.read(data)


def label_map(data: bytes) -> None:
    from scenefill import labels
    from scenefill.pictures import images

    images.read_labels(data, labels.get("street"))


def exif(data: bytes) -> None:
    from scenefill.pictures import exif

    if settled := exif.settled(data, (30, 40)):
        assert exif.settled(settled, (30, 40)) == settled


def packet(data: bytes) -> None:
    """XMP, IPTC and Photoshop's blocks."""
    from scenefill.pictures import packets

    if settled := packets.settled_xmp(data, 40, 30):
        assert packets.settled_xmp(settled, 40, 30) == settled
    if kept := packets.settled_iptc(data):
        assert packets.settled_iptc(kept) == kept
    packets.iptc_from_photoshop(data)
    packets.from_png_text(data.decode("latin-1"))


def weights(data: bytes) -> None:
    from scenefill.models import weights

    with in_a_file(data, ".safetensors") as path:
        weights.read_tensors(path)


def description(data: bytes) -> None:
    from scenefill.models import weights

    info = weights.Info.from_json(data.decode("utf-8", "replace"))
    assert info.labels is None or len(info.labels)


def label_set(data: bytes) -> None:
    from scenefill import labels

    with in_a_file(data, ".toml") as path:
        found = labels.get(path)
    assert labels.get(labels.portable(found)) == found


def config(data: bytes) -> None:
    from scenefill.training import config

    with in_a_file(data, ".toml") as path:
        found = config.load(path)
    assert config.parse(config.plain(found)) == found


def options(data: bytes) -> None:
    """Bodies of the service in JSON."""
    from scenefill.web import editor, intake

    text = data.decode("utf-8", "replace")
    for kind in (intake.InpaintOptions, intake.EraseOptions, intake.SegmentOptions, editor.VariantOptions):
        with allowed():
            intake.options(text, kind)


@contextlib.contextmanager
def in_a_file(data: bytes, suffix: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(suffix=suffix, dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        file.write(data)
        file.flush()
        yield Path(file.name)


# --------------------------------------------------------------------------------------------------------- what they begin with


def small(*kinds: str) -> Callable[[], Seeds]:
    """The example photos at a 20th of their size, with what they say of themselves; and masks of two colours."""

    def seeds() -> Seeds:
        from PIL import Image

        for path in sorted((ROOT / "examples").glob("*/*.[jp]*g")):
            with Image.open(path) as image:
                exif = image.getexif()
                exif[0x0112], exif[0x010F] = 6, "A camera"
                image.thumbnail((64, 64))
                for kind in kinds:
                    file = io.BytesIO()
                    image.save(file, kind, **({} if kind in ("GIF", "BMP") else {"exif": exif, "xmp": XMP}))
                    yield file.getvalue()

    return seeds


def pictures_of(name: str, folder: Path | None) -> Seeds:
    """The files of a folder that a parser may read."""
    suffixes = FILES.get(name)
    if suffixes and folder:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in suffixes and path.stat().st_size <= LONGEST:
                yield path.read_bytes()


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:e="http://ns.adobe.com/exif/1.0/" tiff:Orientation="6" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/"><e:PixelXDimension>9</e:PixelXDimension><xmp:Thumbnails><rdf:Alt/>'
    b"</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def blocks() -> Seeds:
    """EXIF blocks, of both byte orders."""
    from PIL import Image

    for data in small("JPEG")():
        yield Image.open(io.BytesIO(data)).info["exif"]
    yield b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def said() -> Seeds:
    from scenefill.pictures import packets

    records = b"\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x19\x00\x06street\x1c\x02\xca\x00\x02ab"
    yield from (XMP, records, packets.photoshop(records), packets.png_text(records).encode())


def described() -> Seeds:
    """What the package's own network says of itself, and of a user's classes."""
    from scenefill import labels
    from scenefill.models import registry, weights

    info = weights.read_info(registry.find("sge-net-street"))
    for label_set in (info.label_set, labels.tables.to_table(labels.get("street"))):
        yield json.dumps(dataclasses.asdict(dataclasses.replace(info, label_set=label_set))).encode()


def tensors() -> Seeds:
    import numpy as np

    from scenefill.models import registry, weights

    info = weights.read_info(registry.find("sge-net-street"))
    values = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "steps": np.array([3])}
    with tempfile.TemporaryDirectory() as folder:
        weights.save(path := Path(folder) / "tiny.safetensors", values, info)
        yield path.read_bytes()


def tables() -> Seeds:
    yield from (path.read_bytes() for path in sorted((ROOT / "src/scenefill/labels/sets").glob("*.toml")))


def runs() -> Seeds:
    yield from (path.read_bytes() for path in sorted((ROOT / "configs").rglob("*.toml")))


def bodies() -> Seeds:
    yield b'{"model": "telea", "forbid": ["car"], "grow": 3, "feather": 2, "detail": "auto", "invert_mask": true, "size": 256}'
    yield b'{"what": ["sky", "road"], "grow": 6, "format": "png"}'
    yield b'{"base": "1", "unsure": 0.9}'


PARSERS: dict[str, tuple[Callable[[bytes], None], Callable[[], Seeds]]] = {
    "jpeg": (picture, small("JPEG")),
    "gif": (picture, small("GIF")),
    "picture": (picture, small("PNG", "WEBP", "TIFF", "BMP")),
    "mask": (mask, small("PNG", "GIF")),
    "label-map": (label_map, small("PNG")),
    "exif": (exif, blocks),
    "packets": (packet, said),
    "weights": (weights, tensors),
    "description": (description, described),
    "label-set": (label_set, tables),
    "config": (config, runs),
    "options": (options, bodies),
}
FILES = {"jpeg": (".jpg", ".jpeg"), "gif": (".gif",), "picture": (".png", ".webp", ".tif", ".tiff", ".bmp"), "mask": (".png",)}
"""Parser -> the files of a corpus that it begins with too."""

if __name__ == "__main__":
    main()
