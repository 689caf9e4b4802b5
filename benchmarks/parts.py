"""Where a network's operations go: parameters and GFLOP (2 x multiply-adds) of each of its parts, in Markdown.

python benchmarks/parts.py --network sge-net --size 256
"""

from __future__ import annotations

import argparse

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from scenefill import networks


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="sge-net", choices=networks.available())
    parser.add_argument("--size", type=int, default=256)
    arguments = parser.parse_args()
    network, size = networks.create(arguments.network).eval(), arguments.size
    forbid = torch.zeros(1, len(network.labels or ()), dtype=torch.bool)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, size, size), torch.zeros(1, 1, size, size), torch.full((1, size, size), 255), forbid)
    counts = counter.get_flop_counts()
    print(f"| part | parameters, thousands | GFLOP at {size}x{size} |\n|---|---|---|")
    for name, part in parts(network):
        operations = counts.get(f"{type(network).__name__}.{name}" if name else type(network).__name__, {})
        print(
            f"| {name or 'all'} | {sum(p.numel() for p in part.parameters()) / 1e3:.0f} | {sum(operations.values()) / 1e9:.2f} |"
        )


def parts(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """The children of a network, those of its lists singly, and itself under no name."""
    found = [("", network)]
    for name, child in network.named_children():
        found += (
            [(f"{name}.{i}", one) for i, one in child.named_children()] if isinstance(child, nn.ModuleList) else [(name, child)]
        )
    return found


if __name__ == "__main__":
    main()
