"""scenefill bench: speed and memory on this machine."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill bench --model sge-net-street --threads 2")


def bench(
    model: options.Model = options.DEFAULT_MODEL,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads for the models and the convolution.")] = 2,
    as_json: options.Json = False,
) -> None:
    """Time a model on this machine, with OpenCV beside it.

    Then the detail pass, four whole commands, and the editor. Fills are 256x256 pixels. The rate of a network (GFLOP/s) stands
    beside that of a plain 3x3 convolution in the same run; where OpenVINO is installed, its time over ONNX Runtime's (of ORT),
    measured in turns. Takes about a minute.
    """
    from ..filling import benchmark
    from .progress import tracked

    models = list(dict.fromkeys((model, "telea")))
    rows = list(tracked(benchmark.run(models, threads=threads), "measuring", total=len(models) + len(benchmark.others()) + 9))
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
        return
    width = max(len(row.what) for row in rows)
    typer.echo(f"{'':{width}}  {'ms':>8}  {'per s':>8}  {'GFLOP/s':>8}  {'of conv.':>8}  {'MiB':>6}  {'of ORT':>6}")
    for row in rows:
        cells = (
            f"{row.seconds * 1000:8.1f}",
            f"{row.per_second:8.1f}" if row.per_second else " " * 8,
            f"{row.gflop_per_second:8.0f}" if row.gflop_per_second else " " * 8,
            f"{row.of_convolution:8.0%}" if row.of_convolution else " " * 8,
            f"{row.peak_mib:6.0f}" if row.peak_mib else " " * 6,
            f"{row.of_onnxruntime:6.2f}" if row.of_onnxruntime else " " * 6,
        )
        typer.echo(f"{row.what:{width}}  {'  '.join(cells)}".rstrip())
