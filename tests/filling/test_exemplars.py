"""Pieces of what repeats itself, and their seams."""

from __future__ import annotations

import numpy as np

from scenefill.filling import blending, exemplars

SIDE = 96


def facade() -> np.ndarray:
    """(96, 96, 3) in 0..1: a wall that brightens to the right, with a dark window of 8x8 every 16 pixels."""
    picture = np.full((SIDE, SIDE, 3), 0.7, np.float32)
    y, x = np.indices((SIDE, SIDE))
    picture[(y % 16 >= 4) & (y % 16 < 12) & (x % 16 >= 4) & (x % 16 < 12)] = 0.2
    return picture + np.float32(0.001) * x[..., None].astype(np.float32)


HOLE = np.zeros((SIDE, SIDE), bool)
HOLE[30:62, 30:62] = True
LABELS = np.ones((SIDE, SIDE), np.uint8)
NONE = np.zeros((SIDE, SIDE), bool)


def test_windows_go_on() -> None:
    truth = facade()
    guide = np.where(HOLE[..., None], truth[~HOLE].mean(axis=0), truth).astype(np.float32)  # a network that only knows the tone
    match = exemplars.find(truth, HOLE, labels=LABELS, guide=guide, shunned=NONE)
    assert match is not None
    assert (np.abs(match.offsets[HOLE]) % 16 == 0).mean() > 0.9
    wanted = np.asarray(match.colours, np.float32)
    joined = blending.joined(truth, HOLE, match.offsets, guide, wanted)
    np.testing.assert_array_equal(joined[~HOLE], truth[~HOLE])
    assert np.abs(joined - truth)[HOLE].mean() < 0.25 * np.abs(guide - truth)[HOLE].mean()


def test_what_is_shunned_is_not_copied() -> None:
    truth = facade()
    truth[:, :24] = (1.0, 0.0, 0.0)
    shunned = NONE.copy()
    shunned[:, :24] = True
    match = exemplars.find(truth, HOLE, labels=LABELS, guide=truth, shunned=shunned)
    assert match is not None
    y, x = np.nonzero(HOLE & (match.offsets != 0).any(axis=2))
    to = x + match.offsets[y, x, 1]
    assert len(to) > 0
    assert (to >= 24).all()


def test_without_anything_of_the_class_there_are_no_pieces() -> None:
    labels = np.where(HOLE, 2, 1).astype(np.uint8)
    assert exemplars.find(facade(), HOLE, labels=labels, guide=facade(), shunned=NONE) is None


def test_two_pieces_of_different_tone_meet_without_a_step() -> None:
    """The left half of the hole is from a dark wall, the right from a bright one; their gradients are 0, so no step stays."""
    picture = np.full((40, 80, 3), 0.5, np.float32)
    picture[:14, :40], picture[:14, 40:] = 0.2, 0.8
    hole = np.zeros((40, 80), bool)
    hole[20:30, 30:50] = True
    offsets = np.zeros((40, 80, 2), np.int64)
    offsets[20:30, 30:40], offsets[20:30, 40:50] = (-18, -10), (-18, 10)
    joined = blending.joined(picture, hole, offsets, picture, picture)
    np.testing.assert_allclose(joined[hole], 0.5, atol=0.01)
