"""What `scenefill.networks` promises of every network, as a class of tests that a network's test file inherits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from scenefill import networks
from scenefill.errors import InputError
from scenefill.labels import UNKNOWN
from scenefill.models import weights
from scenefill.models.guides import GUIDES
from scenefill.models.runtime import OnnxBackend
from scenefill.networks import backend, export
from scenefill.networks.interface import Network, Prediction, as_float16


class Question(NamedTuple):
    """The arguments of `Network.forward`."""

    image: Tensor
    mask: Tensor
    hints: Tensor
    forbid: Tensor


def question(network: Network, height: int, width: int, *, batch: int = 2, seed: int = 0) -> Question:
    """Noise with a box as the hole; a part of it hinted as the last class, the first class forbidden."""
    noise = torch.Generator().manual_seed(seed)
    image = torch.rand((batch, 3, height, width), generator=noise) * 2 - 1
    mask = torch.zeros(batch, 1, height, width)
    mask[..., height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = 1
    hints = torch.full((batch, height, width), UNKNOWN)
    forbid = torch.zeros(batch, len(network.labels or ()), dtype=torch.bool)
    if network.labels:
        hints[:, height // 2 : 3 * height // 4, width // 4 : width // 2] = len(network.labels) - 1
        forbid[:, 0] = True
    return Question(image, mask, hints, forbid)


def numbers(prediction: Prediction) -> list[Tensor]:
    """Every tensor of a prediction, in order."""
    nested = [part if isinstance(part, tuple) else (part,) for part in prediction]
    return [tensor for part in nested for tensor in part if tensor is not None]


def write(network: Network, name: str, config: dict[str, Any], path: Path) -> weights.Info:
    """A weights file of a network."""
    info = weights.Info(
        network=name, config=config, label_set=network.labels.name if network.labels else None,
        working_size=network.fixed_size or 4 * network.stride, stride=network.stride, temperature=1.0,
        trained_on=(), images_seen=0, metrics={}, licence="CC0-1.0", known_map=network.known_map, guide=network.guide,
    )  # fmt: skip
    return weights.save(path, as_float16(network.state_dict()), info)


class NetworkContract:
    """A subclass names the network and a config small enough for a test; `sizes` are in pixels, multiples of the stride."""

    name: ClassVar[str]
    config: ClassVar[dict[str, Any]]
    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((16, 16), (32, 48), (48, 16))

    @pytest.fixture(scope="class")
    @classmethod
    def network(cls) -> Network:
        """With parameters that are all at work: fresh ones are zero in many places."""
        torch.manual_seed(0)
        network = networks.create(cls.name, **cls.config).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        return network

    def test_shapes_ranges_and_order_of_what_comes_out(self, network: Network) -> None:
        for height, width in self.sizes:
            asked = question(network, height, width)
            got = network(*asked)
            classes = len(network.labels or ())
            assert got.image.shape == (2, 3, height, width)
            assert (got.logits is None) == (network.labels is None)
            assert got.logits is None or got.logits.shape == (2, classes, height, width)
            for scale, picture in enumerate(got.images_per_scale):
                assert picture.shape == (2, 3, height >> scale, width >> scale)
            for scale, scores in enumerate(got.logits_per_scale):
                assert scores.shape == (2, classes, height >> scale, width >> scale)
            for scale, reliable in enumerate(got.reliability_per_scale):
                assert reliable.shape == (2, 1, height >> scale, width >> scale)
                assert reliable.min() >= 0
                assert reliable.max() <= 1
            for picture in (got.image, *got.images_per_scale):
                assert picture.abs().max() <= 1
            assert all(tensor.dtype == torch.float32 and tensor.isfinite().all() for tensor in numbers(got))
            if got.images_per_scale:
                assert torch.equal(got.image, got.images_per_scale[0])
            if got.logits is not None and got.logits_per_scale:
                assert torch.equal(got.logits, got.logits_per_scale[0])

    def test_every_parameter_has_a_gradient(self, network: Network) -> None:
        got = network(*question(network, *self.sizes[1 % len(self.sizes)]))
        seed = torch.Generator().manual_seed(1)
        total = sum((t * torch.randn(t.shape, generator=seed)).sum() for t in numbers(got) if t.requires_grad)
        network.zero_grad()
        total.backward()
        without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
        assert without == []
        assert all(p.grad.isfinite().all() for p in network.parameters())

    def test_other_sizes_are_refused_in_a_sentence(self, network: Network) -> None:
        for height, width in self.sizes:
            network.check_size(height, width)
        height, width = self.sizes[0]
        for wrong in ((height + 1, width), (height, width + network.stride - 1)):
            with pytest.raises(InputError, match=r"this network takes .*, the input is \d+x\d+: (pad|resize) it"):
                network.check_size(*wrong)

    @torch.no_grad()
    def test_a_picture_is_filled_alike_in_any_company(self, network: Network) -> None:
        asked = question(network, *self.sizes[-1], batch=3)
        alone = numbers(network(*(part[:1] for part in asked)))
        together = numbers(network(*asked))
        others = question(network, *self.sizes[-1], batch=3, seed=9)
        others = others._replace(mask=1 - others.mask, hints=torch.full_like(others.hints, UNKNOWN), forbid=~others.forbid)
        company = numbers(network(*(torch.cat((a[:1], b[1:])) for a, b in zip(asked, others, strict=True))))
        for single, first, second in zip(alone, together, company, strict=True):
            assert torch.equal(first[0], second[0])
            torch.testing.assert_close(single[0], first[0], atol=1e-5, rtol=1e-5)

    @torch.no_grad()
    def test_what_stands_inside_the_hole_has_no_influence(self, network: Network) -> None:
        asked = question(network, *self.sizes[-1])
        inside = asked.mask.bool().expand_as(asked.image)
        before = numbers(network(*asked))
        for other in (torch.zeros_like(asked.image), -asked.image, torch.ones_like(asked.image)):
            changed = asked._replace(image=torch.where(inside, other, asked.image))
            for ours, theirs in zip(before, numbers(network(*changed)), strict=True):
                assert torch.equal(ours, theirs)

    @torch.no_grad()
    def test_values_are_equal_after_save_and_load(self, network: Network, tmp_path: Path) -> None:
        path = tmp_path / "net.safetensors"
        written = write(network, self.name, self.config, path)
        info, read = backend.read(path)
        assert info == written
        assert not read.training
        assert type(read) is type(network)
        assert read.config == network.config
        state, original = read.state_dict(), network.state_dict()
        assert list(state) == list(original)
        for name, tensor in original.items():
            assert torch.equal(state[name], tensor.half().to(tensor.dtype)), name

        rounded = networks.create(self.name, **self.config).eval()
        rounded.load_state_dict({name: tensor.half().to(tensor.dtype) for name, tensor in original.items()})
        asked = question(network, *self.sizes[0])
        for ours, theirs in zip(numbers(rounded(*asked)), numbers(read(*asked)), strict=True):
            assert torch.equal(ours, theirs)


class ExportContract(NetworkContract):
    """And the graph on ONNX Runtime answers as torch does. It takes ten seconds, so not every config need inherit this."""

    @pytest.fixture(scope="class")
    @classmethod
    def pair(cls, network: Network, tmp_path_factory: pytest.TempPathFactory) -> tuple[backend.TorchBackend, OnnxBackend]:
        path = tmp_path_factory.mktemp("exported") / "net.safetensors"
        write(network, cls.name, cls.config, path)
        info, read = backend.read(path)
        path.with_suffix(".onnx").write_bytes(export.graph(read, weights.read_tensors(path)[1], info.tensors_sha256))
        live = backend.TorchBackend(read, name="live", working_size=info.working_size)
        return live, OnnxBackend.open(path, threads=1)

    def test_the_export_holds_by_its_own_criteria(self, pair: tuple[backend.TorchBackend, OnnxBackend]) -> None:
        live, exported = pair
        assert export.compare(live.network, exported).holds

    @pytest.mark.parametrize("hole", ["box", "at the border", "none", "all"])
    def test_the_export_answers_as_torch_does(self, pair: tuple[backend.TorchBackend, OnnxBackend], hole: str) -> None:
        live, exported = pair
        for height, width in self.sizes:
            image, mask, hints, forbid = question(live.network, height, width)
            if hole == "at the border":
                mask = mask.roll((height // 4, width // 4), dims=(2, 3))
            elif hole != "box":
                mask = torch.full_like(mask, float(hole == "all"))
            asked = [part.numpy() for part in (image, mask, hints, forbid)]
            if live.guide:
                asked.append(GUIDES[live.guide](*asked[:2]))
            for ours, theirs in zip(live.run(*asked), exported.run(*asked), strict=True):
                assert (ours is None) == (theirs is None)
                if ours is not None and theirs is not None:
                    difference = np.abs(ours - theirs)
                    assert difference.mean() < export.MEAN_DIFFERENCE
                    assert (difference < export.CLOSE).mean() >= export.SHARE_CLOSE
