"""Photos in memory: bounded in number, size and age."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import STREET, Grey
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from web.conftest import until

from scenefill.filling.inpainter import Inpainter
from scenefill.filling.result import Result
from scenefill.pictures import images
from scenefill.web.sessions import Fill, FullError, Session, Sessions, boxes, shown

PICTURE = images.read(np.random.default_rng(0).integers(0, 255, (100, 200, 3), np.uint8))


def _result(picture: images.Picture, top: int) -> Result:
    mask = np.zeros((100, 200), bool)
    mask[top : top + 10, 20:30] = True
    return Inpainter(Grey(top / 100)).fill(picture, mask, feather=2)


def _fill(session: Session, top: int, base: str | None = None) -> Fill:
    result = _result(session.filled(base), top)
    fill = Fill.of(session.number(), base, "grey", 0.1, result, 2, [])
    assert session.keep(fill, 10**9)
    return fill


def test_the_one_not_used_for_longest_makes_room() -> None:
    sessions = Sessions(2, 10**9, 1000)
    first, second = (sessions.add(name, PICTURE, None, None) for name in "ab")
    assert sessions.get(first.id) is first
    sessions.add("c", PICTURE, None, None)
    assert len(sessions) == 2
    with pytest.raises(KeyError):
        sessions.get(second.id)
    sessions.clear()
    assert len(sessions) == 0


def test_bytes_are_bounded_but_the_newest_stays() -> None:
    sessions = Sessions(10, 2 * PICTURE.pixels.nbytes, 1000)
    for name in "abc":
        sessions.add(name, PICTURE, None, None)
    assert sessions.size == 2 * PICTURE.pixels.nbytes
    mask = np.zeros((1000, 1000), bool)
    large = sessions.add("large", PICTURE, mask, None)
    assert len(sessions) == 1
    assert sessions.size == large.size == PICTURE.pixels.nbytes + mask.nbytes


def test_a_photo_that_nobody_asks_for_is_forgotten() -> None:
    sessions = Sessions(10, 10**9, 0.2)
    sessions.add("a", PICTURE, None, None)
    until(lambda: not len(sessions))


def test_one_that_is_used_is_not() -> None:
    sessions = Sessions(10, 10**9, 1000)
    one, other = (sessions.add(name, PICTURE, None, None) for name in "ab")
    one.used -= 900
    sessions.get(one.id)
    one.used -= 900
    other.used -= 1001
    assert sessions.get(one.id) is one
    assert len(sessions) == 1


def test_fills_go_on_from_each_other() -> None:
    session = Session("id", "a.png", PICTURE)
    first = _fill(session, 10)
    second = _fill(session, 50, first.id)
    other = _fill(session, 50)
    assert session.filled(None) is PICTURE
    assert (session.filled(second.id).pixels == _result(_result(PICTURE, 10).picture, 50).image).all()
    assert (session.filled(other.id).pixels == _result(PICTURE, 50).image).all()
    assert (second.mask == other.mask).all()
    assert first.size < PICTURE.pixels.nbytes


def test_a_session_forgets_its_oldest_fills_first() -> None:
    session = Session("id", "a.png", PICTURE)
    first = _fill(session, 10)
    second, third = _fill(session, 20, first.id), _fill(session, 30)
    most = session.size
    fourth = replace(_fill(session, 40), id="new")
    session.fills.pop("4")
    assert session.keep(fourth, most)
    assert list(session.fills) == [first.id, third.id, "new"], "the second was the oldest that no other went on from"
    assert not session.keep(replace(second, id="5"), PICTURE.pixels.nbytes)
    assert "5" not in session.fills


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1), st.integers(0, 20))
def test_boxes_hold_the_mask(height: int, width: int, seed: int, margin: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < rng.choice([0, 0.0001, 0.01])
    covered = np.zeros_like(mask)
    for top, left, bottom, right in boxes(mask, margin):
        assert 0 <= top < bottom <= height
        assert 0 <= left < right <= width
        covered[top:bottom, left:right] = True
    assert covered[mask].all()
    if not mask.any():
        assert not covered.any()


def test_dust_makes_few_boxes() -> None:
    assert len(boxes(np.random.default_rng(0).random((1000, 1000)) < 0.01, 0)) == 1


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_what_a_page_shows_is_8_bit_small_and_keeps_its_profile(mode: str) -> None:
    channels = len(mode) - 1 + len(mode) % 2 if mode.startswith("L") else len(mode)
    samples = np.full((50, 100, channels), 30_000, np.uint16)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    alpha = samples[:, :, -1] if mode.endswith("A") else None
    picture = images.Picture(samples[:, :, : 1 if mode.startswith("L") else 3], alpha, icc=profile, exif=b"Exif\0\0secret")
    small = shown(picture, 20)
    assert small.mode == mode
    assert small.pixels.shape[:2] == (10, 20)
    assert small.pixels.dtype == np.uint8
    assert small.icc == profile
    assert small.exif is None
    assert (small.pixels == round(30_000 / 257)).all()


def test_street_colours_survive_the_way_to_the_page() -> None:
    image = Image.fromarray(STREET.colourise(np.arange(8, dtype=np.uint8).reshape(2, 4)))
    assert (shown(images.read(image)).pixels == np.asarray(image)).all()


def test_a_photo_that_somebody_waits_for_does_not_make_room() -> None:
    kept = Sessions(2, 2**30, 3600.0)
    picture = images.read(np.zeros((4, 4, 3), np.uint8))
    first, second = (kept.add("a", picture, None, None) for _ in range(2))
    with kept.asked(first):
        third = kept.add("a", picture, None, None)
        assert kept.get(first.id) is first
        with pytest.raises(KeyError):
            kept.get(second.id)
        with kept.asked(third), pytest.raises(FullError):
            kept.check()
    kept.add("a", picture, None, None)
    with pytest.raises(KeyError):
        kept.get(third.id)
    assert kept.get(first.id) is first, "it was asked for last"
    kept.clear()
