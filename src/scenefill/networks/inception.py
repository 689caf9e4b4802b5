"""Inception-v3 as the FID was defined with it (Szegedy et al. 2016; Heusel et al. 2017): TensorFlow's graph of 2015-12-05.

It differs from the usual Inception-v3 in that its average pools leave the border out, its last block has a maximum pool, and it
has 1008 classes. Modules are named as in the file that pytorch-fid publishes, whose state dict loads as it is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import WeightsError

SIDE, FEATURES, CLASSES = 299, 2048, 1008


Size = int | tuple[int, int]


class _Conv(nn.Module):
    def __init__(self, inputs: int, outputs: int, size: Size, stride: int = 1, padding: Size = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


def _average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class _A(nn.Module):
    """35x35."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inputs, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = _Conv(inputs, 48, 1), _Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64, 1), _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, padding=1)
        self.branch_pool = _Conv(inputs, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), double, self.branch_pool(_average(x))], 1)


class _B(nn.Module):
    """35x35 to 17x17."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = _Conv(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64, 1), _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], 1)


class _C(nn.Module):
    """17x17, with kernels of 7."""

    def __init__(self, width: int) -> None:
        super().__init__()
        across, down = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
        self.branch1x1 = _Conv(768, 192, 1)
        self.branch7x7_1, self.branch7x7_2 = _Conv(768, width, 1), _Conv(width, width, *across)
        self.branch7x7_3 = _Conv(width, 192, *down)
        self.branch7x7dbl_1, self.branch7x7dbl_2 = _Conv(768, width, 1), _Conv(width, width, *down)
        self.branch7x7dbl_3, self.branch7x7dbl_4 = _Conv(width, width, *across), _Conv(width, width, *down)
        self.branch7x7dbl_5 = _Conv(width, 192, *across)
        self.branch_pool = _Conv(768, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        return torch.cat([self.branch1x1(x), single, double, self.branch_pool(_average(x))], 1)


class _D(nn.Module):
    """17x17 to 8x8."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = _Conv(768, 192, 1), _Conv(192, 320, 3, stride=2)
        self.branch7x7x3_1, self.branch7x7x3_2 = _Conv(768, 192, 1), _Conv(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3, self.branch7x7x3_4 = _Conv(192, 192, (7, 1), padding=(3, 0)), _Conv(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, F.max_pool2d(x, 3, stride=2)], 1)


class _E(nn.Module):
    """8x8. highest: the pool takes the maximum, as in the last block of the graph."""

    def __init__(self, inputs: int, *, highest: bool) -> None:
        super().__init__()
        self.highest = highest
        self.branch1x1 = _Conv(inputs, 320, 1)
        self.branch3x3_1 = _Conv(inputs, 384, 1)
        self.branch3x3_2a, self.branch3x3_2b = _Conv(384, 384, (1, 3), padding=(0, 1)), _Conv(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 448, 1), _Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _Conv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Conv(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = _Conv(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        single, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pool = F.max_pool2d(x, 3, stride=1, padding=1) if self.highest else _average(x)
        parts = [self.branch1x1(x), self.branch3x3_2a(single), self.branch3x3_2b(single)]
        return torch.cat([*parts, self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double), self.branch_pool(pool)], 1)


class InceptionV3(nn.Module):
    """RGB (B, 3, H, W) in [-1, 1] -> one feature map, (B, 2048, 1, 1): the pool before the classes. Frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = _Conv(3, 32, 3, stride=2), _Conv(32, 32, 3)
        self.Conv2d_2b_3x3, self.Conv2d_3b_1x1 = _Conv(32, 64, 3, padding=1), _Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = _Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _A(192, 32), _A(256, 64), _A(288, 64)
        self.Mixed_6a = _B(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = _C(128), _C(160), _C(160), _C(192)
        self.Mixed_7a = _D()
        self.Mixed_7b, self.Mixed_7c = _E(1280, highest=False), _E(2048, highest=True)
        self.fc = nn.Linear(FEATURES, CLASSES)
        self.requires_grad_(False).eval()

    @classmethod
    def from_file(cls, path: Path) -> InceptionV3:
        """Reads the public file. Raises WeightsError for another one."""
        network = cls()
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # torch.load raises many kinds
            raise WeightsError(f"{path} is not the public Inception file of the FID: {error}") from error
        return network

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        x = F.interpolate(rgb, (SIDE, SIDE), mode="bilinear", align_corners=False)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, stride=2)))
        x = F.max_pool2d(x, 3, stride=2)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                x = block(x)
        return (F.adaptive_avg_pool2d(x, 1),)

    @torch.no_grad()
    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pooled features (N, 2048) -> (N, 1008) what the classes get without their biases, as the Inception Score takes them."""
        scores = torch.from_numpy(features).double() @ self.fc.weight.double().T
        found: NDArray[np.float64] = scores.softmax(dim=1).numpy()
        return found
