"""What the editor asks for: a photo uploaded once, then fills, patches, maps, variants, and the saved file."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import httpx
import numpy as np
import pytest
from fakes import STREET
from numpy.typing import NDArray
from PIL import Image
from web.conftest import HOLE, Gated, Running, Start, decoded, encoded, png, until


def _colour(name: str) -> tuple[int, int, int]:
    return STREET.colours[STREET.id(name)]


def _hints(name: str) -> bytes:
    wanted = np.full((48, 64), 255, np.uint8)
    wanted[HOLE] = STREET.id(name)
    return png(wanted)


def _patched(web: Running, picture: NDArray[Any], fill: dict[str, Any]) -> NDArray[Any]:
    """A picture with the patches of a fill, as a page draws it."""
    picture = picture.copy()
    for patch in fill["patches"]:
        box = slice(patch["top"], patch["top"] + patch["height"]), slice(patch["left"], patch["left"] + patch["width"])
        picture[box] = decoded(web.client.get(patch["url"]).content)
    return picture


def test_a_photo_is_opened_shown_and_forgotten(web: Running, photo: bytes, street: NDArray[np.uint8]) -> None:
    answer = web.client.post("/api/v1/sessions", files={"image": ("my street.png", photo)})
    assert answer.status_code == 201
    opened = answer.json()
    assert (opened["width"], opened["height"], opened["name"], opened["format"]) == (64, 48, "my street.png", "png")
    assert opened["preview"] == {"width": 64, "height": 48, "scale": 1.0}
    assert opened["expires_in"] > 0
    assert opened["mask_url"] is opened["labels_url"] is None
    session = f"/api/v1/sessions/{opened['id']}"
    assert (decoded(web.client.get(f"{session}/photo").content) == street).all()
    assert decoded(web.client.get(f"{session}/photo?max_side=32").content).shape == (24, 32, 3)
    assert web.client.delete(session).status_code == 204
    for path in ("/photo", "/mask.png", "/fills/1", f"/jobs/{uuid.uuid4()}"):
        gone = web.client.get(session + path)
        assert (gone.status_code, gone.json()["detail"]) == (404, "the photo is no longer in memory: open it again")


def test_photos_turned_by_their_camera_are_shown_upright(web: Running, street: NDArray[np.uint8]) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    session = web.open(encoded(Image.fromarray(street), "JPEG", exif=tags), "street.jpg")
    shown = web.client.get(f"{session}/photo")
    assert shown.headers["content-type"] == "image/jpeg"
    assert decoded(shown.content).shape == (64, 48, 3)


def test_a_mask_and_a_map_are_reopened(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo, mask=mask, labels=_hints("tree"))
    assert (decoded(web.client.get(f"{session}/mask.png").content) == decoded(mask)).all()
    assert (decoded(web.client.get(f"{session}/labels.png").content) == decoded(_hints("tree"))).all()
    other = web.open(photo)
    assert web.client.get(f"{other}/mask.png").status_code == 404


def test_a_fill_changes_the_hole_alone(web: Running, photo: bytes, mask: bytes, street: NDArray[np.uint8]) -> None:
    session = web.open(photo)
    answer = web.fill(session, mask)
    assert answer.status_code == 200
    fill = answer.json()
    assert (fill["base"], fill["model"], fill["warnings"]) == (None, "painter", [])
    assert fill["hole_ratio"] == 64 / (48 * 64)
    filled = _patched(web, street, fill)
    expected = street.copy()
    expected[HOLE] = _colour("building")
    assert (filled == expected).all()
    number = fill["id"]
    for path in ("photo", "save?format=png"):
        assert (decoded(web.client.get(f"{session}/fills/{number}/{path}").content) == expected).all()
    assert (decoded(web.client.get(fill["mask_url"]).content) == decoded(mask)).all()
    thumbnail = web.client.get(f"{session}/fills/{number}/thumbnail.webp")
    assert (thumbnail.headers["content-type"], decoded(thumbnail.content).shape) == ("image/webp", (48, 64, 3))


def test_maps_and_trust_of_a_fill(web: Running, photo: bytes, mask: bytes) -> None:
    fill = web.fill(web.open(photo), mask).json()
    labels = decoded(web.client.get(fill["labels_url"]).content)
    assert labels.shape == (48, 64)
    assert (labels[HOLE] == STREET.id("building")).all()
    assert labels[40, 2] == STREET.id("road")
    confidence = decoded(web.client.get(fill["confidence_url"]).content) / 255
    seen = web.client.get(fill["labels_url"].replace("/labels.png", "")).json()
    assert seen["mean_confidence"] == pytest.approx(confidence[HOLE].mean(), abs=0.01)
    assert {**seen, "mean_confidence": None} == {**fill, "mean_confidence": None}


def test_classes_painted_into_the_hole_are_obeyed(web: Running, photo: bytes, mask: bytes, street: NDArray[np.uint8]) -> None:
    session = web.open(photo)
    plain, steered = web.fill(session, mask).json(), web.fill(session, mask, _hints("tree")).json()
    assert (_patched(web, street, steered)[HOLE] == _colour("tree")).all()
    assert (decoded(web.client.get(steered["labels_url"]).content)[HOLE] == STREET.id("tree")).all()
    assert (decoded(web.client.get(steered["confidence_url"]).content)[HOLE] == 255).all()
    assert (_patched(web, street, plain)[HOLE] == _colour("building")).all(), "a variant stays what it was"
    forbidden = web.fill(session, mask, forbid=["house", "sky"]).json()
    assert (_patched(web, street, forbidden)[HOLE] == _colour("road")).all()


def test_a_fill_goes_on_from_another(web: Running, photo: bytes, mask: bytes, street: NDArray[np.uint8]) -> None:
    session = web.open(photo)
    first = web.fill(session, mask).json()
    below = np.zeros((48, 64), np.uint8)
    below[42:46, 50:60] = 255
    second = web.fill(session, png(below), base=first["id"]).json()
    assert second["base"] == first["id"]
    expected = street.copy()
    expected[HOLE] = _colour("building")
    expected[42:46, 50:60] = _colour("building")
    assert (_patched(web, _patched(web, street, first), second) == expected).all()
    assert (decoded(web.client.get(f"{session}/fills/{second['id']}/photo").content) == expected).all()
    needed = web.client.delete(f"{session}/fills/{first['id']}")
    assert needed.status_code == 409
    assert "forget them first" in needed.json()["detail"]
    for number in (second["id"], first["id"]):
        assert web.client.delete(f"{session}/fills/{number}").status_code == 204
    assert web.fill(session, mask, base=first["id"]).status_code == 404


def test_the_same_request_gives_the_same_bytes(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo)
    one, two = (web.fill(session, mask, _hints("tree"), grow=2).json() for _ in range(2))
    assert one["id"] != two["id"]
    for path in ("photo", "labels.png", "confidence.png", "mask.png", "thumbnail.webp"):
        first, second = (web.client.get(f"{session}/fills/{fill['id']}/{path}").content for fill in (one, two))
        assert first == second


def test_again_where_it_is_unsure(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo)
    half = np.full((48, 64), 255, np.uint8)
    half[HOLE[0], HOLE[1].start : HOLE[1].start + 4] = STREET.id("tree")  # certain there: it was told
    base = web.fill(session, mask, png(half)).json()
    again = web.fill(session, None, base=base["id"], unsure=0.9).json()
    refilled = decoded(web.client.get(again["mask_url"]).content)
    confidence = decoded(web.client.get(base["confidence_url"]).content)
    assert ((refilled == 255) == ((decoded(mask) == 255) & (confidence < 0.9 * 255))).all()
    assert 0 < (refilled == 255).sum() < 64
    for options, said in (
        ({"unsure": 0.9}, "mask is missing"),
        ({"base": base["id"]}, "mask is missing"),
        ({"unsure": 2}, "unsure"),
    ):
        answer = web.fill(session, None, **options)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
    small = web.fill(session, png(np.full((1, 64), 255, np.uint8)), base=base["id"], unsure=0.9)
    assert (small.status_code, small.json()["detail"]) == (422, "the mask is 64x1 and the photo 64x48 (width x height)")
    plain = web.fill(session, mask, model="telea").json()
    assert "unsure goes with" in web.fill(session, mask, base=plain["id"], unsure=0.5).json()["detail"]


def test_a_class_is_erased(web: Running, photo: bytes) -> None:
    session = web.open(photo)
    fill = web.client.post(f"{session}/erase", json={"what": ["car"], "grow": 1}).json()
    found = decoded(web.client.get(fill["mask_url"]).content) == 255
    assert found[30:38, 24:40].all()
    assert not found[:20].any()
    assert STREET.id("car") not in decoded(web.client.get(fill["labels_url"]).content)[found]
    nothing = web.client.post(f"{session}/erase", json={"what": ["person"]}).json()
    assert nothing["patches"] == []
    assert nothing["hole_ratio"] == 0
    assert "no person was found" in nothing["warnings"][0]


def test_the_map_of_the_whole_picture(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo)
    maps = web.client.post(f"{session}/segment", json={}).json()
    labels = decoded(web.client.get(maps["labels_url"]).content)
    assert (labels[:20] == STREET.id("sky")).all()
    assert decoded(web.client.get(maps["confidence_url"]).content).shape == (48, 64)
    fill = web.fill(session, mask).json()
    again = web.client.post(f"{session}/segment", json={"base": fill["id"]}).json()
    assert (decoded(web.client.get(again["labels_url"]).content)[HOLE] == STREET.id("building")).any()
    assert web.client.get(f"{session}/maps/7/labels.png").status_code == 404


def test_a_model_without_semantics_fills_without_maps(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo)
    fill = web.fill(session, mask, model="telea").json()
    assert fill["labels_url"] is fill["confidence_url"] is None
    answer = web.client.get(f"{session}/fills/{fill['id']}/labels.png")
    assert answer.status_code == 404
    assert "telea knows no classes" in answer.json()["detail"]
    assert web.client.get(f"{session}/fills/{fill['id']}").json()["mean_confidence"] is None
    assert web.client.post(f"{session}/segment", json={"model": "telea"}).status_code == 422


def test_transparency_is_shown_and_saved(web: Running, street: NDArray[np.uint8], mask: bytes) -> None:
    alpha = np.full((48, 64, 1), 200, np.uint8)
    session = web.open(png(np.dstack([street, alpha])))
    fill = web.fill(session, mask).json()
    assert (_patched(web, np.dstack([street, alpha]), fill)[..., 3] == 200).all()
    refused = web.client.get(f"{session}/fills/{fill['id']}/save?format=jpeg")
    assert refused.status_code == 422
    assert "no transparency" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("name", "kind", "saved"),
    [
        ("a.b.png", "png", "a.b-filled.png"),
        ("a.jpeg", "original", "a-filled.png"),
        ("a.PNG", "original", "a-filled.PNG"),
        ("a", "jpeg", "a-filled.jpg"),
        ("", "webp", "the photo-filled.webp"),
    ],
)
def test_names_of_saved_files(web: Running, photo: bytes, mask: bytes, name: str, kind: str, saved: str) -> None:
    session = web.open(photo, name or "/")
    number = web.fill(session, mask).json()["id"]
    answer = web.client.get(f"{session}/fills/{number}/save?format={kind}")
    assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{saved.replace(' ', '%20')}"


class Asking(threading.Thread):
    """A fill that is asked for by another thread."""

    def __init__(self, web: Running, session: str, mask: bytes, job: str | None = None) -> None:
        super().__init__()
        self.answer: httpx.Response | None = None
        self._ask = lambda: web.fill(session, mask, job=job)
        self.start()

    def run(self) -> None:
        self.answer = self._ask()

    def result(self) -> httpx.Response:
        self.join(20)
        assert self.answer is not None
        return self.answer


def test_a_fill_is_watched_and_cancelled(start: Start, painter: Gated, photo: bytes, mask: bytes) -> None:
    web = start(workers=1)
    session = web.open(photo)
    names = [str(uuid.uuid4()) for _ in range(2)]

    def state(name: str) -> dict[str, Any]:
        answer = web.client.get(f"{session}/jobs/{name}")
        return answer.json() if answer.status_code == 200 else {}

    painter.gate.clear()
    running = Asking(web, session, mask, names[0])
    assert painter.begun.acquire(timeout=10)
    assert state(names[0]) == {"state": "running", "position": 0, "crops_done": 0, "crops": 0}
    waiting = Asking(web, session, mask, names[1])
    until(lambda: state(names[1]))
    assert state(names[1]) == {"state": "queued", "position": 1, "crops_done": 0, "crops": 0}
    for name in names:
        assert web.client.delete(f"{session}/jobs/{name}").status_code == 204
        assert state(name)["state"] == "cancelled"
    painter.gate.set()
    for asking in (waiting, running):
        answer = asking.result()
        assert (answer.status_code, answer.json()) == (409, {"detail": "cancelled"})
    assert web.fill(session, mask, job=names[0]).status_code == 200
    assert state(names[0]) == {"state": "done", "position": 0, "crops_done": 1, "crops": 1}
    assert web.client.get(f"{session}/jobs/{uuid.uuid4()}").status_code == 404
    assert web.fill(session, mask, job="no uuid").status_code == 422


def test_a_full_queue_says_when_to_try_again(start: Start, painter: Gated, photo: bytes, mask: bytes) -> None:
    web = start(workers=1, queue=1)
    session = web.open(photo)
    painter.gate.clear()
    asking = [Asking(web, session, mask)]
    assert painter.begun.acquire(timeout=10)
    asking.append(Asking(web, session, mask))
    until(lambda: web.service.fills.waiting() == 1)
    refused = web.fill(session, mask)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "3"
    assert refused.json()["detail"] == "1 others are waiting already: try again in a few seconds"
    assert web.client.get(f"{session}/photo").status_code == 200, "whoever looks does not wait for those who fill"
    painter.gate.set()
    assert [one.result().status_code for one in asking] == [200, 200]


def test_what_takes_too_long_is_given_up(start: Start, painter: Gated, photo: bytes, mask: bytes) -> None:
    web = start(seconds=0.3, workers=1)
    session = web.open(photo)
    painter.gate.clear()
    answer = web.fill(session, mask)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "this took longer than 0.3 seconds and was given up"
    assert answer.headers["retry-after"] == "10"
    painter.gate.set()
    until(lambda: not web.service.busy)
    assert web.service.session(session.rpartition("/")[2]).fills == {}, "it ended after its crop and was not kept"


def test_a_stopped_service_finishes_what_runs_and_refuses_what_waits(
    start: Start, painter: Gated, photo: bytes, mask: bytes
) -> None:
    web = start(workers=1)
    session = web.open(photo)
    painter.gate.clear()
    running = Asking(web, session, mask)
    assert painter.begun.acquire(timeout=10)
    waiting = Asking(web, session, mask)
    until(lambda: web.service.fills.waiting() == 1)
    stopping = threading.Thread(target=web.service.stop, args=(20,))
    stopping.start()
    refused = waiting.result()
    assert (refused.status_code, refused.json()) == (503, {"detail": "the service is being stopped"})
    assert web.fill(session, mask).status_code == 503
    painter.gate.set()
    stopping.join()
    assert running.result().status_code in (200, 503)


def test_memory_of_many_photos_is_bounded(start: Start, photo: bytes, mask: bytes, street: NDArray[np.uint8]) -> None:
    web = start(sessions=3, session_bytes=4 * street.nbytes, session_rest=0)
    opened = [web.open(photo) for _ in range(5)]
    assert [web.client.get(f"{session}/photo").status_code for session in opened] == [404, 404, 200, 200, 200]
    for _ in range(12):
        assert web.fill(opened[-1], mask).status_code == 200
    assert web.service.sessions.size <= 4 * street.nbytes
    assert web.client.get(f"{opened[-1]}/fills/12/photo").status_code == 200


def test_photos_in_use_do_not_make_room_for_others(start: Start, photo: bytes, mask: bytes) -> None:
    web = start(sessions=2, session_rest=0.5)
    opened = [web.open(photo) for _ in range(2)]
    refused = web.client.post("/api/v1/sessions", files={"image": photo})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["detail"] == "the service holds 2 photos, and all of them are in use: try again soon"
    time.sleep(0.6)
    assert web.fill(opened[0], mask).status_code == 200
    web.open(photo)
    assert [web.client.get(f"{session}/photo").status_code for session in opened] == [200, 404]


def test_metrics_count_what_happened(web: Running, photo: bytes, mask: bytes) -> None:
    session = web.open(photo)
    web.fill(session, mask)
    web.client.get("/api/v1/sessions/none/photo")
    text = web.client.get("/metrics").text
    assert text == text.encode().decode("ascii")
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    count = 'scenefill_requests_total{{method="{}",route="/api/v1/sessions{}",status="{}"}}'
    assert values[count.format("POST", "", 201)] == "1.0"
    assert values[count.format("POST", "/{session}/fills", 200)] == "1.0"
    assert values[count.format("GET", "/{session}/photo", 404)] == "1.0"
    assert values['scenefill_fills_total{model="painter"}'] == "1.0"
    assert values["scenefill_sessions"] == "1.0"
    assert float(values["scenefill_sessions_bytes"]) > 48 * 64 * 3
    assert values["scenefill_fills_waiting"] == "0.0"
    assert float(values['scenefill_request_seconds_count{route="/api/v1/sessions/{session}/fills"}']) == 1
    assert session.rpartition("/")[2] not in text
    assert web.client.get("/api/v1/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


def test_our_own_mistakes_are_said_without_their_details(
    web: Running, painter: Gated, photo: bytes, mask: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*asked: object) -> None:
        raise ZeroDivisionError("a secret")

    session = web.open(photo)
    monkeypatch.setattr(painter, "run", broken)
    answer = web.fill(session, mask)
    assert (answer.status_code, answer.json()) == (500, {"detail": "something went wrong inside the service; its log says what"})
    assert "content-security-policy" in answer.headers
    assert "a secret" in caplog.text
    monkeypatch.undo()
    assert web.client.get(f"{session}/photo").status_code == 200
