import numpy as np
import pytest
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

from scenefill.metrics import compat

rng = np.random.default_rng(0)
TRUTH = rng.integers(0, 256, (60, 72, 3)).astype(np.uint8)
IMAGE = np.clip(TRUTH + rng.normal(0, 30, TRUTH.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("window", [7, 51])
def test_ssim_of_pen_net_and_aot_gan_is_that_of_scikit_image(window: int) -> None:
    expected = structural_similarity(TRUTH, IMAGE, win_size=window, channel_axis=2)
    assert compat.ssim(IMAGE, TRUTH, window) == pytest.approx(expected, abs=1e-9)


def test_ssim_of_edgeconnect_is_grey() -> None:
    expected = structural_similarity(rgb2gray(TRUTH / 255), rgb2gray(IMAGE / 255), win_size=51, data_range=1)
    assert compat.ssim(IMAGE, TRUTH, 51, grey=True) == pytest.approx(expected, abs=1e-9)
    assert np.isnan(compat.ssim(IMAGE[:50], TRUTH[:50], 51))


def test_the_relative_l1_by_hand() -> None:
    ones, threes = np.full((2, 2, 3), 1, np.uint8), np.full((2, 2, 3), 3, np.uint8)
    assert compat.relative_l1(ones, threes) == pytest.approx(2 / 4)
    assert np.isnan(compat.relative_l1(0 * ones, 0 * ones))


def test_the_sums_of_spg_net_by_hand() -> None:
    black, grey = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 51, np.uint8)
    assert compat.summed(grey, black, 1) == pytest.approx(48 * 0.2)
    assert compat.summed(grey, black, 2) == pytest.approx(48 * 0.04)


@pytest.mark.parametrize(("l2", "psnr"), [(169.3, 30.34), (94.78, 33.57), (98.95, 34.26)])
def test_the_scale_of_spg_net_is_the_one_that_fits_its_psnr(l2: float, psnr: float) -> None:
    assert 10 * np.log10(256 * 256 * 3 / l2) == pytest.approx(psnr, abs=1.4)
