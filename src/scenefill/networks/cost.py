"""What a network costs: parameters and operations."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from .interface import Network


@torch.no_grad()
def cost(network: Network, size: int) -> dict[str, float]:
    """Parameters in millions and GFLOP (2 x multiply-adds) of one fill at `size` x `size`, as "parameters_m" and "gflop_SIZE"."""
    image, mask = torch.zeros(1, 3, size, size), torch.zeros(1, 1, size, size)
    hints = torch.full((1, size, size), 255)
    forbid = torch.zeros(1, len(network.labels) if network.labels else 0, dtype=torch.bool)
    with FlopCounterMode(display=False) as counter:
        network(image, mask, hints, forbid)
    parameters = sum(p.numel() for p in network.parameters())
    return {"parameters_m": round(parameters / 1e6, 3), f"gflop_{size}": round(counter.get_total_flops() / 1e9, 3)}
