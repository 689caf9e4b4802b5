"""How fast scenefill is on this machine, and how much memory it takes.

The yardstick for a network's arithmetic is one plain convolution, 3x3 with 64 channels on 256x256 pixels, which ONNX Runtime
computes in the same run: it says what the processor gives to anybody, so that the rate of a network can be judged anywhere.
Commands are timed from outside, from their start to their end, in a process of their own.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..models.runtime import Precision, Runtime

SIZE = 256
BATCH = 8
CONVOLUTION_GFLOP = 2 * 64 * 64 * 9 * SIZE * SIZE / 1e9


@dataclass(frozen=True)
class Row:
    """One line of the report. None: does not apply."""

    what: str
    seconds: float
    """Median of one run."""
    per_second: float | None = None
    """Pictures per second in batches of BATCH."""
    gflop_per_second: float | None = None
    """2 x multiply-adds per second of a single picture."""
    of_convolution: float | None = None
    """The same over that of the plain convolution."""
    peak_mib: float | None = None
    """Largest resident memory of a process that does this once."""
    of_onnxruntime: float | None = None
    """Seconds over those of the same network on ONNX Runtime at fp32, the two measured in turns."""


def run(models: Sequence[str], *, threads: int = 2, seconds: float = 2.0) -> Iterator[Row]:
    """Measure the plain convolution, each model on 256x256, detail, four commands, the editor; rows come as they are measured.

    threads: of ONNX Runtime for the convolution and the models; the commands run as a user starts them, with their defaults.
    seconds: each of the timings is repeated for at least so long.
    Raises WeightsError for a model that there is not.
    """
    from ..models import registry

    plain = convolution(threads, seconds)
    yield plain
    for name in models:
        yield fill(name, threads, seconds, plain)
        if name not in registry.CLASSICAL:
            for way in others():
                yield compared(name, way, threads, seconds, plain)
    yield detail(seconds)
    with tempfile.TemporaryDirectory() as folder:
        yield from commands(models[0], Path(folder))
    if importlib.util.find_spec("fastapi"):
        yield from serving(models[0])


def convolution(threads: int, seconds: float) -> Row:
    """A plain 3x3 convolution of 64 to 64 channels on 256x256 pixels."""
    from ..models import registry, runtime

    session = runtime.opened(registry.builtin_dir() / "convolution.onnx", {}, threads)
    features = np.random.default_rng(0).random((1, 64, SIZE, SIZE), np.float32)
    median = _median(lambda: session.run(None, {"x": features}), seconds)
    return Row(f"3x3 convolution, 64 channels, {SIZE}x{SIZE}", median, gflop_per_second=CONVOLUTION_GFLOP / median)


def fill(name: str, threads: int, seconds: float, plain: Row) -> Row:
    """Fill the middle of a 256x256 picture: latency of one call, throughput of the bare model, memory of a fresh process."""
    from . import inpainter

    inpaint = inpainter.load(name, threads=threads, runtime="onnxruntime")
    photo, mask = example(SIZE, SIZE, SIZE // 2)
    latency = _median(lambda: inpaint(photo, mask, detail="none"), seconds)

    backend = inpaint.backend
    batch = np.broadcast_to((photo / 127.5 - 1).astype(np.float32).transpose(2, 0, 1), (BATCH, 3, SIZE, SIZE))
    holes = np.broadcast_to(mask.astype(np.float32), (BATCH, 1, SIZE, SIZE))
    hints = np.full((BATCH, SIZE, SIZE), 255, np.int64)
    forbid = np.zeros((BATCH, len(backend.labels or ())), bool)
    for_batch = _median(lambda: backend.run(np.ascontiguousarray(batch), np.ascontiguousarray(holes), hints, forbid), seconds)

    rate, share = _rates(name, latency, plain)
    code = f"from scenefill.filling import benchmark; benchmark.fill_once({name!r}, {threads})"
    return Row(
        f"{name}, {SIZE}x{SIZE}",
        latency,
        per_second=BATCH / for_batch,
        gflop_per_second=rate,
        of_convolution=share,
        peak_mib=timed([sys.executable, "-c", code])[1],
    )


def _rates(name: str, latency: float, plain: Row) -> tuple[float | None, float | None]:
    """GFLOP/s of a network that says what it takes, and its share of the plain convolution's."""
    from ..models import registry, weights

    gflop = None if name in registry.CLASSICAL else weights.read_info(registry.find(name)).metrics.get("gflop_256")
    rate = gflop / latency if gflop else None
    return rate, rate / plain.gflop_per_second if rate and plain.gflop_per_second else None


def others() -> list[tuple[Runtime, Precision]]:
    """The runtimes and precisions that this machine has beside ONNX Runtime at fp32."""
    from ..models import choice

    if not choice.openvino_installed():
        return []
    from ..models.openvino import has_bf16

    exact: tuple[Runtime, Precision] = ("openvino", "fp32")
    return [exact, ("openvino", "bf16")] if has_bf16() else [exact]


def compared(name: str, way: tuple[Runtime, Precision], threads: int, seconds: float, plain: Row) -> Row:
    """Fill as `fill` does in another way, in turns with ONNX Runtime at fp32: latency, and its ratio."""
    from . import inpainter

    photo, mask = example(SIZE, SIZE, SIZE // 2)
    ours, theirs = (
        inpainter.load(name, threads=threads, runtime=runtime, precision=precision)
        for runtime, precision in (way, ("onnxruntime", "fp32"))
    )
    calls = [lambda fill=fill: fill(photo, mask, detail="none") for fill in (ours, theirs)]
    latency, plainly = _medians(calls, seconds)
    rate, share = _rates(name, latency, plain)
    what = f"{name}, {SIZE}x{SIZE}, {way[0]} {way[1]}"
    return Row(what, latency, None, rate, share, of_onnxruntime=latency / plainly)


def fill_once(name: str, threads: int) -> None:
    """What a fresh process does whose memory is measured."""
    from . import inpainter

    inpainter.load(name, threads=threads, runtime="onnxruntime")(*example(SIZE, SIZE, SIZE // 2), detail="none")


def detail(seconds: float) -> Row:
    """The detail pass alone, after a network that has drawn the middle of a 256x256 picture in grey; in one thread."""
    from ..labels import UNKNOWN
    from . import crops
    from .detail import transfer

    photo, mask = example(SIZE, SIZE, SIZE // 2)
    (crop,) = crops.plan(mask, SIZE, 1)
    view = crops.View.of(photo, mask, np.full(mask.shape, UNKNOWN, np.uint8), 0, crop)
    drawn = np.where(mask, np.float32(0), view.image)
    return Row(f"detail, {SIZE}x{SIZE}", _median(lambda: transfer(drawn, photo, mask, view, None), seconds))


def commands(model: str, folder: Path) -> Iterator[Row]:
    """`scenefill --help`, and `scenefill inpaint` of a small photo and of a large one with and without detail, to the file."""
    from ..pictures import images, masks

    scenefill = [sys.executable, "-m", "scenefill"]
    yield Row("scenefill --help", _typical([*scenefill, "--help"])[0])
    small, large = (512, 512, 128, "png"), (4000, 3000, 600, "jpg")
    for (width, height, hole, suffix), *options in ((small,), (large,), (large, "--detail", "none")):
        photo, mask = (folder / f"{width}.{kind}" for kind in (suffix, "mask.png"))
        if not photo.exists():
            pixels, holes = example(height, width, hole)
            images.write_rgb(pixels, photo)
            masks.write(holes, mask)
        arguments = ["inpaint", photo, mask, "-o", folder / f"out.{suffix}", "-m", model, "--overwrite", *options]
        seconds, peak = _typical([*scenefill, *map(str, arguments)])
        what = " ".join(["scenefill inpaint", *options])
        yield Row(f"{what}, {width}x{height} {suffix.upper()}, hole {hole}x{hole}", seconds, peak_mib=peak)


def serving(model: str, runs: int = 3) -> Iterator[Row]:
    """`scenefill serve`: from its start to its first page and to its first fill, and from a stroke to the filled picture."""
    from ..pictures import images

    photo, hole = example(SIZE, SIZE, SIZE // 2)
    image, mask = (
        images.encode(images.read(array.astype(np.uint8) * scale), "PNG") for array, scale in ((photo, 1), (hole, 255))
    )
    pages, first, trips = [], [], list[float]()
    for _ in range(runs):
        start = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "scenefill", "serve", "--port", "0", "--model", model], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                (address,) = re.findall(r"http://\S+/", process.stdout.readline())
                _ask(address)
                pages.append(time.perf_counter() - start)
                session = json.loads(_ask(address + "api/v1/sessions", image=image))["id"]

                def fill(to: str = f"{address}api/v1/sessions/{session}/fills", base: str = address) -> None:
                    (patch,) = json.loads(_ask(to, mask=mask))["patches"]
                    _ask(base.rstrip("/") + patch["url"])

                fill()
                first.append(time.perf_counter() - start)
                trips.append(_median(fill, 1.0))
            finally:
                process.terminate()
    yield Row("scenefill serve, from its start to the page", float(np.median(pages)))
    yield Row(f"scenefill serve, from its start to a fill of {SIZE}x{SIZE}", float(np.median(first)))
    yield Row(f"scenefill serve, from a mask to the filled {SIZE}x{SIZE}", float(np.median(trips)))


def _ask(address: str, **files: bytes) -> bytes:
    """The answer to GET, or to POST with a form of files."""
    parts = [
        f'--part\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in files.items()
    ]
    body = b"".join([*parts, b"--part--\r\n"]) if files else None
    request = urllib.request.Request(address, body, {"Content-Type": "multipart/form-data; boundary=part"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def example(height: int, width: int, hole: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A picture with detail at every size, like a photo's, and a square hole of `hole` pixels in its middle."""
    import cv2

    from ..pictures import shapes

    rng = np.random.default_rng(0)
    pixels = np.zeros((height, width, 3), np.float32)
    for side, strength in ((8, 60), (64, 25), (512, 8)):
        coarse = rng.standard_normal((side, side, 3), np.float32) * strength
        pixels += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return (pixels + 128).clip(0, 255).astype(np.uint8), shapes.centre(height, width, hole)


_LAUNCHER = """
import subprocess, sys, time
try:
    import resource
except ImportError:
    resource = None
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if resource else 0)
"""


def timed(command: Sequence[str]) -> tuple[float, float | None]:
    """Seconds and peak resident MiB of a command.

    A small process starts it, since on Linux a child's peak is never less than that of the process it was started from.
    """
    done = subprocess.run([sys.executable, "-c", _LAUNCHER, *command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
    seconds, peak = (float(part) for part in done.stdout.split())
    return seconds, peak / (2**20 if sys.platform == "darwin" else 2**10) or None


def _typical(command: Sequence[str], runs: int = 3) -> tuple[float, float | None]:
    """`timed`, the median by time of a few runs, after one that fills the file cache."""
    timed(command)
    return sorted((timed(command) for _ in range(runs)), key=lambda result: result[0])[runs // 2]


def _median(call: Callable[[], object], seconds: float) -> float:
    """Median duration of a call, after one to warm up: at least five calls and `seconds` in all."""
    return _medians([call], seconds)[0]


def _medians(calls: Sequence[Callable[[], object]], seconds: float) -> list[float]:
    """Those of several calls, which take turns so that the machine is the same to all of them."""
    for call in calls:
        call()
    durations: list[list[float]] = [[] for _ in calls]
    while len(durations[0]) < 5 or sum(durations[0]) < seconds:
        for call, kept in zip(calls, durations, strict=True):
            start = time.perf_counter()
            call()
            kept.append(time.perf_counter() - start)
    return [float(np.median(kept)) for kept in durations]
