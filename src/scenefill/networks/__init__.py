"""The networks, by name."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigError
from .contextencoder import ContextEncoder
from .edgeconnect import EdgeConnect
from .gatedconv import GatedConvNet
from .globallocal import CompletionNetwork
from .interface import Network, Prediction, build_config
from .pennet import PENNet
from .sgenet import SGENet
from .spgnet import SPGNet

NETWORKS: dict[str, type[Network]] = {
    "sge-net": SGENet,
    "pen-net": PENNet,
    "edge-connect": EdgeConnect,
    "gated-conv": GatedConvNet,
    "global-local": CompletionNetwork,
    "context-encoder": ContextEncoder,
    "spg-net": SPGNet,
}


def available() -> tuple[str, ...]:
    """Names that `create` knows."""
    return tuple(NETWORKS)


def create(name: str, **config: Any) -> Network:
    """A network with fresh weights: `create("sge-net", label_set="street")`. Raises ConfigError for an unknown name or field."""
    if name not in NETWORKS:
        raise ConfigError(f'there is no network "{name}"; known are: {", ".join(NETWORKS)}')
    kind = NETWORKS[name]
    return kind(build_config(kind.Config, config, name))


__all__ = ["NETWORKS", "Network", "Prediction", "available", "create"]
