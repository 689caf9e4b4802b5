"""scenefill models: which models there are, what they were made of, and whether their files are whole; others' are imported."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..errors import OutputError
from . import options

app = typer.Typer(help="List, show, verify, blend and import weights.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name from the list, or a path to a weights file.")]


@app.command("list", epilog=options.example("scenefill models list"))
def list_models(as_json: options.Json = False) -> None:
    """Every model that --model knows by name."""
    from ..models import registry

    models = registry.list_models()
    if as_json:
        rows = [
            {
                "name": m.name,
                "kind": m.kind,
                "purpose": m.purpose,
                "path": str(m.path) if m.path else None,
                "info": _fields(m.info),
            }
            for m in models
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    width = max(len(model.name) for model in models)
    for model in models:
        typer.echo(f"{model.name:{width}}  {model.kind:9}  {model.purpose}")


@app.command(epilog=options.example("scenefill models show sge-net-street"))
def show(name: Name, as_json: options.Json = False) -> None:
    """The model card: network, classes, what it was trained on, metrics, licence, size, hash."""
    from ..models import card, registry, weights

    if name in registry.CLASSICAL:
        typer.echo(json.dumps({"name": name, "purpose": registry.CLASSICAL[name]}) if as_json else registry.CLASSICAL[name])
        return
    path = registry.find(name)
    typer.echo(json.dumps(_fields(weights.read_info(path)), indent=2) if as_json else card.card(path), nl=as_json)


@app.command(epilog=options.example("scenefill models verify"))
def verify(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One model or weights file; all of them without a name.")
    ] = None,
) -> None:
    """Read the weights and compare their hash, and that of their graph, with what the file's header says."""
    from ..models import registry
    from ..models.runtime import OnnxBackend

    paths = [registry.find(name)] if name else [model.path for model in registry.list_models() if model.path]
    for path in paths:
        OnnxBackend.open(path)
        typer.echo(f"{path}: whole")


@app.command(epilog=options.example("scenefill models blend sharp.safetensors exact.safetensors --share 0.3 -o both.safetensors"))
def blend(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="Weights file.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="Weights file of the same network.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write; scenefill export makes its graph.")],
    share: Annotated[float, typer.Option(help="Of SECOND, 0 to 1.")] = 0.5,
    overwrite: options.Overwrite = False,
) -> None:
    """Weights between two files: of a sharp network and an exact one, say."""
    from ..models import weights

    if out.exists() and not overwrite:
        raise OutputError(f"{out} stands already; give another name or --overwrite")
    info, tensors = weights.blend(first, second, share)
    weights.save(out, tensors, info)
    typer.echo(out)


@app.command("import", epilog=options.example("scenefill models import pen-net gen_00033.pth -o pen-net-places.safetensors"))
def import_weights(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Whose checkpoint it is: pen-net or edge-connect.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="The PyTorch checkpoint; of edge-connect the edge model's, then the other."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="NAME.safetensors", help="NAME.onnx is written beside it.")],
    overwrite: options.Overwrite = False,
) -> None:
    """Turn a checkpoint that the authors of another system published into weights for --model.

    Only plain tensors are read: a file that holds more is refused.
    """
    options.check_installed("onnxscript", "torch", extra="train", what="scenefill models import")
    from ..networks import export as exporter
    from ..networks import imports

    with tempfile.TemporaryDirectory() as folder:
        imported = Path(folder) / "imported.safetensors"
        imports.convert(kind, files, imported)
        agreement = exporter.export(imported, out, overwrite=overwrite)
    typer.echo(f"{out}: ONNX Runtime against torch: mean difference {agreement.mean:.1e}")


@app.command(epilog=options.example("scenefill models fetch vgg16"))
def fetch(name: Annotated[str, typer.Argument(metavar="NAME", help="vgg16, vgg19, alexnet or inception.")]) -> None:
    """Download a public file that training or evaluation can use into the cache, and check its sha256."""
    from ..models import public
    from .progress import counted

    with counted(f"fetching {name}") as progress:
        path = public.fetch(name, progress=progress)
    typer.echo(path)


def _fields(info: object) -> dict[str, object] | None:
    return dataclasses.asdict(info) if dataclasses.is_dataclass(info) and not isinstance(info, type) else None
