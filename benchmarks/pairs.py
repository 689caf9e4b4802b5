"""Matched pairs: what one change of a training is worth, everything else the same.

    SCENEFILL_DATA=... python benchmarks/pairs.py layout --out runs/pairs
    SCENEFILL_DATA=... python benchmarks/pairs.py texture --init runs/street-128/weights/sge-net.safetensors --out runs/pairs

Every run of a group sees the same photos, crops and holes in the same order, from the same weights (or the same random ones),
for minutes only, at 128x128; a run that is there already is not made again. All are measured on photos from sequences and series
that no run was trained on. Prints, in Markdown, the base's figures and how far each other run is from it, with the 95 % interval
of the paired bootstrap over the photos. That interval knows nothing of chance in the training: the other seeds show how much that
is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import street_sets

from scenefill.cli.progress import tracked
from scenefill.evaluation import run
from scenefill.evaluation.live import open_model
from scenefill.evaluation.tables import Report
from scenefill.filling.inpainter import Inpainter
from scenefill.metrics.perceptual import FeatureDistance

CONFIGS = Path(__file__).parents[1] / "configs" / "sge-net"
SOURCES = ("labelmefacade:train-val", "idd-lite:train-val")
"""CamVid's validation frames lie between its training frames: too easy to choose by."""
SIZE = 128
SHOWN = ("psnr_hole", "sharpness", "feature_distance", "accuracy_hole", "ece_hole")

LABELLED = ["camvid:train", "labelmefacade:train-fit", "idd-lite:train-fit", "bsds500:train"]
PSEUDO = "runs/pseudo"
"""The unlabelled photos of IDD Lite, and what the shipped weights say of them; see `main`."""

GROUPS: dict[str, tuple[Path, dict[str, list[str]]]] = {
    "layout": (
        CONFIGS / "pairs-layout.toml",
        {
            "SGE-Net": [],
            "another seed": ["run.seed=1"],
            "SG-Net: nothing is evaluated": ["network.confidence_evaluation=false"],
            "SG-Net, the other seed": ["network.confidence_evaluation=false", "run.seed=1"],
            "Base-Net: nothing is guided": ["network.confidence_evaluation=false", "network.semantic_guidance=false"],
            "every pixel is reliable": ["network.keep_percent=[100,100,100,100,100]"],
            "no attention in the CIM": ["network.cim_attention=0"],
            "six blocks in the CIM for four": ["network.cim_dilations=[1,2,4,8,4,2]"],
            "without the unlabelled photos": [f"data.sources={LABELLED}"],
            "pseudo-labels for them": [f"data.sources={[*LABELLED, PSEUDO]}"],
        },
    ),
    "texture": (
        CONFIGS / "pairs-texture.toml",
        {
            "base": [],
            "another seed": ["run.seed=1"],
            "no adversary": ["loss.adversarial=0.0", "loss.feature_matching=0.0"],
            "logistic for hinge": ["loss.adversarial_kind=logistic"],
            "adversary 3 for 1": ["loss.adversarial=3.0"],
            "no feature matching": ["loss.feature_matching=0.0"],
            "discriminator without label map": ["discriminator.label_map=false"],
            "the same, the other seed": ["discriminator.label_map=false", "run.seed=1"],
            "ESPNetv2 beside SqueezeNet": ["loss.receptive=2.0"],
            "ESPNetv2 for SqueezeNet": ["loss.receptive=2.0", "loss.perceptual=0.0"],
            "L1 in the hole 0 for 1": ["loss.hole=0.0"],
            "L1 in the hole 6 for 1": ["loss.hole=6.0"],
        },
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--init", type=Path, help="weights file that every run starts from (default: random weights)")
    parser.add_argument("--out", type=Path, default=Path("out/pairs"))
    parser.add_argument("--at-once", type=int, default=2, help="runs side by side, one processor core each (default: 2)")
    parser.add_argument("--count", type=int, help="so many photos of each set (default: all)")
    arguments = parser.parse_args()
    config, pairs = GROUPS[arguments.group]
    if any(PSEUDO in override for overrides in pairs.values() for override in overrides) and not Path(PSEUDO).is_dir():
        parser.error(f"{PSEUDO} is missing: it holds the unlabelled photos of IDD Lite as images/, and as labels/ what\n"
                     "scenefill segment images -o labels --sure 0.7 says of them")  # fmt: skip
    out = arguments.out / arguments.group
    with ThreadPoolExecutor(arguments.at_once) as pool:
        files = list(pool.map(lambda pair: trained(config, arguments.init, out, *pair), pairs.items()))
    models = {title: open_model(str(file)) for title, file in zip(pairs, files, strict=True)}
    features = street_sets.features()
    for holes in street_sets.HOLES:
        print(f"\n{table(measured(models, holes, arguments.count, features), holes)}")


def trained(config: Path, init: Path | None, out: Path, title: str, overrides: Iterable[str]) -> Path:
    """The weights file of one run, which is made if it is not there."""
    folder = out / "".join(letter if letter.isalnum() else "-" for letter in title)
    file = folder / "weights" / "sge-net.safetensors"
    if not file.exists():
        command = [sys.executable, "-m", "scenefill", "train", str(config), *overrides, "run.threads=1", "--out", str(folder)]
        subprocess.run(command + (["--init", str(init)] if init else []), check=True, stdout=subprocess.DEVNULL)
    return file


def measured(models: dict[str, Inpainter], holes: str, count: int | None, features: FeatureDistance) -> Report:
    """All models on the photos of all sets, as one report."""
    sets = [street_sets.chosen(source, holes, count, SIZE) for source in SOURCES]
    reports = [run.run(models, one, features=features, follow=lambda samples: tracked(samples, "cases")) for one in sets]
    together = {
        model: {name: np.concatenate([report.scores[model][name] for report in reports]) for name in statistics}
        for model, statistics in reports[0].scores.items()
    }
    return replace(reports[0], scores=together)


def table(report: Report, holes: str) -> str:
    """The first run's figures, then each other run's difference to them and its interval."""
    count = len(next(iter(next(iter(report.scores.values())).values())))
    shown = [metric for metric in report.metrics if metric.name in SHOWN]
    lines = [f"| {holes}, {count} photos | {' | '.join(metric.name for metric in shown)} |", "|" + "---|" * (len(shown) + 1)]
    columns = [report.estimates(metric, np.ones(count, bool)) for metric in shown]
    for model in report.scores:
        cells = []
        for column in columns:
            value, difference = column[model]
            if difference is None:
                cells.append(f"{value.value:.3f}")
            else:
                cells.append(f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})")
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
