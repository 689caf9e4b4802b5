"""Votes: overlapping patches agree on the colour of each pixel (Wexler, Shechtman, Irani 2007). Words as in patches.py."""

from __future__ import annotations

import cv2
import numpy as np

from .patches import FAR, Floats, Indices, Level

BLOCK = 2048  # pixels that are voted on at a time, 49 keys each

STEP = 0.3
"""Steps in tone at the border of the hole are levelled up to this size ..."""

REACHES = (8.0, 3.0, 1.0)
"""... over about so many pixels, one after the other."""


def vote(level: Level) -> None:
    """New colours and textures of the hole."""
    level.colours.reshape(-1, 3)[level.holes], level.texture.reshape(-1, 2)[level.holes] = votes_over(level, level.holes)


def votes_over(level: Level, pixels: Indices) -> tuple[Floats, Floats]:
    """Colours (n, 3) and textures (n, 2) that the patches over each pixel agree on."""
    colours, texture = (np.ascontiguousarray(p.reshape(-1, p.shape[2]).T) for p in (level.colours, level.texture))
    spread = np.float32(2 * np.percentile(level.cost[level.targets], 75) + 1e-8)
    weight = level.weight.ravel()
    found = np.empty((len(pixels), 3), np.float32), np.empty((len(pixels), 2), np.float32)
    for start in range(0, len(pixels), BLOCK):
        part = slice(start, start + BLOCK)
        centres = pixels[part] - level.offsets[:, None]
        keys = level.field[centres]
        source = np.where(keys < 0, level.keys[0], keys) + level.offsets[:, None]
        cost = np.where(keys < 0, FAR, level.cost[centres])
        own = (level.labels[source] == level.labels[pixels[part]]) & (keys >= 0)
        cost[own.any(axis=0) & level.bound[pixels[part]] & ~own] = FAR
        votes = np.exp((cost.min(axis=0) - cost) / spread) * weight[centres]
        votes /= votes.sum(axis=0)
        found[0][part] = _mode(colours[:, source], votes).T
        found[1][part] = _mean(texture[:, source], votes).T
    return found


def _mean(planes: Floats, share: Floats) -> Floats:
    """(C, m, n) and the shares (m, n) of each of m in n means -> (C, n). In this order sums run along n, and are quick."""
    return np.stack([(plane * share).sum(axis=0) for plane in planes])


def _mode(shades: Floats, share: Floats) -> Floats:
    """The colour (3, n) that most votes (3, m, n) agree on, by mean shift: a plain mean of differing patches is a blur."""
    mode = _mean(shades, share)
    for bandwidth in (0.2, 0.1, 0.05):
        away = sum((plane - centre) ** 2 for plane, centre in zip(shades, mode, strict=True))
        near = share * np.exp(away / np.float32(-2 * bandwidth**2)) + np.float32(1e-12) * share
        mode = _mean(shades, near) / near.sum(axis=0)
    return mode


def blend(level: Level) -> None:
    """No step in tone at the border: what the votes get wrong on the known pixels there is taken off the fill nearby, by class.

    What is wrong over long stretches reaches far into the hole, what is left of it less far.
    """
    hole = np.zeros(level.field.size, np.uint8)
    hole[level.holes] = 1
    border = level.targets[
        cv2.dilate(hole.reshape(level.height, -1), np.ones((3, 3))).ravel()[level.targets] > hole[level.targets]
    ]
    wrong = (level.colours.reshape(-1, 3)[border] - votes_over(level, border)[0]).clip(-STEP, STEP)
    away = cv2.distanceTransform((level.weight < 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).ravel()
    for number in np.unique(level.labels[border]):
        mine, holes = level.labels[border] == number, level.holes[level.labels[level.holes] == number]
        left = wrong[mine]
        for reach in REACHES:
            error = np.zeros((level.height * level.width, 4), np.float32)
            error[border[mine]] = np.insert(left, 3, 1, axis=1)
            sums = cv2.GaussianBlur(error.reshape(level.height, -1, 4), (0, 0), reach).reshape(-1, 4)
            mean = sums[:, :3] / np.maximum(sums[:, 3:], 1e-6)
            level.colours.reshape(-1, 3)[holes] += mean[holes] * np.exp(-away[holes] / reach)[:, None]
            left = left - mean[border[mine]]
