"""Model cards, made from what a weights file says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .weights import parameter_count, read_info


def card(path: str | Path) -> str:
    """The model card of a weights file, in Markdown, made from what the file says of itself."""
    path = Path(path)
    info, count = read_info(path), parameter_count(path)
    labels = info.labels
    config = info.config | ({"label_set": labels.name} if labels and "label_set" in info.config else {})
    facts = {
        "Network": info.network,
        "Parameters": f"{count:,} (float16, {path.stat().st_size / 2**20:.1f} MiB)",
        "Label set": f"{labels.name}: {', '.join(labels.classes)}" if labels else "none: it fills without semantics",
        "Working size": f"{info.working_size} x {info.working_size} pixels, any multiple of {info.stride}",
        "Confidence temperature": f"{info.temperature:g}",
        "Trained on": ", ".join(info.trained_on) or "nothing",
        "Images seen": f"{info.images_seen:,}",
        "Licence": info.licence,
        "Hash of the tensors": f"`{info.tensors_sha256}`",
    }
    sections = [f"# {path.stem}", _table(("", ""), facts)]
    if info.notes:
        sections.insert(1, info.notes)
    if info.metrics:
        sections += ["## Metrics", _table(("metric", "value"), dict(_flat(info.metrics)))]
    if config:
        sections += ["## Config", _table(("argument", "value"), dict(_flat(config)))]
    sections += ["## Use", f'```python\nimport scenefill\n\nresult = scenefill.load("{path.stem}")("photo.jpg", "mask.png")\n```']
    return "\n\n".join(sections) + "\n"


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> str:
    return "\n".join(f"| {left} | {right} |" for left, right in [head, ("---", "---"), *rows.items()])


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested names joined with " / ", numbers with four digits."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} / ")
        else:
            yield prefix + name, f"{value:.4g}" if isinstance(value, float) else str(value)
