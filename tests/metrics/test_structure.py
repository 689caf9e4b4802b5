import numpy as np
import pytest
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from scenefill.errors import ImageError
from scenefill.metrics import structure
from scenefill.pictures.shapes import centre

rng = np.random.default_rng(0)


def noisy(shape: tuple[int, int] = (48, 64)) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
    return np.clip(truth + rng.normal(0, 40, truth.shape), 0, 255).astype(np.uint8), truth


def test_ssim_agrees_with_scikit_image() -> None:
    image, truth = noisy()
    _, expected = structural_similarity(
        image, truth, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    inner = np.s_[5:-5, 5:-5]  # the two reflect the edges differently
    np.testing.assert_allclose(structure.ssim_map(image, truth)[inner], expected.mean(axis=2)[inner], atol=2e-4)


def test_ssim_of_the_picture_is_that_of_torchmetrics() -> None:
    image, truth = noisy()
    batches = structure._batch(image), structure._batch(truth)
    expected = structural_similarity_index_measure(*batches, data_range=255.0)
    assert structure.ssim(image, truth) == pytest.approx(float(expected), abs=1e-5)


def test_ssim_of_the_hole_sees_the_hole() -> None:
    image, truth = noisy()
    mask = centre(48, 64)
    fill = np.where(mask[..., None], image, truth)
    assert structure.ssim(fill, truth, mask) < structure.ssim(fill, truth) < 1
    assert structure.ssim(truth, truth, mask) == pytest.approx(1, abs=1e-4)
    assert np.isnan(structure.ssim(image, truth, np.zeros_like(mask)))


@pytest.mark.parametrize("side", [100, 180])
def test_ms_ssim_of_four_and_five_scales(side: int) -> None:
    image, truth = noisy((side, side))
    assert structure.ms_ssim(truth, truth) == pytest.approx(1, abs=1e-4)
    assert structure.ssim(image, truth) < structure.ms_ssim(image, truth) < 1


def test_ms_ssim_needs_room_for_its_scales() -> None:
    image, truth = noisy((98, 200))
    with pytest.raises(ImageError, match="200x98"):
        structure.ms_ssim(image, truth)


def ramp() -> np.ndarray:
    """Luma rises by 2 from column to column: every step across is 2, every step down 0."""
    return np.repeat(np.tile(np.arange(0, 80, 2, dtype=np.uint8), (40, 1))[..., None], 3, axis=2)


def test_seam_in_closed_form() -> None:
    truth, mask = ramp(), centre(40, 40, 20)
    assert structure.seam(truth, truth, mask) == 1
    # Raised by 30 grey levels: steps over the upper and lower border become 30 (from 0), left 32 and right 28 (from 2).
    # The steps nearby stay what they were.
    raised = np.where(mask[..., None], truth + np.uint8(30), truth)
    assert structure.seam(raised, truth, mask) == pytest.approx((30 + 1) / (1 + 1))


def test_seam_of_a_flat_scene_stays_finite() -> None:
    flat, mask = np.full((40, 40, 3), 90, np.uint8), centre(40, 40)
    assert structure.seam(flat, flat, mask) == 1
    assert structure.seam(np.where(mask[..., None], np.uint8(100), flat), flat, mask) == pytest.approx(11)
    assert np.isnan(structure.seam(flat, flat, np.zeros((40, 40), bool)))


def test_sharpness_in_closed_form() -> None:
    truth, mask = ramp(), centre(40, 40, 20)
    # 19 steps of 2 in each of 20 rows, as many of 0 in each column
    assert structure.gradient_energy(truth, mask) == pytest.approx(2.0)
    half = (truth // 2).astype(np.uint8)
    assert structure.sharpness(half, truth, mask) == pytest.approx(0.25)
    # a step at the border is no detail
    offset = np.where(mask[..., None], truth + np.uint8(50), truth)
    assert structure.sharpness(offset, truth, mask) == pytest.approx(1)


def test_sharpness_is_not_defined_over_a_flat_truth() -> None:
    flat, mask = np.full((40, 40, 3), 90, np.uint8), centre(40, 40)
    assert np.isnan(structure.sharpness(ramp(), flat, mask))
    single = np.zeros((40, 40), bool)
    single[3, 3] = True
    assert np.isnan(structure.gradient_energy(ramp(), single))


def test_repetition_of_noise_is_one_for_each_period() -> None:
    noise = np.repeat(rng.normal(128, 20, (256, 256, 1)).clip(0, 255).astype(np.uint8), 3, axis=2)
    assert structure.repetition(noise, centre(256, 256)) == pytest.approx(len(structure.PERIODS), abs=1.5)


@pytest.mark.parametrize("period", structure.PERIODS)
def test_a_checkerboard_of_any_stride_is_found_wherever_it_starts(period: int) -> None:
    rows, columns = np.indices((256, 256)) + 3
    board = np.where((rows % period < period // 2) ^ (columns % period < period // 2), 8.0, -8.0)
    noise = rng.normal(0, 20, (256, 256))

    def grey(luma: np.ndarray) -> np.ndarray:
        return np.repeat((128 + luma).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)

    mask = centre(256, 256)
    assert structure.checkerboard(grey(noise + board), grey(noise), mask) > 2
    outside = np.where(mask, noise, noise + board)
    assert structure.checkerboard(grey(outside), grey(noise), mask) == pytest.approx(1)


def test_repetition_is_not_defined_where_there_is_nothing_to_repeat() -> None:
    flat, mask = np.full((40, 40, 3), 90, np.uint8), centre(40, 40)
    assert np.isnan(structure.repetition(flat, mask))
    assert np.isnan(structure.repetition(ramp(), np.zeros((40, 40), bool)))
    assert np.isnan(structure.checkerboard(noisy((40, 40))[0], flat, mask))
