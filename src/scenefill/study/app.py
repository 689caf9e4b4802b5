"""The service behind the page of a study: what a rater is shown, and what he says of it.

No request names a file: a question is a number that is drawn for each rater, and says nothing of what it shows.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict

from ..errors import ImageError
from ..web.frame import framed
from ..web.pages import File, Pages
from ..web.settings import Settings
from .answers import Answer, Answers
from .material import Material, damaged
from .questions import Choice, Question, questions

STATIC = Path(__file__).parent / "static"
BORROWED = ("http.js", "page.js", "theme.css", "favicon.svg")
LARGEST_BODY = 64 * 2**10
"""Bytes; an answer has fewer than a hundred."""
ASKED = "Which picture looks more natural?"


def pages() -> Pages:
    """The files of the page."""
    return Pages(STATIC, BORROWED, about="the study is at /")


class Study:
    """A study that people can take part in: the state of its service."""

    busy = False

    def __init__(
        self, material: Material, answers: Answers, asked: str = ASKED, per_rater: int | None = None, every: int = 10
    ) -> None:
        """answers: open for as long as the study is served.   asked: what raters are asked of each pair.

        per_rater, every: as `questions.questions` has them.
        """
        self.material = material
        self.answers = answers
        self.asked = asked
        self._per_rater = per_rater
        self._every = every
        self.questions = lru_cache(64)(self._questions)
        """Rater -> what he is asked, by id and in order."""

    def _questions(self, rater: str) -> dict[str, Question]:
        names, methods = list(self.material.pictures), self.material.methods
        drawn = questions(names, methods, rater, per_rater=self._per_rater, every=self._every)
        return {question.id: question for question in drawn}

    def question(self, rater: str, id: str) -> Question:  # noqa: A002
        """Raises HTTPException 404 for a question that the rater is not asked."""
        try:
            return self.questions(rater)[id]
        except KeyError:
            raise HTTPException(404, "this question is not one of yours, or no longer: reload the page") from None

    def warm(self) -> None:
        """Nothing is loaded."""

    def stop(self, grace: float) -> None:
        """Nothing is running that an answer does not wait for."""


class Standing(BaseModel):
    """How far a rater has come."""

    asked: str
    done: int
    total: int
    question: str | None
    """To be answered now; null when all are."""
    then: str | None
    """The one after it, whose pictures may be fetched beforehand."""
    has_input: bool
    """Whether there is a photo with its hole to be shown above each pair."""


class Said(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")

    choice: Choice


def _study(request: Request) -> Study:
    study: Study = request.app.state.service
    return study


def _rater(rater: str) -> str:
    if not re.fullmatch(r"[\w-]{1,64}", rater):
        raise HTTPException(422, f'a rater is named by up to 64 letters, digits, - and _, not "{rater}"')
    return rater


StudyOf = Annotated[Study, Depends(_study)]
Name = Annotated[str, Depends(_rater)]
router = APIRouter(prefix="/api/v1", tags=["study"])


@router.get("/health")
def health() -> dict[str, str]:
    """Whether the service answers."""
    return {"status": "ok"}


@router.get("/raters/{rater}")
def standing(study: StudyOf, rater: Name) -> Standing:
    """Where a rater goes on."""
    asked, given = study.questions(rater), study.answers.given(rater)
    left = [question.id for question in asked.values() if question.key not in given]
    now, then = [*left, None, None][:2]
    return Standing(
        asked=study.asked, done=len(asked) - len(left), total=len(asked), question=now, then=then,
        has_input=bool(study.material.inputs),
    )  # fmt: skip


@router.post("/raters/{rater}/questions/{id}")
def say(study: StudyOf, rater: Name, id: str, said: Said) -> Standing:  # noqa: A002
    """Keeps an answer; it is on the disk when this is answered. A second one to the same question changes nothing."""
    study.answers.add(Answer.of(rater, study.question(rater, id), said.choice))
    return standing(study, rater)


@router.get("/raters/{rater}/questions/{id}/{side}", response_class=Response)
def picture(study: StudyOf, rater: Name, id: str, side: Literal["left", "right", "input"]) -> Response:  # noqa: A002
    """One of the pictures of a question."""
    question = study.question(rater, id)
    name = question.key[0]
    try:
        if side == "input":
            if not study.material.inputs:
                raise HTTPException(404, "this study shows no photos with their holes")
            return _sent(study.material.inputs[name])
        method, spoilt = question.shows(side)
        path = study.material.pictures[name][method]
        return Response(damaged(path), media_type="image/png") if spoilt else _sent(path)
    except (OSError, ImageError):  # its name would say too much
        raise HTTPException(422, "a picture of this question cannot be read any more: tell those who run the study") from None


def _sent(path: Path) -> Response:
    file = File.read(path)
    return Response(file.body, media_type=file.kind.decode())


def create_app(settings: Settings, study: Study) -> FastAPI:
    """The service of a study with its page. `app.state.service` is the study."""
    app = framed(settings, pages(), "scenefill study", "Blind pairs of pictures, judged by people.")
    app.state.service = study
    app.include_router(router)
    return app
