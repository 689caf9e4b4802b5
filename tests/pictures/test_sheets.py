"""Sheets of panels: sizes, places and colours."""

from __future__ import annotations

import numpy as np
import pytest

from scenefill import labels
from scenefill.errors import InputError
from scenefill.pictures import sheets


def _flat(height: int, width: int, value: int) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_panels_keep_their_pixels_and_their_order() -> None:
    sheet = sheets.grid([[("left", _flat(40, 60, 10)), ("right", _flat(40, 60, 200))]])
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] > 120
    columns = [np.flatnonzero((sheet == value).all(axis=2).sum(axis=0) >= 40) for value in (10, 200)]
    assert [len(c) for c in columns] == [60, 60]
    assert columns[0].max() < columns[1].min()


def test_rows_may_differ_in_length_and_size() -> None:
    sheet = sheets.grid([[("a", _flat(10, 30, 7))], [("b", _flat(50, 20, 8)), ("c", _flat(50, 20, 9))]])
    assert [(sheet == value).all(axis=2).sum() for value in (7, 8, 9)] == [300, 1000, 1000]


def test_a_coarse_scale_is_enlarged_pixel_by_pixel() -> None:
    coarse = np.zeros((2, 3), np.uint8)
    coarse[0, 0] = 77
    sheet = sheets.grid([[("fine", _flat(40, 60, 10)), ("coarse", coarse)]])
    assert (sheet == 77).all(axis=2).sum() == 20 * 20


def test_a_mask_is_white_where_true() -> None:
    sheet = sheets.grid([[("hole", np.zeros((30, 30), bool))]])
    assert (sheet == 0).all(axis=2).sum() == 900


def test_a_long_title_stays_inside_its_column() -> None:
    narrow = sheets.grid([[("a title much longer than the panel", _flat(20, 40, 0)), ("", _flat(20, 200, 9))]])
    assert (narrow[:20, 60:] == 255).all()


@pytest.mark.parametrize("rows", [[], [[]]])
def test_an_empty_sheet_is_an_error(rows: list[list[sheets.Panel]]) -> None:
    with pytest.raises(InputError, match="at least one panel"):
        sheets.grid(rows)


def test_a_panel_of_another_kind_is_named() -> None:
    with pytest.raises(InputError, match=r'panel "depth" is float64 \(4, 4\)'):
        sheets.grid([[("depth", np.zeros((4, 4)))]])  # type: ignore[list-item]


@pytest.mark.parametrize("name", labels.available())
def test_a_legend_shows_every_colour(name: str) -> None:
    label_set = labels.get(name)
    picture = sheets.legend(label_set)
    shown = {tuple(int(v) for v in colour) for colour in picture.reshape(-1, 3)}
    assert set(label_set.colours) <= shown


def test_heat_runs_from_dark_to_bright() -> None:
    picture = sheets.heat(np.linspace(0, 1, 101, dtype=np.float32)[None])
    assert tuple(picture[0, 0]) == (68, 1, 84)
    assert tuple(picture[0, -1]) == (253, 231, 37)
    brightness = picture[0] @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(brightness) > -1).all()
    assert (sheets.heat(np.array([[-3.0, 7.0]], np.float32)) == picture[:, [0, -1]]).all()
