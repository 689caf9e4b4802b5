"""Questions to a model: what it is shown, what it says of a whole photo, and who tells it what is around a hole."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import PALETTE, STREET, Painter, scene
from numpy.typing import NDArray
from specimens import box, noise

from scenefill import labels as label_sets
from scenefill.errors import InputError, LabelError, MaskError, ScenefillWarning
from scenefill.filling import questions
from scenefill.filling.inpainter import Inpainter
from scenefill.labels import UNKNOWN
from scenefill.models.runtime import Answer, Flags, Floats, Ids
from scenefill.pictures import masks


def test_the_model_sees_windows_at_its_working_size() -> None:
    backend = Painter(working_size=32)
    photo, mask = noise(200, 300, 3), box(200, 300, 10, 10, 12, 12) | box(200, 300, 100, 200, 48, 60)
    Inpainter(backend)(photo, mask, intent="restore")
    small, large = sorted(backend.asked, key=lambda asked: asked[1].sum())
    assert small[0].shape == large[0].shape == (1, 3, 32, 32)
    np.testing.assert_allclose(small[0][0], photo[:32, :32].transpose(2, 0, 1) / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(small[1][0, 0], mask[:32, :32])
    assert large[1].sum() == 14 * 16  # 48 x 60 pixels at 120 / 32 = 3.75 per pixel: 12.8 x 16, whatever is touched
    Inpainter(backend)(photo, mask, size=48)
    assert backend.asked[-1][0].shape == (1, 3, 48, 48)


def test_segment_finds_the_classes_of_a_painted_photo() -> None:
    labels = scene()
    found, confidence = Inpainter(Painter(working_size=48)).segment(STREET.colourise(labels))
    np.testing.assert_array_equal(found, labels)
    assert (found.dtype, confidence.dtype) == (np.uint8, np.float32)
    np.testing.assert_allclose(confidence, np.exp(3) / (np.exp(3) + 7), rtol=1e-5)


def test_segment_of_a_large_photo_is_as_fine_as_its_working_size() -> None:
    labels = np.kron(scene(), np.ones((8, 8), np.uint8))
    found, _ = Inpainter(Painter(working_size=40, stride=8)).segment(STREET.colourise(labels))
    assert found.shape == labels.shape == (320, 480)
    assert (found == labels).mean() > 0.98


def test_labels_and_confidence_cover_the_photo_and_are_made_only_when_asked_for() -> None:
    labels = scene(80, 120)
    photo, mask = STREET.colourise(labels), box(80, 120, 4, 4, 6, 6)
    backend = Painter(working_size=32)
    result = Inpainter(backend)(photo, mask, intent="restore")
    assert len(backend.asked) == 1
    assert result.labels is not None
    assert result.confidence is not None
    assert len(backend.asked) == 2
    assert not backend.asked[1][1].any()
    assert (result.labels[mask] == STREET.id("building")).all()
    assert (result.labels[~mask] == labels[~mask]).mean() > 0.97
    np.testing.assert_allclose(result.confidence[mask], np.exp(1) / (np.exp(1) + 7), rtol=1e-5)
    np.testing.assert_allclose(result.confidence[:20, :20][~mask[:20, :20]], np.exp(3) / (np.exp(3) + 7), rtol=1e-5)
    assert result.labels is result.labels
    assert len(backend.asked) == 2


def test_a_window_that_is_the_whole_photo_needs_no_second_look() -> None:
    backend = Painter(working_size=64)
    result = Inpainter(backend)(noise(40, 60, 3), box(40, 60, 4, 4, 6, 6), intent="restore")
    assert result.labels is not None
    assert len(backend.asked) == 1


def test_forbidden_classes_vanish_from_the_map() -> None:
    photo, mask = STREET.colourise(scene()), box(40, 60, 4, 4, 6, 6)
    result = Inpainter(Painter(working_size=64))(photo, mask, forbid="house")
    assert result.labels is not None
    assert result.confidence is not None
    assert (result.image[mask] == PALETTE[0]).all()
    assert (result.labels[mask] != STREET.id("building")).all()
    np.testing.assert_allclose(result.confidence[mask], 1 / 7, rtol=1e-5)


def test_erase_removes_a_class_with_its_border() -> None:
    labels = scene()
    photo, car = STREET.colourise(labels), labels == STREET.id("car")
    backend = Painter(working_size=64, fallback=("vehicle", "road", "sky"))
    result = Inpainter(backend).erase(photo, ["car"], grow=3, detail="none")
    np.testing.assert_array_equal(result.mask, masks.dilate(car, 3))
    assert (result.image[result.mask] == PALETTE[STREET.id("road")]).all()
    np.testing.assert_array_equal(result.image[~result.mask], photo[~result.mask])
    np.testing.assert_array_equal(backend.asked[-1][3], [STREET.flags(["vehicle"])])
    assert result.labels is not None
    assert not (result.labels == STREET.id("car")).any()


def test_erase_grows_by_pixels_of_the_segmentation() -> None:
    labels = np.kron(scene(), np.ones((8, 8), np.uint8))
    result = Inpainter(Painter(working_size=40, stride=8)).erase(STREET.colourise(labels), "car", grow=0)
    car = labels == STREET.id("car")
    assert result.mask[masks.dilate(car, 8)].all()
    assert not result.mask[~masks.dilate(car, 20)].any()


class Doubtful(Painter):
    """Takes each pavement for a vehicle with a probability of `chance`."""

    def __init__(self, chance: float) -> None:
        super().__init__(working_size=64, fallback=("road",))
        self.chance = chance

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        answer = super().run(image, mask, hints, forbid, guide)
        assert answer.logits is not None
        pavement = answer.logits[:, STREET.id("pavement")] == 6
        others = np.exp(6 / self.temperature) + 6  # 6 against 0 for pavement, in eight classes
        odds = self.temperature * np.log(others * self.chance / (1 - self.chance))
        answer.logits[:, STREET.id("vehicle")][pavement] = odds
        return answer


@pytest.mark.parametrize(("chance", "belongs"), [(0.15, False), (0.25, True)])
def test_erase_reaches_as_far_as_the_class_is_likely(chance: float, belongs: bool) -> None:
    labels = scene(64, 64)
    labels[36:42, 32:40] = STREET.id("pavement")  # touches the car
    labels[56:60, 4:8] = STREET.id("pavement")  # does not
    result = Inpainter(Doubtful(chance)).erase(STREET.colourise(labels), "car", grow=0, detail="none")
    assert result.mask[36:42, 36:40].all() == belongs
    assert not result.mask[56:60, 4:8].any()
    assert result.mask[labels == STREET.id("car")].all()


def test_nothing_to_erase() -> None:
    photo = STREET.colourise(scene())
    with pytest.warns(ScenefillWarning, match="no person was found") as caught:
        result = Inpainter(Painter()).erase(photo, ["person"])
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(result.image, photo)
    assert not result.mask.any()
    with pytest.raises(LabelError, match="no class was named"):
        Inpainter(Painter()).erase(photo, [])
    with pytest.raises(LabelError, match='no class "unicorn"'):
        Inpainter(Painter()).erase(photo, ["unicorn"])
    with pytest.raises(MaskError, match="all hole"):
        Inpainter(Painter()).erase(photo, ["car", "road", "sky"])


class Mapped(Painter):
    """A Painter that counts on a map of what is known."""

    name = "mapped"
    known_map = True


def test_a_model_that_counts_on_a_map_gets_it_from_a_segmenter() -> None:
    labels = scene()
    photo, hole = PALETTE[labels], box(40, 60, 10, 10, 12, 16)
    seen: list[NDArray[np.uint8]] = []

    def segmenter(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
        seen.append(rgb[mask])
        return np.full(mask.shape, STREET.id("vegetation"), np.uint8)

    backend = Mapped(working_size=64)
    result = Inpainter(backend, segmenter)(photo, hole)
    assert np.array_equal(result.image[~hole], photo[~hole])
    _, mask, hints, _ = backend.asked[0]
    inside = mask[0, 0] > 0
    assert (seen[0] == 128).all()  # the segmenter does not see what stands in the hole either
    assert (hints[0][inside] == UNKNOWN).all()
    assert (hints[0][~inside] == STREET.id("vegetation")).all()


def test_a_label_map_of_the_photo_comes_before_the_segmenter() -> None:
    labels = scene()
    hole = box(40, 60, 10, 10, 12, 16)
    wish = np.where(hole, UNKNOWN, labels)
    wish[12:15, 12:15] = STREET.id("person")
    wish[:, :3] = UNKNOWN
    backend = Mapped(working_size=64)
    Inpainter(backend, lambda rgb, mask: np.full(mask.shape, STREET.id("vegetation"), np.uint8))(
        PALETTE[labels], hole, labels=wish, intent="restore"
    )
    hints = backend.asked[0][2][0]
    left, rest = hints[:40, :3], hints[:40, 3:60]
    assert (left == STREET.id("vegetation")).all()
    assert np.array_equal(rest, wish[:, 3:60])


def test_the_segmenter_is_the_built_in_network_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Painter(stride=16)
    monkeypatch.setattr(questions, "open_backend", lambda name, _: {"sge-net-street": asked}[name])
    labels, hole = scene(), box(40, 60, 10, 40, 12, 12)
    backend = Mapped(working_size=64)
    Inpainter(backend)(PALETTE[labels], hole)
    hints, mask = backend.asked[0][2][0][:40, :60], backend.asked[0][1][0, 0, :40, :60] > 0
    assert np.array_equal(hints[~mask], labels[~mask])
    backend.stride = 8
    with pytest.raises(InputError, match="sge-net-street takes multiples of 16 and mapped of 8: give a label map"):
        Inpainter(backend)(PALETTE[labels], hole)


def test_a_segmenter_of_other_classes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Painter()
    monkeypatch.setattr(other, "labels", label_sets.get("outdoor-scenes"))
    monkeypatch.setattr(questions, "open_backend", lambda name, _: other)
    with pytest.raises(LabelError, match="in its own classes, and sge-net-street knows others: give a label map"):
        Inpainter(Mapped())(PALETTE[scene()], box(40, 60, 10, 40, 12, 12))
