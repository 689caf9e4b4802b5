"""Feature networks, and distances of their activations: those of SGE-Net and EdgeConnect, and SPG-Net's learned one.

VGG-16, VGG-19 and AlexNet are the papers'; SqueezeNet 1.1 is the small substitute where their files are not at hand, ESPNetv2 the
one that sees far around each position, EfficientNet-Lite0 the one that a package brings. All take RGB in [-1, 1] and give
activations from shallow to deep; all are frozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ConfigError, WeightsError
from ..models import public, registry
from ..networks.efficientnet import EfficientNetLite0
from ..networks.espnetv2 import ESPNetv2
from ..networks.interface import load_into
from .adversarial import patches
from .reconstruction import masked_mean
from .together import over_all

SQUEEZENET_FILE = "squeezenet11_imagenet_features_hwio.npz"
ESPNETV2_FILE, ESPNETV2_CLASSES = "espnetv2_s_2.0_pascal_384x384.pth", 21
LPIPS_FILES = "lpips_linear/{}.pth"


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


class VGG(nn.Module):
    """The convolutions of a VGG (Simonyan & Zisserman 2015), up to the deepest activations that are wanted.

    `features` is indexed as in the public files, so that their state dicts load as they are.
    """

    NAME: ClassVar[str]
    BLOCKS: ClassVar[tuple[tuple[int, int], ...]]
    """Channels and depth of each block; a pooling lies between two of them."""
    WANTED: ClassVar[tuple[int, ...]]
    """Indices in `features` of the ReLUs whose activations are given."""
    MEAN: ClassVar = (0.485, 0.456, 0.406)
    STD: ClassVar = (0.229, 0.224, 0.225)

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
        self.register_buffer("mean", torch.tensor(self.MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(self.STD).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Reads the public file; its deeper layers and classifier are left aside. Raises WeightsError for another file."""
        network = cls()
        network.load_state_dict(_part_of(path, network.state_dict(), cls.NAME))
        return network

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        mean, std = self.mean, self.std
        x = ((rgb + 1) / 2 - mean) / std  # type: ignore[operator]
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.WANTED:
                maps.append(x)
        return tuple(maps)


class VGG16(VGG):
    """VGG-16 (vgg16-397923af.pth) up to relu4_3: gives relu2_2, relu3_3, relu4_3 (Sec. 3.3 of SGE-Net) at 1/2, 1/4, 1/8."""

    NAME = "VGG-16"
    BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3))
    WANTED = (8, 15, 22)


class VGG19(VGG):
    """VGG-19 (vgg19-dcbb9e9d.pth) up to relu5_2: gives relu1_1, 2_1, 2_2, 3_1, 3_4, 4_1, 4_4, 5_1, 5_2, EdgeConnect's layers.

    It sees RGB in 0..1 as it is, without the means and deviations of ImageNet: so do the authors, and their weights belong to it.
    """

    NAME = "VGG-19"
    BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 2))
    WANTED = (1, 6, 8, 11, 17, 20, 26, 29, 31)
    MEAN = (0.0, 0.0, 0.0)
    STD = (1.0, 1.0, 1.0)


class AlexNet(nn.Module):
    """AlexNet (Krizhevsky 2014), features only: the five ReLUs, at 1/4, 1/8 and three times 1/16 (a little less).

    `features` is indexed as in the public file (alexnet-owt-7be5be79.pth), so that its state dict loads as it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    @classmethod
    def from_file(cls, path: Path) -> AlexNet:
        """Reads the public file; its classifier is left aside. Raises WeightsError for another file."""
        network = cls()
        network.load_state_dict(_part_of(path, network.state_dict(), "AlexNet"))
        return network

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        mean, std = self.mean, self.std
        x = ((rgb + 1) / 2 - mean) / std  # type: ignore[operator]
        maps = []
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                maps.append(x)
        return tuple(maps)


class ESPNetv2Features(nn.Module):
    """ESPNetv2 (Mehta et al. 2019), encoder only: activations at 1/2, 1/4, 1/8 and 1/16, each seeing further than SqueezeNet's.

    A segmentation network with dilated convolutions, as LaMa's high-receptive-field loss asks for (Suvorov et al., WACV 2022).
    The weights are those of Pascal VOC: those of Cityscapes judge the results, so no network may be trained with them.
    """

    def __init__(self, network: ESPNetv2) -> None:
        super().__init__()
        self.network = network

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        return self.network.features(rgb)


def _part_of(path: Path, wanted: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Those tensors of a public file that are `wanted`, by name and shape. Raises WeightsError for another file."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        part = {key: state[key] for key in wanted}
    except Exception as error:  # torch.load raises many kinds
        raise WeightsError(f"{path} is not the public {name} file: {error}") from error
    for key, tensor in part.items():
        if tensor.shape != wanted[key].shape:
            sizes = f"{tuple(tensor.shape)} and must be {tuple(wanted[key].shape)}"
            raise WeightsError(f"{path} is not the public {name} file: {key} is {sizes}")
    return part


class PatchDistance(nn.Module):
    """LPIPS (Zhang et al., CVPR 2018, Eq. 1) on the patches of the hole, as SG-Net of SPG-Net is trained with it.

    linear: a weight for each channel of each layer, (1, C, 1, 1); None: 1 for all.
    """

    def __init__(self, network: nn.Module, linear: Sequence[Tensor] | None) -> None:
        super().__init__()
        self.network = network
        self.linear = None if linear is None else nn.ParameterList(nn.Parameter(w, requires_grad=False) for w in linear)

    def forward(self, prediction: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
        """Sum over the layers of the mean over the positions that touch the hole; pictures (B, 3, H, W) in [-1, 1]."""
        with torch.no_grad():
            wanted = self.network(truth)
        total = []
        for layer, (ours, true) in enumerate(zip(self.network(prediction), wanted, strict=True)):
            squared = (F.normalize(ours.float()) - F.normalize(true.float())).square()
            weighed = squared if self.linear is None else self.linear[layer] * squared
            total.append(masked_mean(weighed.sum(dim=1, keepdim=True), patches(mask, true)))  # Eq. 1 of LPIPS
        return torch.stack(total).sum()


def patch_distance(name: str) -> PatchDistance:
    """LPIPS by the name of its feature network: "alexnet" with its learned layers, or "squeezenet" with all weights 1.

    The learned layers of SqueezeNet belong to other weights than ours, whose channels have another meaning.
    Raises WeightsError that says which file is missing and where to put it.
    """
    if name == "squeezenet":
        return PatchDistance(feature_network(name), None)
    network = AlexNet.from_file(public.public_file(name))
    shapes = [layer.out_channels for layer in network.features if isinstance(layer, nn.Conv2d)]
    return PatchDistance(network, linear_layers("alex", shapes))


def linear_layers(name: str, channels: Sequence[int]) -> list[Tensor]:
    """The learned layers of LPIPS v0.1 for a backbone ("alex", "vgg"), each (1, C, 1, 1).

    Raises WeightsError that says which file is missing and where to put it.
    """
    wanted = {f"lin{i}.model.1.weight": torch.empty(1, width, 1, 1) for i, width in enumerate(channels)}
    return list(_part_of(registry.placed_file(LPIPS_FILES.format(name)), wanted, "LPIPS").values())


def feature_network(name: str) -> nn.Module:
    """A frozen feature network by name.

    "vgg16", "vgg19" from the cache, "squeezenet", "espnetv2" from SCENEFILL_DATA or it, "efficientnet" from its package.

    Raises WeightsError that says which file is missing and where to put it, ConfigError for an unknown name.
    """
    if name == "vgg16":
        return VGG16.from_file(public.public_file("vgg16"))
    if name == "vgg19":
        return VGG19.from_file(public.public_file("vgg19"))
    if name == "squeezenet":
        return SqueezeNet11.from_file(registry.placed_file(SQUEEZENET_FILE))
    if name == "espnetv2":
        return ESPNetv2Features(ESPNetv2.from_file(registry.placed_file(ESPNETV2_FILE), ESPNETV2_CLASSES))
    if name == "efficientnet":
        return EfficientNetLite0.from_package()
    raise ConfigError(f'there is no feature network "{name}"; known are: vgg16, vgg19, squeezenet, espnetv2, efficientnet')


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
        total.append(mean / over_all(true.float().abs().mean()).clamp(min=1e-6))
    return torch.stack(total).mean()  # Eq. 7


def content(network: nn.Module, prediction: Tensor, truth: Tensor, layers: Sequence[int]) -> Tensor:
    """L_perc of EdgeConnect (its Eq. 7): the mean distance of the activations, summed over some of the network's layers.

    prediction, truth: (B, 3, H, W) in [-1, 1].
    """
    total = [(ours - true).abs().mean() for ours, true in _activations(network, prediction, truth, layers)]
    return torch.stack(total).sum()  # Eq. 7


def style(network: nn.Module, prediction: Tensor, truth: Tensor, layers: Sequence[int]) -> Tensor:
    """L_style of EdgeConnect (its Eq. 8): the mean distance of the Gram matrices, summed over some of the network's layers.

    prediction, truth: (B, 3, H, W) in [-1, 1].
    """
    total = [(gram(ours) - gram(true)).abs().mean() for ours, true in _activations(network, prediction, truth, layers)]
    return torch.stack(total).sum()  # Eq. 8


def gram(activations: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, C): which channels are active together, over C h w."""
    flat = activations.flatten(2)
    return flat @ flat.transpose(1, 2) / flat[0].numel()


def _activations(network: nn.Module, prediction: Tensor, truth: Tensor, layers: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Of both pictures, in float32, for each of the layers."""
    with torch.no_grad():
        wanted = network(truth)
    ours = network(prediction)
    return ((ours[layer].float(), wanted[layer].float()) for layer in layers)
