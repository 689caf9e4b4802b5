"""Feature networks by the name under which reports print them, the official ones among them; their files are never made up.

inception                FID, KID and IS
lpips-alex, lpips-vgg    LPIPS v0.1
squeezenet, vgg16, ...   substitutes, whose figures carry their name
"""

from __future__ import annotations

from torch import nn

from ..losses.perceptual import VGG, AlexNet, feature_network, linear_layers
from ..models import public
from ..networks.inception import InceptionV3
from .perceptual import FeatureDistance

INCEPTION = "inception"


class VGG16Blocks(VGG):
    """VGG-16 (vgg16-397923af.pth) up to relu5_3: the last activation of each block, as LPIPS takes them."""

    NAME = "VGG-16"
    BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    WANTED = (3, 8, 15, 22, 29)


LPIPS: dict[str, tuple[type[AlexNet | VGG16Blocks], str, tuple[int, ...]]] = {
    "lpips-alex": (AlexNet, "alexnet", (64, 192, 384, 256, 256)),
    "lpips-vgg": (VGG16Blocks, "vgg16", (64, 128, 256, 512, 512)),
}
"""Name -> backbone, its public file, channels of its layers. The linear layers are lpips_linear/{alex,vgg}.pth."""


def features(name: str) -> FeatureDistance:
    """The network of that name with its weights.

    Raises WeightsError that says which file is missing and where to put it, ConfigError for an unknown name.
    """
    if name == INCEPTION:
        return FeatureDistance(InceptionV3.from_file(public.public_file(name)), name)
    if name in LPIPS:
        backbone, file, channels = LPIPS[name]
        network: nn.Module = backbone.from_file(public.public_file(file))
        return FeatureDistance(network, name, linear_layers(name.removeprefix("lpips-"), channels))
    return FeatureDistance(feature_network(name), name)
