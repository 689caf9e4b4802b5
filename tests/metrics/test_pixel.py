import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio

from scenefill.metrics.pixel import l1, l2, psnr

pictures = arrays(np.uint8, (8, 10, 3))


def test_a_constant_difference_in_closed_form() -> None:
    truth = np.full((4, 4, 3), 100, np.uint8)
    image = np.full((4, 4, 3), 151, np.uint8)  # 51 = a fifth of the range
    assert l1(image, truth) == pytest.approx(20)
    assert l2(image, truth) == pytest.approx(4)
    assert psnr(image, truth) == pytest.approx(10 * np.log10(25))


def test_only_the_hole_counts_with_a_mask() -> None:
    truth = np.zeros((4, 4, 3), np.uint8)
    image, mask = truth.copy(), np.zeros((4, 4), bool)
    mask[:2, :2] = True
    image[:2, :2] = 51
    assert l1(image, truth, mask) == pytest.approx(20)
    assert l1(image, truth) == pytest.approx(5)
    # a quarter of the pixels carries the error: 10 log10(4) = 6 dB
    assert psnr(image, truth) - psnr(image, truth, mask) == pytest.approx(10 * np.log10(4))
    assert np.isnan(psnr(image, truth, np.zeros((4, 4), bool)))


@settings(max_examples=30, deadline=None)
@given(pictures, pictures)
def test_agrees_with_scikit_image(image: np.ndarray, truth: np.ndarray) -> None:
    assert l2(image, truth) == pytest.approx(100 * mean_squared_error(image, truth) / 255**2)
    if (image != truth).any():
        assert psnr(image, truth) == pytest.approx(peak_signal_noise_ratio(truth, image, data_range=255))


@settings(max_examples=30, deadline=None)
@given(pictures, st.data())
def test_identical_pictures_and_symmetry(image: np.ndarray, data: st.DataObject) -> None:
    other = data.draw(pictures)
    assert l1(image, image) == l2(image, image) == 0
    assert psnr(image, image) == float("inf")
    assert l1(image, other) == l1(other, image)
    assert 0 <= l1(image, other) <= 100
