"""ESPNetv2 for semantic segmentation (Mehta et al., CVPR 2019), as its authors trained it on Cityscapes and on Pascal VOC.

It fills no holes. With the weights of Cityscapes it is the segmenter of evaluation, which has seen neither our photos nor our
networks; with those of Pascal VOC, a feature network of training. Modules are named as in the public files (sacmehta/EdgeNets,
MIT), so that their state dicts load as they are. Read bottom-up: blocks, encoder, network.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WeightsError

CLASSES = 20
"""The 19 classes of Cityscapes in the order of label set "cityscapes", and background."""
WIDTHS = (32, 128, 256, 512)
"""Channels of the encoder at 1/2, 1/4, 1/8 and 1/16, for the paper's width multiplier s = 2."""
BRANCHES = 4
"""K of the paper: parallel dilated convolutions in a unit."""


def _named(**layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(layers))


def _conv(inputs: int, outputs: int, size: int, *, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    padding = dilation * (size // 2)
    return nn.Conv2d(inputs, outputs, size, stride, padding, dilation, groups, bias=False)


def _norm_act(channels: int) -> dict[str, nn.Module]:
    return {"bn": nn.BatchNorm2d(channels), "act": nn.PReLU(channels)}


def _resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """(B, C, h, w) -> (B, C, *size), bilinear."""
    return F.interpolate(x, tuple(size), mode="bilinear", align_corners=True)


def _halve(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, ceil(H/2), ceil(W/2)), as a 3x3 convolution of stride 2 does."""
    return F.avg_pool2d(x, 3, stride=2, padding=1)


class EESP(nn.Module):
    """Extremely efficient spatial pyramid of depth-wise dilated convolutions (Sec. 3.2, Fig. 1c).

    (B, inputs, H, W) -> (B, outputs, H/stride, W/stride). With stride 1 the input is added and the sum activated; with stride 2
    neither, since the strided unit goes on.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        n = outputs // BRANCHES
        self.proj_1x1 = _named(conv=_conv(inputs, n, 1, groups=BRANCHES), **_norm_act(n))
        self.spp_dw = nn.ModuleList(_named(conv=_conv(n, n, 3, stride=stride, dilation=d, groups=n)) for d in dilations)
        self.br_after_cat = _named(**_norm_act(outputs))
        self.conv_1x1_exp = _named(conv=_conv(outputs, outputs, 1, groups=BRANCHES), bn=nn.BatchNorm2d(outputs))
        self.module_act = nn.PReLU(outputs)  # with stride 2 it is in the public file and not in use
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        reduced = self.proj_1x1(x)
        branches = [self.spp_dw[0](reduced)]
        for dilated in self.spp_dw[1:]:
            branches.append(branches[-1] + dilated(reduced))  # hierarchical feature fusion: removes gridding artefacts
        merged: Tensor = self.conv_1x1_exp(self.br_after_cat(torch.cat(branches, dim=1)))
        if self.stride == 1:
            merged = self.module_act(merged + x)
        return merged


class StridedEESP(nn.Module):
    """Strided EESP with a shortcut from the input picture (Fig. 2): (B, inputs, H, W) -> (B, outputs, H/2, W/2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.eesp = EESP(inputs, outputs - inputs, stride=2, dilations=(1, 2, 3, 4))
        self.inp_reinf = nn.Sequential(
            _named(conv=_conv(3, 3, 3), **_norm_act(3)),
            _named(conv=_conv(3, outputs, 1), bn=nn.BatchNorm2d(outputs)),
        )
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor, picture: Tensor) -> Tensor:
        """picture: (B, 3, H/2, W/2), the network's input brought to the size of the output."""
        out: Tensor = self.act(torch.cat([_halve(x), self.eesp(x)], dim=1) + self.inp_reinf(picture))
        return out


class Encoder(nn.Module):
    """(B, 3, H, W) normalised RGB -> feature maps of WIDTHS channels at 1/2, 1/4, 1/8, 1/16; sides are rounded up."""

    def __init__(self) -> None:
        super().__init__()
        l1, l2, l3, l4 = WIDTHS
        self.level1 = _named(conv=_conv(3, l1, 3, stride=2), **_norm_act(l1))
        self.level2_0 = StridedEESP(l1, l2)
        self.level3_0 = StridedEESP(l2, l3)
        self.level3 = nn.Sequential(*(EESP(l3, l3, stride=1, dilations=(1, 2, 3, 4)) for _ in range(3)))
        self.level4_0 = StridedEESP(l3, l4)
        self.level4 = nn.Sequential(*(EESP(l4, l4, stride=1, dilations=(1, 1, 2, 3)) for _ in range(7)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        quarter = _halve(_halve(x))
        eighth = _halve(quarter)
        e1 = self.level1(x)
        e2 = self.level2_0(e1, quarter)
        e3 = self.level3(self.level3_0(e2, eighth))
        e4 = self.level4(self.level4_0(e3, _halve(eighth)))
        return e1, e2, e3, e4


class PyramidPool(nn.Module):
    """Depth-wise convolutions of a map at five sizes, merged: (B, inputs, H, W) -> (B, outputs, H, W).

    last: the outputs are class scores, with a bias and without activation.
    """

    SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)
    SMALLEST = 5
    """Pixels: no map gets a smaller side."""

    def __init__(self, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__()
        n = CLASSES // 2
        all_scales = n * len(self.SCALES)
        self.projection_layer = _named(cbr=nn.Sequential(_conv(inputs, n, 1), *_norm_act(n).values()))
        self.stages = nn.ModuleList(_conv(n, n, 3, groups=n) for _ in self.SCALES)
        self.merge_layer = nn.Sequential(
            _named(br=nn.Sequential(*_norm_act(all_scales).values())),
            nn.ChannelShuffle(len(self.SCALES)),  # brings the scales of a channel together
            _named(cbr=nn.Sequential(_conv(all_scales, n, 3, groups=n), *_norm_act(n).values())),
            nn.Conv2d(n, outputs, 1, bias=last),
        )
        if not last:
            self.br = _named(br=nn.Sequential(*_norm_act(outputs).values()))
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        x = self.projection_layer(x)
        height, width = x.shape[2:]
        maps = []
        for scale, stage in zip(self.SCALES, self.stages, strict=True):
            size = max(self.SMALLEST, math.ceil(height * scale)), max(self.SMALLEST, math.ceil(width * scale))
            if scale < 1:
                maps.append(_resize(stage(F.adaptive_avg_pool2d(x, size)), (height, width)))
            elif scale > 1:
                maps.append(F.adaptive_avg_pool2d(stage(_resize(x, size)), (height, width)))
            else:
                maps.append(stage(x))
        merged: Tensor = self.merge_layer(torch.cat(maps, dim=1))
        if not self.last:
            merged = self.br(merged)
        return merged


class Skip(nn.Module):
    """What the decoder takes from the encoder, each channel weighed by the whole map: (B, inputs, H, W) -> (B, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.wt_layer = nn.Sequential(nn.AdaptiveAvgPool2d(1), _conv(inputs, outputs, 1), nn.Sigmoid())
        grouped = _conv(inputs, outputs, 3, groups=math.gcd(inputs, outputs))
        self.expansion_layer = _named(cbr=nn.Sequential(grouped, *_norm_act(outputs).values()))

    def forward(self, x: Tensor) -> Tensor:
        weighed: Tensor = self.expansion_layer(x) * self.wt_layer(x)
        return weighed


class ESPNetv2(nn.Module):
    """RGB (B, 3, H, W) float in [-1, 1], any size -> class scores (B, classes, H, W). Frozen and in evaluation mode."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        e1, e2, e3, e4 = WIDTHS
        d1, d2, d3 = 64, 48, 32
        self.base_net = Encoder()
        self.bu_dec_l1 = PyramidPool(e4, d1)
        self.bu_dec_l2 = PyramidPool(d1, d2)
        self.bu_dec_l3 = PyramidPool(d2, d3)
        self.bu_dec_l4 = PyramidPool(d3, classes, last=True)
        self.merge_enc_dec_l2 = Skip(e3, d1)
        self.merge_enc_dec_l3 = Skip(e2, d2)
        self.merge_enc_dec_l4 = Skip(e1, d3)
        self.bu_br_l2 = nn.Sequential(*_norm_act(d1).values())
        self.bu_br_l3 = nn.Sequential(*_norm_act(d2).values())
        self.bu_br_l4 = nn.Sequential(*_norm_act(d3).values())
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    @classmethod
    def from_file(cls, path: Path, classes: int = CLASSES) -> ESPNetv2:
        """Reads a public file at s = 2: that for Cityscapes, or for as many classes. Raises WeightsError for another file."""
        network = cls(classes)
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # torch.load raises many kinds
            raise WeightsError(f"{path} is not a public file of ESPNetv2 for {classes} classes: {error}") from error
        return network

    def features(self, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """RGB (B, 3, H, W) float in [-1, 1] -> the encoder's activations, of WIDTHS channels at 1/2, 1/4, 1/8 and 1/16."""
        maps: tuple[Tensor, Tensor, Tensor, Tensor] = self.base_net(((rgb + 1) / 2 - self.mean) / self.std)  # type: ignore[operator]
        return maps

    def forward(self, rgb: Tensor) -> Tensor:
        e1, e2, e3, e4 = self.features(rgb)
        d = self.bu_dec_l1(e4)
        d = self.bu_dec_l2(self.bu_br_l2(self.merge_enc_dec_l2(e3) + _resize(d, e3.shape[2:])))
        d = self.bu_dec_l3(self.bu_br_l3(self.merge_enc_dec_l3(e2) + _resize(d, e2.shape[2:])))
        d = self.bu_dec_l4(self.bu_br_l4(self.merge_enc_dec_l4(e1) + _resize(d, e1.shape[2:])))
        return _resize(d, rgb.shape[2:])
