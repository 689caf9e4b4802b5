"""What a model sees in an open photo: the thing under a click, and what a fill takes along."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from web.conftest import Gated, Running, decoded, png

CAR = (slice(28, 40), slice(20, 44))
"""Of the street."""


def _extent(web: Running, session: str, mask: NDArray[Any], **options: Any) -> Any:
    return web.client.post(f"{session}/extent", files={"mask": png(mask)}, data={"options": json.dumps(options)})


def _select(web: Running, session: str, *at: int, **options: Any) -> Any:
    return web.client.post(f"{session}/select", json={"at": at, **options})


@pytest.fixture
def forgetful() -> NDArray[np.uint8]:
    """A mask that leaves a strip of the car out."""
    mask = np.zeros((48, 64), np.uint8)
    mask[28:40, 20:42] = 255
    return mask


def test_what_a_removal_takes_along(web: Running, photo: bytes, forgetful: NDArray[np.uint8]) -> None:
    session = web.open(photo)
    answer = _extent(web, session, forgetful)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert json.loads(answer.headers["x-scenefill-things"]) == ["vehicle"]
    grown = decoded(answer.content) == 255
    assert grown[30:38, 20:43].all(), "the part that was forgotten"
    assert not grown[:20].any()
    fill = web.fill(session, png(forgetful)).json()
    assert (decoded(web.client.get(fill["mask_url"]).content) == decoded(answer.content)).all(), "as it was announced"
    assert fill["hole_ratio"] == pytest.approx(grown.mean())


def test_restoring_takes_nothing_along(web: Running, painter: Gated, photo: bytes, forgetful: NDArray[np.uint8]) -> None:
    session = web.open(photo)
    fill = web.fill(session, png(forgetful), intent="restore").json()
    assert (decoded(web.client.get(fill["mask_url"]).content) == forgetful).all()
    assert not any(forbid.any() for *_, forbid in painter.asked)
    files = {"image": photo, "mask": png(forgetful)}
    answers = {}
    for intent in ("remove", "restore"):
        painter.asked.clear()
        asked = {"options": json.dumps({"intent": intent, "grow": 0})}
        answers[intent] = web.client.post("/api/v1/inpaint", files=files, data=asked)
        assert any(forbid.any() for *_, forbid in painter.asked) == (intent == "remove")
    assert all(answer.status_code == 200 for answer in answers.values())
    refused = web.client.post("/api/v1/inpaint", files=files, data={"options": '{"intent": "destroy"}'})
    assert (refused.status_code, "'remove' or 'restore'" in refused.json()["detail"]) == (422, True)


def test_what_is_unsure_is_not_grown(web: Running, photo: bytes, forgetful: NDArray[np.uint8]) -> None:
    session = web.open(photo)
    base = web.fill(session, png(forgetful), intent="restore").json()
    again = web.fill(session, None, base=base["id"], unsure=1).json()
    filled = decoded(web.client.get(again["mask_url"]).content)
    assert filled.any()
    assert not filled[forgetful == 0].any()


def test_a_click_selects_a_thing(web: Running, painter: Gated, photo: bytes) -> None:
    session = web.open(photo)
    answer = _select(web, session, 30, 34)
    assert json.loads(answer.headers["x-scenefill-things"]) == ["vehicle"]
    thing = decoded(answer.content) == 255
    car = np.zeros_like(thing)
    car[CAR] = True
    assert (thing == car).mean() > 0.97
    looks = len(painter.asked)
    sky = decoded(_select(web, session, 2, 3).content) == 255
    assert sky[:22].all()
    assert not sky[26:].any()
    assert len(painter.asked) <= looks + 1, "the photo as a whole was looked at before"


def test_a_click_sees_what_a_fill_has_left(web: Running, photo: bytes) -> None:
    session = web.open(photo)
    mask = np.zeros((48, 64), np.uint8)
    mask[26:42, 18:46] = 255
    fill = web.fill(session, png(mask)).json()
    answer = _select(web, session, 30, 34, base=fill["id"])
    assert json.loads(answer.headers["x-scenefill-things"]) == ["building"]


def test_what_is_selected_is_what_inpaint_takes_out(web: Running, photo: bytes) -> None:
    session = web.open(photo)
    mask = _select(web, session, 30, 34).content
    asked = {"data": {"options": json.dumps({"at": [[30, 34]]})}}
    by_point = web.client.post("/api/v1/inpaint", files={"image": photo}, **asked)
    by_mask = web.client.post("/api/v1/inpaint", files={"image": photo, "mask": mask})
    assert (by_point.status_code, by_point.content) == (200, by_mask.content)
    twice = web.client.post("/api/v1/inpaint", files={"image": photo, "mask": mask}, **asked)
    assert (twice.status_code, "said twice" in twice.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"at": [64, 3]}, "there is nothing at 64,3: the photo is 64x48"),
        ({"at": [-1, 3]}, "at.0: Input should be greater than or equal to 0"),
        ({"at": [1]}, "at.1: Field required"),
        ({"at": [1, 2], "model": "telea"}, "knows no classes"),
    ],
)
def test_clicks_that_select_nothing(web: Running, photo: bytes, asked: dict[str, Any], said: str) -> None:
    answer = web.client.post(f"{web.open(photo)}/select", json=asked)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_a_removal_without_its_mask_or_its_photo(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo)
    answer = web.client.post(f"{session}/extent", files={"nothing": b""})
    assert (answer.status_code, "a mask is missing" in answer.json()["detail"]) == (422, True)
    assert _extent(web, session, decoded(mask)[:, :10]).status_code == 422
    assert _extent(web, session, decoded(mask), base="7").status_code == 404
    assert _extent(web, "/api/v1/sessions/none", decoded(mask)).status_code == 404
    plain = _extent(web, session, decoded(mask), model="telea")
    assert json.loads(plain.headers["x-scenefill-things"]) == []
    assert (decoded(plain.content) == decoded(mask)).all()


def test_a_number_of_pixels_is_grown_by(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo)
    for intent in ("remove", "restore"):
        answer = _extent(web, session, decoded(mask), intent=intent, grow=2)
        fill = web.fill(session, mask, intent=intent, grow=2).json()
        grown = decoded(answer.content)
        assert (grown[6, 8 - 2 : 16 + 2] == 255).all()
        assert (grown > 0).sum() > 64
        assert (grown == decoded(web.client.get(fill["mask_url"]).content)).all()
        assert json.loads(answer.headers["x-scenefill-things"]) == []
