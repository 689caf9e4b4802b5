"""A live torch network behind the contract of an exported one: validation and evaluation go through the same Inpainter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ..models import weights
from ..models.runtime import Answer, Flags, Floats, Ids
from . import create
from .interface import Network, load_into


class TorchBackend:
    """`runtime.Backend` around a network. It is switched to evaluation mode for each call and back."""

    def __init__(self, network: Network, *, name: str, working_size: int, temperature: float = 1.0) -> None:
        self.network = network
        self.name = name
        self.working_size: int | None = working_size
        self.temperature = temperature
        self.labels = network.labels
        self.stride = network.stride
        self.known_map = network.known_map
        self.guide = network.guide

    @torch.no_grad()
    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        """Arrays as `runtime.Backend.run` describes them. Raises InputError for a size that the network does not take."""
        self.network.check_size(image.shape[2], image.shape[3])
        device = next(self.network.parameters()).device
        training = self.network.training
        self.network.eval()
        asked = (image, mask, hints, forbid) if guide is None else (image, mask, hints, forbid, guide)
        prediction = self.network(*(torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in asked))
        self.network.train(training)
        logits = None if prediction.logits is None else prediction.logits.float().cpu().numpy()
        return Answer(prediction.image.float().cpu().numpy(), logits)


def read(path: str | Path) -> tuple[weights.Info, Network]:
    """The network in a weights file, in evaluation mode with float32 parameters. Raises WeightsError, ConfigError."""
    info, tensors = weights.read_tensors(path)
    network = create(info.network, **info.config)
    load_into(network, tensors, str(path))
    return info, network.eval()
