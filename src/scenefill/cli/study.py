"""scenefill study: blind pairs of pictures, judged by people in a web page, and what they said."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from . import listening, options

app = typer.Typer(help="Have people judge pairs of pictures.", no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="One sub-folder per method, with pictures (PNG, JPEG, WebP) of the same names.")
]
AnswersFile = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="SQLite file of answers.", show_default="answers.sqlite in FOLDER"),
]


@app.command(epilog=options.example("scenefill study serve my-study/"))
def serve(
    folder: Folder,
    answers: AnswersFile = None,
    ask: Annotated[str | None, typer.Option(metavar="TEXT", help="Question.", show_default="which looks more natural")] = None,
    per_rater: Annotated[int | None, typer.Option(min=1, metavar="N", help="Pairs for each rater.", show_default="all")] = None,
    checks: Annotated[
        int, typer.Option(min=0, metavar="N", help="So many pairs have one attention check among them; 0: there are none.")
    ] = 10,
    host: listening.Host = "127.0.0.1",
    port: listening.Port = 8421,
    open_page: Annotated[bool, typer.Option("--open", help="Show the page in the browser.")] = False,
    token: listening.Token = None,
    root_path: listening.RootPath = "",
    name: listening.Names = None,
) -> None:
    """Serve a page that asks which of two pictures is better.

    Every pair of methods of every picture is asked once of each rater, in an order of his own, with the sides drawn. A sub-folder
    input/ holds the photos with their holes, to be shown above the pairs; complexity.csv (name,level) the complexity of each
    scene, for the report. An answer is on the disk before the page goes on. Raters may close the page and come back, in the same
    browser or at ?rater=NAME. Ctrl-C ends it.
    """
    listening.check_installed("the page of a study")
    from ..study.answers import FILE, Answers
    from ..study.app import ASKED, LARGEST_BODY, Study, create_app, pages
    from ..study.material import Material, check_levels
    from .progress import tracked

    where = listening.settings(host, token, root_path, name, max_bytes=LARGEST_BODY)
    material = Material.read(folder, follow=lambda files: tracked(files, "pictures"))
    check_levels(folder, material.pictures)
    with closing(Answers(answers or folder / FILE)) as kept:
        study = Study(material, kept, ask or ASKED, per_rater, checks)
        listening.serve(
            where, port, what="the study", open_page=open_page, create=lambda settings: create_app(settings, study), pages=pages()
        )


@app.command(epilog=options.example("scenefill study report my-study/"))
def report(
    folder: Folder,
    answers: AnswersFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="For report.md and report.json.", show_default="FOLDER")
    ] = None,
    count_failed: Annotated[
        bool, typer.Option("--count-failed", help="Count raters that failed their attention checks too; they are marked.")
    ] = False,
    overwrite: options.Overwrite = False,
) -> None:
    """Sum up the answers, while raters are at it or afterwards.

    Prints and writes, over all pictures and by level of complexity: how often each method was preferred to each other one, with
    Wilson's 95 % intervals; Bradley-Terry scores, ties split in half; Krippendorff's alpha for the agreement of the raters.
    """
    from ..errors import OutputError
    from ..pictures.files import write_text
    from ..study import report as reports
    from ..study.answers import FILE, Answers
    from ..study.material import levels

    out = out or folder
    files = {kind: out / f"report.{kind}" for kind in ("md", "json")}
    for file in files.values():
        if file.exists() and not overwrite:
            raise OutputError(f"{file} stands already; give another --out or --overwrite")
    with closing(Answers(answers or folder / FILE, new=False)) as given:
        summed = reports.report(given.all(), levels(folder), count_failed=count_failed)
    out.mkdir(parents=True, exist_ok=True)
    text = reports.to_markdown(summed)
    write_text(files["md"], text)
    write_text(files["json"], reports.to_json(summed))
    typer.echo(text + f"\n{files['md']}\n{files['json']}")
