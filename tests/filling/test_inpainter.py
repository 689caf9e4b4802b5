"""The Inpainter: known pixels stay, holes are filled from the right places, steering arrives, maps cover the photo."""

from __future__ import annotations

import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import STREET, Draughtsman, Grey, Painter, write_network
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import scenefill
from scenefill import labels as label_sets
from scenefill.errors import ImageError, InputError, LabelError, MaskError, OutputError, ScenefillWarning, WeightsError
from scenefill.filling import classical, questions
from scenefill.filling.benchmark import timed
from scenefill.filling.inpainter import Inpainter
from scenefill.filling.notices import warnings_kept
from scenefill.labels import UNKNOWN
from scenefill.models import registry, weights
from scenefill.models.runtime import Answer, Flags, Floats, Ids
from scenefill.pictures import images, masks

PALETTE = np.array(STREET.colours, np.uint8)
SHAPES = [(), (1,), (3,), (4,)]


def _photo(height: int, width: int, channels: tuple[int, ...] = (3,), dtype: Any = np.uint8, seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (height, width, *channels), dtype, endpoint=True)


def _box(height: int, width: int, top: int, left: int, rows: int, columns: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), bool)
    mask[top : top + rows, left : left + columns] = True
    return mask


def _street(height: int = 40, width: int = 60) -> NDArray[np.uint8]:
    """A label map: sky over road, with a car."""
    labels = np.zeros((height, width), np.uint8)
    labels[height // 2 :] = STREET.id("road")
    labels[height // 2 + 2 : height // 2 + 10, 20:32] = STREET.id("car")
    return labels


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A photo of any size, kind and depth, and a mask with a hole and a known pixel."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(2, 90))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < draw(st.sampled_from([0, 0.01, 0.4]))
    top, left = rng.integers(height), rng.integers(width)
    mask[top : top + rng.integers(1, 40), left : left + rng.integers(1, 40)] = True
    mask[rng.integers(height), rng.integers(width)] ^= True
    mask[0, :2] = [True, False]
    return _photo(height, width, draw(st.sampled_from(SHAPES)), draw(st.sampled_from([np.uint8, np.uint16])), seed), mask


def _quietly(fill: Inpainter, *arguments: Any, **options: Any) -> scenefill.Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScenefillWarning)
        return fill(*arguments, **options)


# ------------------------------------------------------------------------------------------------------------ what always holds


@settings(max_examples=80, deadline=None)
@given(cases(), st.sampled_from(["grey", "painter", "telea"]), st.integers(0, 3), st.integers(0, 4))
def test_known_pixels_stay_and_the_array_is_like_the_one_given(
    case: tuple[NDArray[Any], NDArray[np.bool_]], model: str, grow: int, feather: int
) -> None:
    photo, mask = case
    hole = masks.dilate(mask, grow)
    if hole.all():
        return
    backend = {"grey": Grey(), "painter": Painter(), "telea": classical.BACKENDS["telea"]}[model]
    before = photo.copy(), mask.copy()
    result = _quietly(Inpainter(backend), photo, mask, grow=grow, feather=feather)
    assert (result.image.shape, result.image.dtype) == (photo.shape, photo.dtype)
    np.testing.assert_array_equal(result.mask, hole)
    known = ~masks.dilate(hole, feather)
    np.testing.assert_array_equal(result.image[known], photo[known])
    if photo.shape[2:] == (4,):
        np.testing.assert_array_equal(result.image[:, :, 3], photo[:, :, 3])
    np.testing.assert_array_equal(photo, before[0])
    np.testing.assert_array_equal(mask, before[1])


@settings(max_examples=40, deadline=None)
@given(cases())
def test_every_hole_pixel_is_filled_and_its_content_has_no_influence(case: tuple[NDArray[Any], NDArray[np.bool_]]) -> None:
    photo, mask = case
    top = np.iinfo(photo.dtype).max
    filled = _quietly(Inpainter(Grey(0.2)), photo, mask, intent="restore", detail="none").image.reshape(*mask.shape, -1)[:, :, :3]
    np.testing.assert_allclose(filled[mask], 0.6 * top, atol=0.51)

    other = photo.copy()
    other[mask] = top - other[mask]
    if photo.shape[2:] == (4,):
        other[:, :, 3] = photo[:, :, 3]
    for fill in (Inpainter(Painter()), Inpainter(classical.BACKENDS["telea"])):
        filled = [_quietly(fill, each, mask, intent="restore").image for each in (photo, other)]
        np.testing.assert_array_equal(*filled)


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, len(STREET) - 1), st.integers(0, 2**32 - 1))
def test_hints_are_obeyed(case: tuple[NDArray[Any], NDArray[np.bool_]], forbidden: int, seed: int) -> None:
    """Where the photo is not shrunk, every hinted pixel gets its class, the others the first one allowed."""
    photo, mask = case
    photo = np.ascontiguousarray(np.broadcast_to(photo.reshape(*mask.shape, -1)[:, :, :1], (*mask.shape, 3))).astype(np.uint8)
    labels = np.random.default_rng(seed).choice(np.array([*range(len(STREET)), UNKNOWN], np.uint8), mask.shape)
    result = _quietly(
        Inpainter(Painter(working_size=192)),
        photo,
        mask,
        labels=labels,
        forbid=[STREET.classes[forbidden]],
        intent="restore",
        detail="none",
    )
    default = STREET.id("building") if forbidden != STREET.id("building") else STREET.id("sky")
    wanted = np.where(labels == UNKNOWN, default, labels)
    np.testing.assert_array_equal(result.image[mask], PALETTE[wanted[mask]])
    assert result.labels is not None
    assert result.confidence is not None
    hinted = mask & (labels != UNKNOWN)
    np.testing.assert_array_equal(result.labels[hinted], labels[hinted])
    assert (result.confidence[hinted] == 1).all()
    assert (result.labels[mask & ~hinted] != forbidden).all()


def test_extreme_sizes() -> None:
    for height, width in ((1, 2), (2, 1), (3, 20000), (20000, 3)):
        photo, mask = _photo(height, width), np.zeros((height, width), bool)
        mask[0, 0] = mask[-1, -1] = height * width > 2
        mask[0, 0] = True
        for backend in (Grey(1), Painter()):
            result = Inpainter(backend).fill(photo, mask)
            np.testing.assert_array_equal(result.image[~mask], photo[~mask])
            if backend.labels:
                assert result.labels is not None
                assert result.labels.shape == (height, width)


def test_one_pixel_can_be_segmented_but_not_filled() -> None:
    photo = PALETTE[STREET.id("road")].reshape(1, 1, 3)
    labels, confidence = Inpainter(Painter()).segment(photo)
    np.testing.assert_array_equal(labels, [[STREET.id("road")]])
    assert confidence.shape == (1, 1)
    with pytest.raises(MaskError, match="all hole"):
        Inpainter(Painter()).fill(photo, np.ones((1, 1), bool))


# -------------------------------------------------------------------------------------------------------------- what is passed in


def test_path_pil_and_array_give_the_same(tmp_path: Path) -> None:
    photo, mask = _photo(30, 40), _box(30, 40, 5, 6, 7, 8)
    images.write_rgb(photo, tmp_path / "photo.png")
    masks.write(mask, tmp_path / "mask.png")
    fill = Inpainter(Grey(-0.5))
    expected = fill(photo, mask).image
    for image in (tmp_path / "photo.png", str(tmp_path / "photo.png"), Image.fromarray(photo), images.read(photo)):
        for hole in (tmp_path / "mask.png", Image.fromarray(mask), mask.astype(np.uint8) * 255):
            np.testing.assert_array_equal(fill(image, hole).image, expected)


def test_files_keep_their_kind(tmp_path: Path) -> None:
    mask = _box(20, 30, 5, 5, 4, 4)
    for mode, shape in (("L", (20, 30)), ("LA", (20, 30, 2)), ("RGB", (20, 30, 3)), ("RGBA", (20, 30, 4))):
        Image.fromarray(_photo(20, 30, shape[2:])).save(tmp_path / "in.png")
        result = Inpainter(Grey())(tmp_path / "in.png", mask)
        assert result.image.shape == shape
        result.save(tmp_path / f"{mode}.png")
        with Image.open(tmp_path / f"{mode}.png") as saved:
            assert saved.mode == mode
            np.testing.assert_array_equal(np.asarray(saved), result.image)
    with pytest.raises(OutputError, match="stands already"):
        result.save(tmp_path / "RGBA.png")


def test_mask_options() -> None:
    photo, mask = _photo(20, 30), _box(20, 30, 5, 5, 4, 4)
    fill = Inpainter(Grey())
    np.testing.assert_array_equal(fill(photo, ~mask, invert_mask=True).mask, mask)
    np.testing.assert_array_equal(fill(photo, mask[::2, ::2], resize_mask=True).mask, masks.resize(mask[::2, ::2], 20, 30))
    with pytest.raises(MaskError, match="the mask is 15x10 and the photo 30x20"):
        fill(photo, mask[::2, ::2])


def test_a_mask_without_a_hole_returns_the_photo_and_warns() -> None:
    photo = _photo(20, 30, (4,), np.uint16)
    with pytest.warns(ScenefillWarning, match="no hole") as caught:
        result = Inpainter(Painter())(photo, np.zeros((20, 30), bool), grow=3, feather=3)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(result.image, photo)
    assert not result.mask.any()
    assert not np.shares_memory(result.image, photo)
    assert result.labels is not None


def test_a_very_large_hole_warns_and_a_whole_one_is_refused() -> None:
    photo = _photo(20, 30)
    with pytest.warns(ScenefillWarning, match=r"67% of the photo is hole") as caught:
        Inpainter(Grey())(photo, _box(20, 30, 0, 0, 20, 20))
    assert caught[0].filename == __file__
    with pytest.raises(MaskError, match="all hole"):
        Inpainter(Grey())(photo, np.ones((20, 30), bool))
    with pytest.raises(MaskError, match="all hole"):
        Inpainter(Grey())(photo, _box(20, 30, 0, 0, 20, 29), grow=1)


def test_label_maps_come_as_files_images_and_arrays(tmp_path: Path) -> None:
    photo, mask = _photo(20, 30), _box(20, 30, 5, 5, 8, 8)
    labels = np.full((20, 30), STREET.id("road"), np.uint8)
    images.write_labels(labels, STREET, tmp_path / "ids.png")
    images.write_rgb(STREET.colourise(labels), tmp_path / "colours.png")
    fill = partial(Inpainter(Painter()), detail="none")
    expected = fill(photo, mask, labels=labels).image
    assert (expected[mask] == PALETTE[STREET.id("road")]).all()
    with Image.open(tmp_path / "ids.png") as ids, Image.open(tmp_path / "colours.png") as colours:
        for given_labels in (tmp_path / "ids.png", str(tmp_path / "colours.png"), ids, colours):
            np.testing.assert_array_equal(fill(photo, mask, labels=given_labels).image, expected)


def test_only_hints_inside_the_hole_count_and_sets_of_classes_do_not() -> None:
    backend, mask = Painter(), _box(32, 32, 8, 8, 8, 8)
    labels = np.full((32, 32), STREET.id("road"), np.uint8)
    labels[8, 8] = 128
    Inpainter(backend)(_photo(32, 32), mask, labels=labels, intent="restore")
    ((_, _, hints, _),) = backend.asked
    np.testing.assert_array_equal(hints[0] == STREET.id("road"), mask & (labels != 128))
    assert (hints[0][~mask | (labels == 128)] == UNKNOWN).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": np.zeros((30, 20), np.uint8)}, "the label map is 20x30 and the photo 30x20"),
        ({"labels": np.full((20, 30), 77, np.uint8)}, "id 77 at row 0"),
        ({"labels": np.zeros((20, 30))}, "uint8 array"),
        ({"forbid": ["cra"]}, 'no class "cra", did you mean "car"'),
        ({"forbid": STREET.classes}, "every class is forbidden"),
    ],
)
def test_steering_that_makes_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        Inpainter(Painter())(_photo(20, 30), _box(20, 30, 5, 5, 4, 4), **options)


def test_a_model_without_semantics_says_so() -> None:
    fill, photo, mask = Inpainter(Grey()), _photo(20, 30), _box(20, 30, 5, 5, 4, 4)
    for ask in (
        lambda: fill(photo, mask, labels=np.zeros((20, 30), np.uint8)),
        lambda: fill(photo, mask, forbid=["car"]),
        lambda: fill.segment(photo),
        lambda: fill.erase(photo, ["car"]),
    ):
        with pytest.raises(LabelError, match="grey knows no classes"):
            ask()
    result = fill(photo, mask)
    assert result.labels is None
    assert result.confidence is None
    for save in (result.save_labels, result.save_confidence):
        with pytest.raises(LabelError, match="no semantics"):
            save("never.png")


def test_sizes_that_a_model_does_not_take() -> None:
    photo, mask = _photo(20, 30), _box(20, 30, 5, 5, 4, 4)
    with pytest.raises(InputError, match="takes no size"):
        Inpainter(Grey(working_size=None))(photo, mask, size=64)
    with pytest.raises(InputError, match="sizes of 16 and more"):
        Inpainter(Grey())(photo, mask, size=8)
    with pytest.raises(InputError, match="feather"):
        Inpainter(Grey())(photo, mask, feather=-1)
    with pytest.raises(MaskError, match="grown"):
        Inpainter(Grey())(photo, mask, grow=-1)
    with pytest.raises(ImageError, match="no such file"):
        Inpainter(Grey())("nowhere.png", mask)


# ------------------------------------------------------------------------------------------------------------- what comes out


def test_the_model_sees_windows_at_its_working_size() -> None:
    backend = Painter(working_size=32)
    photo, mask = _photo(200, 300), _box(200, 300, 10, 10, 12, 12) | _box(200, 300, 100, 200, 48, 60)
    Inpainter(backend)(photo, mask, intent="restore")
    small, large = sorted(backend.asked, key=lambda asked: asked[1].sum())
    assert small[0].shape == large[0].shape == (1, 3, 32, 32)
    np.testing.assert_allclose(small[0][0], photo[:32, :32].transpose(2, 0, 1) / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(small[1][0, 0], mask[:32, :32])
    assert large[1].sum() == 14 * 16  # 48 x 60 pixels at 120 / 32 = 3.75 per pixel: 12.8 x 16, whatever is touched
    Inpainter(backend)(photo, mask, size=48)
    assert backend.asked[-1][0].shape == (1, 3, 48, 48)


def test_a_large_hole_is_filled_with_the_enlarged_picture() -> None:
    photo = np.zeros((100, 100, 3), np.uint8)
    labels = np.full((100, 100), STREET.id("sky"), np.uint8)
    labels[:, 50:] = STREET.id("road")
    mask = _box(100, 100, 10, 10, 80, 80)
    with pytest.warns(ScenefillWarning, match="64%"):
        result = Inpainter(Painter())(photo, mask, labels=labels, intent="restore")
    assert (result.image[20:80, 20:40] == PALETTE[STREET.id("sky")]).all()
    assert (result.image[20:80, 60:80] == PALETTE[STREET.id("road")]).all()
    np.testing.assert_array_equal(result.labels[mask], labels[mask])


def test_segment_finds_the_classes_of_a_painted_photo() -> None:
    labels = _street()
    found, confidence = Inpainter(Painter(working_size=48)).segment(STREET.colourise(labels))
    np.testing.assert_array_equal(found, labels)
    assert (found.dtype, confidence.dtype) == (np.uint8, np.float32)
    np.testing.assert_allclose(confidence, np.exp(3) / (np.exp(3) + 7), rtol=1e-5)


def test_segment_of_a_large_photo_is_as_fine_as_its_working_size() -> None:
    labels = np.kron(_street(), np.ones((8, 8), np.uint8))
    found, _ = Inpainter(Painter(working_size=40, stride=8)).segment(STREET.colourise(labels))
    assert found.shape == labels.shape == (320, 480)
    assert (found == labels).mean() > 0.98


def test_labels_and_confidence_cover_the_photo_and_are_made_only_when_asked_for() -> None:
    labels = _street(80, 120)
    photo, mask = STREET.colourise(labels), _box(80, 120, 4, 4, 6, 6)
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
    result = Inpainter(backend)(_photo(40, 60), _box(40, 60, 4, 4, 6, 6), intent="restore")
    assert result.labels is not None
    assert len(backend.asked) == 1


def test_forbidden_classes_vanish_from_the_map() -> None:
    photo, mask = STREET.colourise(_street()), _box(40, 60, 4, 4, 6, 6)
    result = Inpainter(Painter(working_size=64))(photo, mask, forbid="house")
    assert result.labels is not None
    assert result.confidence is not None
    assert (result.image[mask] == PALETTE[0]).all()
    assert (result.labels[mask] != STREET.id("building")).all()
    np.testing.assert_allclose(result.confidence[mask], 1 / 7, rtol=1e-5)


def test_erase_removes_a_class_with_its_border() -> None:
    labels = _street()
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
    labels = np.kron(_street(), np.ones((8, 8), np.uint8))
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
    labels = _street(64, 64)
    labels[36:42, 32:40] = STREET.id("pavement")  # touches the car
    labels[56:60, 4:8] = STREET.id("pavement")  # does not
    result = Inpainter(Doubtful(chance)).erase(STREET.colourise(labels), "car", grow=0, detail="none")
    assert result.mask[36:42, 36:40].all() == belongs
    assert not result.mask[56:60, 4:8].any()
    assert result.mask[labels == STREET.id("car")].all()


def test_nothing_to_erase() -> None:
    photo = STREET.colourise(_street())
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


def test_maps_are_saved(tmp_path: Path) -> None:
    labels = _street()
    result = Inpainter(Painter(working_size=64))(STREET.colourise(labels), _box(40, 60, 4, 4, 6, 6), labels=labels)
    result.save_labels(tmp_path / "labels.png")
    result.save_confidence(tmp_path / "confidence.png")
    np.testing.assert_array_equal(images.read_labels(tmp_path / "labels.png", STREET), labels)
    confidence = images.read(tmp_path / "confidence.png").pixels[:, :, 0]
    assert confidence[5, 5] == 255
    assert confidence[20, 40] == round(255 * np.exp(3) / (np.exp(3) + 7))


# ------------------------------------------------------------------------------------------------------------------------- load


def test_load_by_path_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_network(tmp_path, "avenue")
    photo, mask = _photo(100, 90), _box(100, 90, 20, 20, 20, 30)
    monkeypatch.setattr(registry, "builtin_dir", lambda: tmp_path)
    colour = weights.read_tensors(path)[1]["colour"].astype(np.float32).ravel()
    for name in (path, str(path), "avenue"):
        fill = scenefill.load(name, threads=1)
        assert fill.labels is STREET
        result = fill(photo, mask, intent="restore", detail="none")
        np.testing.assert_allclose(result.image[mask], np.broadcast_to((colour + 1) * 127.5, (600, 3)), atol=0.51)
        assert result.labels is not None
        assert result.labels.shape == (100, 90)
    lighter = fill(photo, mask, forbid=["car"], detail="none").image[mask].astype(int) - result.image[mask]
    assert set(np.unique(lighter)) <= {31, 32}


@pytest.mark.parametrize("name", registry.CLASSICAL)
def test_load_classical(name: str) -> None:
    photo = np.full((40, 50), 77, np.uint8)
    result = scenefill.load(name)(photo, _box(40, 50, 10, 10, 5, 5))
    np.testing.assert_allclose(result.image, photo.astype(float), atol=4)


def test_every_classical_method_is_listed() -> None:
    assert set(registry.CLASSICAL) == set(classical.BACKENDS)


def test_load_of_what_there_is_not() -> None:
    with pytest.raises(WeightsError, match='no model "teleb", did you mean "telea"'):
        scenefill.load("teleb")


def test_a_photo_of_twelve_megapixels_fits_into_a_gibibyte(tmp_path: Path) -> None:
    """In a process of its own, with a JPEG in and a JPEG out, and a hole of 600 pixels."""
    Image.fromarray(np.kron(_photo(30, 40), np.ones((100, 100, 1), np.uint8))).save(tmp_path / "in.jpg")
    masks.write(_box(3000, 4000, 1000, 1500, 600, 600), tmp_path / "mask.png")
    path = write_network(tmp_path)
    code = (
        "import scenefill\n"
        f"result = scenefill.load({str(path)!r}, threads=1)({str(tmp_path / 'in.jpg')!r}, {str(tmp_path / 'mask.png')!r})\n"
        f"result.save({str(tmp_path / 'out.jpg')!r})\n"
    )
    _, peak = timed([sys.executable, "-c", code])
    assert peak is None or peak < 1024
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.size == (4000, 3000)


class Mapped(Painter):
    """A Painter that counts on a map of what is known."""

    name = "mapped"
    known_map = True


def test_a_model_that_counts_on_a_map_gets_it_from_a_segmenter() -> None:
    labels = _street()
    photo, hole = PALETTE[labels], _box(40, 60, 10, 10, 12, 16)
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
    labels = _street()
    hole = _box(40, 60, 10, 10, 12, 16)
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
    monkeypatch.setattr(questions, "open_backend", lambda name: {"sge-net-street": asked}[name])
    labels, hole = _street(), _box(40, 60, 10, 40, 12, 12)
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
    monkeypatch.setattr(questions, "open_backend", lambda name: other)
    with pytest.raises(LabelError, match="in its own classes, and sge-net-street knows others: give a label map"):
        Inpainter(Mapped())(PALETTE[_street()], _box(40, 60, 10, 40, 12, 12))


def test_a_drawing_leads_the_fill_inside_the_hole() -> None:
    photo, hole = np.full((64, 64, 3), 90, np.uint8), _box(64, 64, 20, 20, 24, 24)
    drawing = _box(64, 64, 30, 4, 3, 56)  # a stroke right across the photo, three pixels wide
    given = drawing.copy()
    result = Inpainter(Draughtsman(working_size=64))(photo, hole, edges=drawing, detail="none")
    wanted = np.where(hole, 0, 90)
    wanted[31, 20:44] = 255
    assert np.array_equal(result.image, np.broadcast_to(wanted[..., None], photo.shape))
    assert np.array_equal(drawing, given)
    unled = Inpainter(Draughtsman(working_size=64))(photo, hole, detail="none").image
    assert (unled[hole] == 0).all()


def test_a_thin_line_survives_where_the_photo_is_shrunk() -> None:
    photo, hole, drawing = np.full((256, 256, 3), 90, np.uint8), _box(256, 256, 64, 64, 128, 128), np.zeros((256, 256), np.uint8)
    drawing[:, 130] = 255
    filled = Inpainter(Draughtsman(working_size=64)).fill(photo, hole, edges=Image.fromarray(drawing), detail="none").image
    inside = filled[70:186, 64:192, 0]
    assert (inside.argmax(axis=1) + 64 >= 127).all()
    assert (inside.argmax(axis=1) + 64 <= 132).all()
    assert (inside.max(axis=1) > 200).all()


def test_drawings_that_cannot_be_used(tmp_path: Path) -> None:
    photo, hole = _photo(40, 60), _box(40, 60, 10, 10, 12, 16)
    with pytest.raises(InputError, match="grey is not led by edges and cannot follow a drawing of them: take edge-connect"):
        Inpainter(Grey())(photo, hole, edges=hole)
    with pytest.raises(InputError, match=r"the drawing of edges is 40x60 and the photo 60x40 \(width x height\)"):
        Inpainter(Draughtsman())(photo, hole, edges=hole.T)
    with pytest.raises(MaskError, match=r"none\.png"):
        Inpainter(Draughtsman())(photo, hole, edges=tmp_path / "none.png")


def _two_holes() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    return _photo(40, 400), _box(40, 400, 4, 4, 8, 8) | _box(40, 400, 4, 380, 8, 8)


def test_progress_is_told_crop_by_crop() -> None:
    heard: list[tuple[int, int]] = []
    photo, mask = _two_holes()
    Inpainter(Grey()).fill(photo, mask, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 2), (1, 2), (2, 2)]
    heard.clear()
    Inpainter(Painter()).erase(STREET.colourise(_street()), "car", progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 1), (1, 1)]


def test_what_progress_raises_ends_the_fill() -> None:
    painter = Painter()

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Inpainter(painter).fill(*_two_holes(), intent="restore", progress=stop)
    assert len(painter.asked) == 1


def test_warnings_can_be_kept_to_oneself() -> None:
    with warnings_kept() as said:
        Inpainter(Grey()).fill(_photo(20, 20), np.zeros((20, 20), bool))
    (sentence,) = said
    assert sentence.startswith("the mask has no hole")
    with pytest.warns(ScenefillWarning, match="no hole"):
        Inpainter(Grey()).fill(_photo(20, 20), np.zeros((20, 20), bool))
