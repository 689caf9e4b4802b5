"""Feature networks, and the distance of their activations (second half of Eq. 7 of SGE-Net).

VGG-16 is the paper's; SqueezeNet 1.1 is the small substitute where the file of VGG-16 is not at hand. Both take RGB in [-1, 1]
and give activations from shallow to deep; both are frozen.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import weights
from ..errors import ConfigError, WeightsError
from ..networks.interface import load_into
from .adversarial import patches
from .reconstruction import masked_mean

SQUEEZENET_FILE = "squeezenet11_imagenet_features_hwio.npz"


class SqueezeNet11(nn.Module):
    """SqueezeNet 1.1 (Iandola et al. 2016), features only: conv1, fire3, fire5, fire7, fire9 at 1/2, 1/4, 1/8, 1/16, 1/16."""

    FIRES: ClassVar = {2: (64, 16, 64), 3: (128, 16, 64), 4: (128, 32, 128), 5: (256, 32, 128),
             6: (256, 48, 192), 7: (384, 48, 192), 8: (384, 64, 256), 9: (512, 64, 256)}  # fmt: skip
    POOL_BEFORE = (2, 4, 6)
    MEAN_BGR = (104.0, 117.0, 123.0)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2, padding=1)
        for number, (inputs, squeeze, expand) in self.FIRES.items():
            self.add_module(f"fire{number}_squeeze1x1", nn.Conv2d(inputs, squeeze, 1))
            self.add_module(f"fire{number}_expand1x1", nn.Conv2d(squeeze, expand, 1))
            self.add_module(f"fire{number}_expand3x3", nn.Conv2d(squeeze, expand, 3, padding=1))
        self.register_buffer("mean", torch.tensor(self.MEAN_BGR).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    @classmethod
    def from_file(cls, path: Path) -> SqueezeNet11:
        """Reads the .npz of Keras kernels (height, width, in, out). Raises WeightsError for another file."""
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except Exception as error:  # np.load raises many kinds
            raise WeightsError(f"{path} is not the SqueezeNet 1.1 file {SQUEEZENET_FILE}: {error}") from error
        tensors = {}
        for name, array in arrays.items():
            layer, _, part = name.replace("__", "_").rpartition("_")  # conv1__k, fire2_squeeze1x1_k
            tensors[f"{layer}.weight" if part == "k" else f"{layer}.bias"] = array.transpose(3, 2, 0, 1) if part == "k" else array
        network = cls()
        load_into(network, tensors, str(path))
        return network

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        mean: Tensor = self.mean  # type: ignore[assignment]
        x = F.relu(self.conv1((rgb.flip(1) + 1) * 127.5 - mean))
        maps = [x]
        for number in self.FIRES:
            if number in self.POOL_BEFORE:
                x = F.max_pool2d(x, 3, stride=2, padding=1)
            squeezed = F.relu(self.get_submodule(f"fire{number}_squeeze1x1")(x))
            wide = [self.get_submodule(f"fire{number}_expand{k}")(squeezed) for k in ("1x1", "3x3")]
            x = F.relu(torch.cat(wide, dim=1))
            if number % 2:
                maps.append(x)
        return tuple(maps)


class VGG16(nn.Module):
    """VGG-16 (Simonyan & Zisserman 2015) up to relu4_3: gives relu2_2, relu3_3, relu4_3 (Sec. 3.3 of SGE-Net) at 1/2, 1/4, 1/8.

    `features` is indexed as in the public file (vgg16-397923af.pth), so that its state dict loads as it is.
    """

    BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3))

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width, depth in self.BLOCKS:
            for _ in range(depth):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-1])
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    @classmethod
    def from_file(cls, path: Path) -> VGG16:
        """Reads the public file; its deeper layers and classifier are left aside. Raises WeightsError for another file."""
        network = cls()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            wanted = {key: state[key] for key in network.state_dict()}
            network.load_state_dict(wanted)
        except Exception as error:  # torch.load raises many kinds
            raise WeightsError(f"{path} is not the public VGG-16 file: {error}") from error
        return network

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        mean, std = self.mean, self.std
        x = ((rgb + 1) / 2 - mean) / std  # type: ignore[operator]
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in (8, 15, 22):  # relu2_2, relu3_3, relu4_3
                maps.append(x)
        return tuple(maps)


def feature_network(name: str) -> nn.Module:
    """A frozen feature network by name: "vgg16" from the cache, "squeezenet" from SCENEFILL_DATA or the cache.

    Raises WeightsError that says which file is missing and where to put it, ConfigError for an unknown name.
    """
    if name == "vgg16":
        return VGG16.from_file(weights.public_file("vgg16"))
    if name == "squeezenet":
        return SqueezeNet11.from_file(weights.placed_file(SQUEEZENET_FILE))
    raise ConfigError(f'there is no feature network "{name}"; known are: vgg16, squeezenet')


def perceptual(network: nn.Module, prediction: Tensor, truth: Tensor, mask: Tensor | None = None) -> Tensor:
    """sum_n || Psi_n(Y) - Psi_n(Y_hat) ||_1 (second term of Eq. 7), as a mean over the layers n.

    prediction, truth: (B, 3, H, W) in [-1, 1].   mask: (B, 1, H, W), 1 = hole: only positions that touch it count; None: all.
    Each layer's distance is divided by the mean size of its activations, so that one weight serves any feature network.
    """
    with torch.no_grad():
        wanted = network(truth)
    total = []
    for ours, true in zip(network(prediction), wanted, strict=True):
        distance = (ours.float() - true.float()).abs()
        mean = distance.mean() if mask is None else masked_mean(distance, patches(mask, true))
        total.append(mean / true.float().abs().mean().clamp(min=1e-6))
    return torch.stack(total).mean()  # Eq. 7
