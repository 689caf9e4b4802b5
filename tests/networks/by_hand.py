"""The few operations of a convolutional network in NumPy, float64, each a line or two that can be checked by eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]


def array(tensor: Tensor) -> Array:
    return tensor.detach().double().numpy()


def conv(x: Array, layer: nn.Conv2d) -> Array:
    """A convolution of odd size that keeps height and width; zeros lie beyond the border. x: (B, C, H, W)."""
    kernel, bias = array(layer.weight), array(layer.bias) if layer.bias is not None else np.zeros(layer.out_channels)
    (step, _), side, (height, width) = layer.dilation, kernel.shape[2], x.shape[2:]
    reach = step * (side // 2)
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    out = np.zeros((len(x), len(kernel), height, width)) + bias[:, None, None]
    for i in range(side):
        for j in range(side):
            seen = padded[:, :, step * i : step * i + height, step * j : step * j + width]
            out += np.einsum("oc,bchw->bohw", kernel[:, :, i, j], seen)
    return out


def leaky(x: Array) -> Array:
    return np.where(x > 0, x, 0.2 * x)


def softmax(x: Array, axis: int) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def upsample(x: Array) -> Array:
    """Twice the size: output pixel i lies at input position (i + 1/2) / 2 - 1/2, clamped; linear between pixels."""
    for axis in (2, 3):
        n = x.shape[axis]
        at = (np.arange(2 * n) + 0.5) / 2 - 0.5
        x = np.apply_along_axis(lambda row, at=at, n=n: np.interp(at, np.arange(n), row), axis, x)
    return x


def normalise(x: Array) -> Array:
    """Mean 0 and variance 1 in each channel of each picture."""
    return (x - x.mean(axis=(2, 3), keepdims=True)) / np.sqrt(x.var(axis=(2, 3), keepdims=True) + 1e-5)


class Halves(nn.Module):
    """Two layers: the picture itself, and its means of 2x2 pixels."""

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        return rgb, nn.functional.avg_pool2d(rgb, 2)
