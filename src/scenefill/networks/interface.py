"""What every network takes and gives back."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import ConfigError, InputError, WeightsError
from ..labels import LabelSet, portable
from ..models.weights import Info


class Prediction(NamedTuple):
    """All that a network says of a picture. Index l of a tuple is the paper's scale l: 1/2^l of the input size, finest first."""

    image: Tensor
    """(B, 3, H, W) float in [-1, 1]: the whole picture, not composited with the known pixels."""
    logits: Tensor | None
    """(B, K, H, W) float class scores before any hint or forbidden class; None where a network has no semantics."""
    images_per_scale: tuple[Tensor, ...] = ()
    """(B, 3, H/2^l, W/2^l) float in [-1, 1]."""
    logits_per_scale: tuple[Tensor, ...] = ()
    """(B, K, H/2^l, W/2^l) float."""
    reliability_per_scale: tuple[Tensor, ...] = ()
    """(B, 1, H/2^l, W/2^l) float, 1 = reliable."""

    def detached(self) -> Prediction:
        """The same numbers, cut off from the graph."""

        def cut(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return tuple(t.detach() for t in tensors)

        logits = None if self.logits is None else self.logits.detach()
        return Prediction(self.image.detach(), logits, *map(cut, self[2:]))


class Network(nn.Module, abc.ABC):
    """A network that fills holes.

    A subclass names its config (a frozen dataclass), which is all that is needed to build it again, and the label set it
    predicts (None: no semantics). H and W must be multiples of `stride`; padding is the caller's business.
    """

    Config: ClassVar[type]
    config: Any
    labels: LabelSet | None = None
    stride: int = 1
    fixed_size: int | None = None
    """Side of the only square input that the network takes; None: any size."""
    known_map: ClassVar[bool] = False
    """Hints outside the hole are the map of what is known there (SPG-Net's S0), and the network counts on it."""
    guide: ClassVar[str | None] = None
    """Name in `guides.GUIDES` of what else the network wants; None: nothing."""

    @abc.abstractmethod
    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        """
        image: (B, 3, H, W) float in [-1, 1]; what stands inside the hole has no influence.
        mask: (B, 1, H, W) float, 1 = hole.
        hints: (B, H, W) int64 class ids, 255 = the network decides. Networks without semantics ignore them.
        forbid: (B, K) bool, classes that may not appear inside the hole; a hint beats a forbid.

        A network that names a guide takes it as a fifth argument, (B, 2, H, W) float: its values, and 1 where they are to be
        believed; None: only what it sees itself.
        """

    def check_size(self, height: int, width: int) -> None:
        """Raises InputError for a size that the network cannot take."""
        if self.fixed_size is not None and (height, width) != (self.fixed_size, self.fixed_size):
            only = f"{self.fixed_size}x{self.fixed_size}"
            raise InputError(f"this network takes {only} alone, the input is {height}x{width}: resize it")
        if height % self.stride or width % self.stride:
            raise InputError(f"this network takes multiples of {self.stride}, the input is {height}x{width}: pad it")


def build_config(kind: type, values: dict[str, Any], where: str) -> Any:
    """A frozen dataclass from plain values (lists become tuples). Raises ConfigError for an unknown key, with the known ones."""
    known = {f.name for f in dataclasses.fields(kind)}
    if unknown := sorted(set(values) - known):
        raise ConfigError(f'{where}: unknown key "{unknown[0]}"; known are: {", ".join(sorted(known))}')
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def as_float16(state: Mapping[str, Tensor]) -> dict[str, NDArray[np.float16]]:
    """A state dict as NumPy float16 arrays."""
    return {name: tensor.detach().cpu().to(torch.float16).numpy() for name, tensor in state.items()}


def described(network: Network, name: str, config: Mapping[str, Any], **rest: Any) -> Info:
    """What a weights file says of a network by that name; what the network cannot know, such as the licence, is in `rest`.

    A label set goes in whole where it is not one of the package's, whichever way `config` names it.
    """
    labels = portable(network.labels) if network.labels else None
    if labels and "label_set" in config:
        config = {**config, "label_set": labels}
    return Info(
        network=name, config=dict(config), label_set=labels, stride=network.stride,
        temperature=1.0, metrics={}, known_map=network.known_map, guide=network.guide, **rest,
    )  # fmt: skip


def load_into(network: nn.Module, tensors: Mapping[str, NDArray[Any]], where: str) -> None:
    """Copies arrays into a network. Raises WeightsError that lists tensors that are missing, left over or of another shape."""
    own = network.state_dict()
    wrong = [
        *(f"{name} is missing" for name in own if name not in tensors),
        *(f"{name} is not part of the network" for name in tensors if name not in own),
        *(
            f"{name} is {tuple(tensors[name].shape)} and must be {tuple(own[name].shape)}"
            for name in own
            if name in tensors and tensors[name].shape != tuple(own[name].shape)
        ),
    ]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise WeightsError(f"{where} does not fit this network: {'; '.join(wrong[:5])}{more}")
    network.load_state_dict({name: torch.from_numpy(np.asarray(a)).to(own[name].dtype) for name, a in tensors.items()})
