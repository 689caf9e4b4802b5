"""What a removal sees under a mask, what it grows over, and what it leaves to a user who mends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fakes import Painter
from streets import STREET

from scenefill import labels as label_sets
from scenefill.errors import InputError, LabelError
from scenefill.filling import removal
from scenefill.filling.inpainter import Inpainter
from scenefill.filling.questions import Questions

ROAD, CAR, SKY = (STREET.id(name) for name in ("road", "car", "sky"))


def street(car: tuple[slice, slice]) -> np.ndarray:
    """Ids of a sky above a road with one car, (64, 96)."""
    ids = np.full((64, 96), SKY, np.uint8)
    ids[24:] = ROAD
    ids[car] = CAR
    return ids


def hole(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((64, 96), bool)
    mask[rows, columns] = True
    return mask


CAR_AT = np.s_[30:42, 40:64]


def seen(mask: np.ndarray, **changes: Any) -> removal.Removal:
    photo = STREET.colourise(street(CAR_AT))
    for place, value in changes.get("paint", []):
        photo[place] = photo[place] * value
    return removal.look(Questions(Painter(working_size=96)), photo, mask, 96, grow=changes.get("grow", True))


def test_a_car_under_the_mask_is_forbidden_and_its_rim_belongs_to_it() -> None:
    mask = hole(slice(31, 41), slice(41, 63))
    found = seen(mask)
    assert found.things == ("vehicle",)
    assert found.mask[CAR_AT].all(), "what the mask forgot of the car"
    assert (found.mask & ~mask).sum() < 0.6 * mask.sum()
    assert not found.mask[:24].any()


def test_one_of_three_cars_that_touch_goes_and_its_neighbours_stay_whole() -> None:
    row = np.s_[30:42, 16:88]
    mask = hole(*CAR_AT)
    found = removal.look(Questions(Painter(working_size=96)), STREET.colourise(street(row)), mask, 96)
    assert found.things == ("vehicle",)
    assert found.mask[CAR_AT].all()
    assert not found.mask[30:42, 16:37].any()
    assert not found.mask[30:42, 67:88].any()


def test_a_mask_that_takes_a_corner_of_a_car_along_leaves_the_car() -> None:
    mask = hole(slice(26, 50), slice(20, 48))
    found = seen(mask)
    assert found.things == ()
    np.testing.assert_array_equal(found.mask, mask)


def test_a_scratch_on_a_car_removes_no_car() -> None:
    mask = hole(slice(35, 37), slice(41, 63))
    found = seen(mask)
    assert found.things == ()
    np.testing.assert_array_equal(found.mask, mask)


def test_background_under_the_mask_changes_nothing() -> None:
    mask = hole(slice(46, 60), slice(4, 30))
    found = seen(mask)
    assert found.things == ()
    np.testing.assert_array_equal(found.mask, mask)


def test_without_growing_the_mask_stays_and_the_thing_is_still_forbidden() -> None:
    mask = hole(*CAR_AT)
    found = seen(mask, grow=False)
    assert found.things == ("vehicle",)
    np.testing.assert_array_equal(found.mask, mask)


def test_the_contact_shadow_belongs_to_the_hole() -> None:
    """Painter sees classes by the nearest colour, and a road at 0.7 of its brightness is still a road."""
    mask, shadow = hole(*CAR_AT), np.s_[42:46, 42:62]
    assert seen(mask, paint=[(shadow, 0.6)]).mask[shadow].mean() > 0.9
    assert not seen(mask).mask[44:46, 42:62].any()


def test_the_soft_edge_of_a_shadow_belongs_to_the_hole_and_the_same_tone_elsewhere_does_not() -> None:
    mask, shadow, edge, elsewhere = hole(*CAR_AT), np.s_[42:46, 42:62], np.s_[46, 44:60], np.s_[56:60, 42:62]
    found = seen(mask, paint=[(shadow, 0.6), (edge, 0.85), (elsewhere, 0.85)]).mask
    assert found[edge].mean() > 0.9
    assert not found[elsewhere].any()
    assert not seen(mask, paint=[(edge, 0.85)]).mask[edge].any(), "without a shadow there is no edge of one"


def test_a_hole_never_takes_the_whole_photo() -> None:
    ids = np.full((64, 96), CAR, np.uint8)
    ids[:2] = SKY
    mask = hole(slice(3, 64), slice(0, 96))
    found = removal.look(Questions(Painter(working_size=96)), STREET.colourise(ids), mask, 96)
    np.testing.assert_array_equal(found.mask, mask)


def test_restore_has_no_influence_and_remove_forbids() -> None:
    photo, mask = STREET.colourise(street(CAR_AT)), hole(*CAR_AT)
    forbidden = []
    for intent in ("remove", "restore"):
        backend = Painter(working_size=96)
        result = Inpainter(backend)(photo, mask, intent=intent, detail="none")  # type: ignore[arg-type]
        forbidden.append(backend.asked[-1][3][0].tolist())
        if intent == "restore":
            np.testing.assert_array_equal(result.mask, mask)
            assert len(backend.asked) == 1
    assert forbidden == [STREET.flags(["vehicle"]).tolist(), [False] * len(STREET)]


def test_a_number_of_pixels_grows_as_it_says() -> None:
    photo, mask = STREET.colourise(street(CAR_AT)), hole(*CAR_AT)
    result = Inpainter(Painter(working_size=96))(photo, mask, grow=3, detail="none")
    assert result.mask[27:45, 40:64].all()
    assert not result.mask[26].any()


def test_an_unknown_intent() -> None:
    with pytest.raises(InputError, match='intent "hide" is not known; there are remove, restore'):
        Inpainter(Painter())(np.zeros((64, 96, 3), np.uint8), hole(*CAR_AT), intent="hide")  # type: ignore[arg-type]


def test_what_will_be_filled_can_be_asked_before() -> None:
    photo, mask = STREET.colourise(street(CAR_AT)), hole(*CAR_AT)
    fill = Inpainter(Painter(working_size=96))
    np.testing.assert_array_equal(fill.removal(photo, mask).mask, fill(photo, mask, detail="none").mask)


def test_a_click_selects_the_car_and_two_select_two() -> None:
    ids = street(CAR_AT)
    ids[46:58, 4:24] = CAR
    photo = STREET.colourise(ids)
    fill = Inpainter(Painter(working_size=96))
    one = fill.select(photo, [(50, 36)])
    assert (one == (street(CAR_AT) == CAR)).mean() > 0.97
    both = fill.select(photo, [(50, 36), (10, 50)])
    assert (both == (ids == CAR)).mean() > 0.97


@pytest.mark.parametrize("point", [(96, 10), (10, 64), (-1, 0)])
def test_a_click_beside_the_photo(point: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="the photo is 96x64"):
        Inpainter(Painter()).select(STREET.colourise(street(CAR_AT)), [point])


def test_a_model_without_semantics_selects_nothing() -> None:
    import scenefill

    with pytest.raises(LabelError, match="telea knows no classes and cannot select a thing"):
        scenefill.load("telea").select(np.zeros((8, 8, 3), np.uint8), [(1, 1)])


def test_every_built_in_set_keeps_something_that_does_not_move() -> None:
    for name in label_sets.available():
        label_set = label_sets.get(name)
        assert set(label_set.movable) < set(label_set.classes)
