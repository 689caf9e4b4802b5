"""The service of a study: what it answers, and what nobody can get out of it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from study.pictures import COLOURS, made
from web.conftest import served

from scenefill.study.answers import Answers
from scenefill.study.app import LARGEST_BODY, Study, create_app
from scenefill.study.material import Material
from scenefill.web.settings import Settings

ANN = "/api/v1/raters/ann"
Start = Callable[..., httpx.Client]


@pytest.fixture
def answers(folder: Path) -> Iterator[Answers]:
    with closing(Answers(folder / "answers.sqlite")) as answers:
        yield answers


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """start(...) -> a client of a study of the folder; the options are those of Study."""
    with ExitStack() as stack:

        def start(token: str | None = None, **options: Any) -> httpx.Client:
            answers = stack.enter_context(closing(Answers(folder / "answers.sqlite")))
            study = Study(Material.read(folder), answers, **options)
            return stack.enter_context(served(create_app(Settings(token=token, max_bytes=LARGEST_BODY), study)))

        yield start


@pytest.fixture
def client(start: Start) -> httpx.Client:
    return start()


def colour(client: httpx.Client, question: str, side: str) -> tuple[int, ...]:
    answer = client.get(f"{ANN}/questions/{question}/{side}")
    assert answer.status_code == 200
    return tuple(np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))[0, 0].tolist())


def test_a_rater_is_led_through_everything(client: httpx.Client, start: Start) -> None:
    stands = client.get(ANN).json()
    assert stands == stands | {"asked": "Which picture looks more natural?", "done": 0, "total": 7, "has_input": False}
    seen = set()
    while question := stands["question"]:
        assert client.get(ANN).json() == stands
        seen.add(question)
        then = stands["then"]
        stands = client.post(f"{ANN}/questions/{question}", json={"choice": "left"}).json()
        assert stands["question"] == then
        assert stands["done"] == len(seen)
    assert stands["done"] == stands["total"] == len(seen)
    assert start().get(ANN).json() == stands, "another service with the same file goes on there"
    assert client.get("/api/v1/raters/bob").json()["done"] == 0


def test_an_answer_is_about_what_was_shown(client: httpx.Client, answers: Answers) -> None:
    while question := client.get(ANN).json()["question"]:
        before = set(answers.all())
        sides = {side: colour(client, question, side) for side in ("left", "right")}
        client.post(f"{ANN}/questions/{question}", json={"choice": "right"})
        (answer,) = set(answers.all()) - before
        preferred = answer.first if answer.preferred == "first" else answer.second
        if not answer.is_check:
            assert sides["right"] == COLOURS[preferred]
        else:
            assert (sides["right"] == COLOURS[answer.first]) == (answer.preferred == "first"), "the damaged one is the second"


def test_an_answer_sent_twice_counts_once(client: httpx.Client, answers: Answers) -> None:
    question = client.get(ANN).json()["question"]
    first = client.post(f"{ANN}/questions/{question}", json={"choice": "left"})
    again = client.post(f"{ANN}/questions/{question}", json={"choice": "right"})
    assert first.json() == again.json()
    assert len(answers.all()) == 1


def test_the_photo_is_shown_where_there_is_one(client: httpx.Client, folder: Path, start: Start) -> None:
    question = client.get(ANN).json()["question"]
    assert client.get(f"{ANN}/questions/{question}/input").status_code == 404
    made(folder, ["road", "park"], ["input"])
    withit = start()
    assert withit.get(ANN).json()["has_input"]
    assert colour(withit, question, "input") == COLOURS["input"]


def test_what_raters_are_asked_can_be_chosen(start: Start) -> None:
    client = start(asked="Which sky is bluer?", per_rater=2, every=0)
    assert client.get(ANN).json() == client.get(ANN).json() | {"asked": "Which sky is bluer?", "total": 2}


def test_nothing_that_is_sent_names_a_method(client: httpx.Client) -> None:
    stands = client.get(ANN)
    picture = client.get(f"{ANN}/questions/{stands.json()['question']}/left")
    for sent in (stands.text, str(stands.headers), str(picture.headers)):
        assert not re.search(r"\b(red|green|blue|road|park)\b", sent)


@pytest.mark.parametrize(
    "path",
    [
        "/answers.sqlite", "/red/road.png", "/api/v1/raters/ann/questions/../../../../answers.sqlite",
        "/..%2f..%2fanswers.sqlite", "/%2e%2e/answers.sqlite", "/api/v1/raters/ann/questions/..%2f..%2fred%2froad.png/left",
        "/api/v1/raters/ann/questions/%2e%2e/left", f"{ANN}/questions/none/left", "//etc/passwd",
        "/api/v1/raters/..%2fann/questions/0/left",
    ],
)  # fmt: skip
def test_nothing_but_the_pictures_of_questions_can_be_reached(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert isinstance(answer.json()["detail"], str)


def test_questions_of_another_rater_are_refused(client: httpx.Client) -> None:
    question = client.get(ANN).json()["question"]
    assert client.get(f"/api/v1/raters/bob/questions/{question}/left").status_code == 404
    answer = client.post(f"/api/v1/raters/bob/questions/{question}", json={"choice": "left"})
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "this question is not one of yours, or no longer: reload the page",
    )


@pytest.mark.parametrize("name", ["a b", "x" * 65, "<b>"])
def test_names_that_are_none(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/api/v1/raters/{name}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("a rater is named by up to 64 letters")


@pytest.mark.parametrize("body", [{"choice": "both"}, {}, {"choice": "left", "more": 1}, [], None])
def test_answers_that_are_none(client: httpx.Client, body: object) -> None:
    question = client.get(ANN).json()["question"]
    answer = client.post(f"{ANN}/questions/{question}", json=body)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)
    assert client.get(ANN).json()["done"] == 0


def test_a_body_that_is_too_large(client: httpx.Client) -> None:
    assert client.post(f"{ANN}/questions/0", content=b"0" * (LARGEST_BODY + 1)).status_code == 413


def test_a_picture_that_went_away(client: httpx.Client, folder: Path) -> None:
    question = client.get(ANN).json()["question"]
    for path in folder.rglob("*.png"):
        path.unlink()
    answer = client.get(f"{ANN}/questions/{question}/left")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "a picture of this question cannot be read any more: tell those who run the study"


def test_the_page_and_its_guard(client: httpx.Client, start: Start) -> None:
    page = client.get("/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    for name in ("main.js", "rater.js", "http.js", "page.js", "theme.css", "style.css", "favicon.svg"):
        assert client.get(f"/{name}").status_code == 200
    assert client.get("/editor.js").status_code == 404
    assert client.get(ANN, headers={"Host": "evil.example"}).status_code == 403
    assert client.get(ANN, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.get(ANN).headers["cache-control"] == "no-store"
    closed = start(token="secret")
    assert closed.get(ANN).status_code == 401
    assert closed.get(ANN, headers={"Authorization": "Bearer secret"}).status_code == 200
    assert closed.get("/").status_code == 200
