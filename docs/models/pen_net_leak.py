"""How much of PEN-Net's attention patches of the hole take for themselves: the table in pen-net.md.

python docs/models/pen_net_leak.py [WEIGHTS.safetensors] > table.md
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from scenefill.networks.backend import read
from scenefill.networks.pennet import SOFTMAX_SCALE, AttentionTransfer, PENNet, PENNetConfig
from scenefill.pictures import images, shapes

ROOT = Path(__file__).parents[2]


def example(size: int) -> tuple[Tensor, Tensor]:
    """The example photo, the middle of it, and a centred hole of half its side."""
    pixels = images.read(ROOT / "examples" / "photos" / "red-car.jpg").rgb8()
    top, left = ((length - size) // 2 for length in pixels.shape[:2])
    crop = torch.from_numpy(pixels[top : top + size, left : left + size].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    return crop, torch.from_numpy(shapes.centre(size, size))[None, None].float()


def network() -> PENNet:
    """The reference form with the weights of a file, or as the authors initialise it before training."""
    made = PENNet(PENNetConfig(cnum=32, reference=True))
    if len(sys.argv) > 1:
        info, weights = read(sys.argv[1])
        made = PENNet(PENNetConfig(cnum=info.config["cnum"], reference=True))
        made.load_state_dict(weights.state_dict())
        return made.eval()
    torch.manual_seed(0)
    for layer in made.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, 0, 0.02)
    return made.eval()


def leak(module: AttentionTransfer, psi: Tensor, touched: Tensor) -> tuple[float, float]:
    """Share of the patches that touch the hole, and what they take of the softmax, as a mean over all patches."""
    patches = nn.functional.unfold(psi, module.size, padding=module.size // 2)
    keys = patches / torch.linalg.vector_norm(patches, dim=1, keepdim=True).clamp(min=1e-4)
    known = (nn.functional.avg_pool2d(touched, module.size, 1, module.size // 2).flatten(2) == 0).float()
    taken = ((SOFTMAX_SCALE * (patches.transpose(1, 2) @ keys) * known).softmax(dim=2) * (1 - known)).sum(dim=2)
    return 1 - known.mean().item(), taken.mean().item()


@torch.no_grad()
def main() -> None:
    """Prints the rows, finest scale first."""
    made = network()
    found: list[tuple[int, float, float]] = []
    for scale in range(1, 6):
        module = made.get_submodule(f"at_conv{scale:02}")
        assert isinstance(module, AttentionTransfer)
        module.register_forward_hook(lambda m, given, _, scale=scale: found.append((scale + 1, *leak(m, *given[1:]))))
    image, mask = example(256)
    made(image, mask, torch.full((1, 256, 256), 255), torch.zeros(1, 0, dtype=torch.bool))
    for scale, touched, taken in reversed(found):
        print(f"| 1/{2**scale} | {touched:.0%} | {taken:.1%} |")


main()
