"""What every runtime keeps: the answers of a tiny graph, computed by hand; and every way in which its files can be wrong."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from fakes import STREET, write_network
from safetensors.numpy import load_file, save_file

from scenefill.errors import WeightsError
from scenefill.models import weights
from scenefill.models.runtime import Exported


def _question(height: int = 16, width: int = 24, batch: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    image = rng.uniform(-1, 1, (batch, 3, height, width)).astype(np.float32)
    mask = (rng.random((batch, 1, height, width)) < 0.3).astype(np.float32)
    return image, mask, np.full((batch, height, width), 255, np.int64), np.zeros((batch, len(STREET)), bool)


class RuntimeContract:
    """Inherit it and say which runtime."""

    kind: ClassVar[type[Exported]]

    def open(self, path: Path) -> Exported:
        return self.kind.open(path, threads=1)

    def test_answer_is_that_of_the_float16_tensors(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        _, tensors = weights.read_tensors(path)
        backend = self.open(path)
        gc.collect()
        image, mask, hints, forbid = _question()
        picture, logits = backend.run(image, mask, hints, forbid)

        colour, head = tensors["colour"].astype(np.float32), tensors["head"].astype(np.float32)[:, :, 0, 0]
        blanked = image * (1 - mask)
        np.testing.assert_allclose(picture, blanked + mask * colour, atol=1e-6)
        np.testing.assert_allclose(logits, np.einsum("kc,bchw->bkhw", head, blanked), atol=1e-5)
        assert logits is not None
        assert (picture.dtype, logits.dtype) == (np.float32, np.float32)

    def test_hints_and_forbidden_classes_reach_the_graph(self, tmp_path: Path) -> None:
        backend = self.open(write_network(tmp_path))
        image, mask, hints, forbid = _question()
        free = backend.run(image, mask, hints, forbid).image
        hints[0, 0, 0] = 3
        np.testing.assert_allclose(backend.run(image, mask, hints, forbid).image - free, 0.25 * mask + 0 * image, atol=1e-6)
        hints[0, 0, 0] = 255
        forbid[1, 2] = True
        np.testing.assert_allclose(backend.run(image, mask, hints, forbid).image - free, 0.25 * mask + 0 * image, atol=1e-6)

    def test_a_network_without_semantics_has_no_labels_and_no_scores(self, tmp_path: Path) -> None:
        backend = self.open(write_network(tmp_path, semantics=False))
        image, mask, hints, _ = _question()
        answer = backend.run(image, mask, hints, np.zeros((2, 0), bool))
        assert backend.labels is None
        assert answer.logits is None
        assert answer.image.shape == image.shape

    def test_backend_says_what_the_file_says(self, tmp_path: Path) -> None:
        backend = self.open(write_network(tmp_path, "avenue"))
        assert (backend.name, backend.working_size, backend.stride, backend.temperature) == ("avenue", 64, 8, 1.5)
        assert backend.labels is STREET

    def test_missing_graph(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        path.with_suffix(".onnx").unlink()
        with pytest.raises(WeightsError, match=r"tiny\.onnx, the graph that belongs to tiny\.safetensors, is missing"):
            self.open(path)

    def test_graph_that_is_cut_short(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        graph = path.with_suffix(".onnx")
        graph.write_bytes(graph.read_bytes()[:-200])
        with pytest.raises(WeightsError, match=r"tiny\.onnx is damaged or does not belong to tiny\.safetensors"):
            self.open(path)

    def test_graph_of_other_weights(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        other = write_network(tmp_path, "other", seed=1)
        path.with_suffix(".onnx").write_bytes(other.with_suffix(".onnx").read_bytes())
        with pytest.raises(WeightsError, match="was exported with other weights"):
            self.open(path)

    def test_tensors_that_the_graph_does_not_know(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        info, tensors = weights.read_tensors(path)
        tensors["colour"] = tensors["colour"].reshape(3, 1)
        weights.save(path, tensors, info)
        with pytest.raises(WeightsError, match="does not belong to"):
            self.open(path)

    def test_a_tensor_too_many(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        info, tensors = weights.read_tensors(path)
        data = path.with_suffix(".onnx").read_bytes()
        saved = weights.save(path, tensors | {"another": tensors["colour"]}, info)
        old, new = info.tensors_sha256.encode(), saved.tensors_sha256.encode()
        path.with_suffix(".onnx").write_bytes(data.replace(old, new))
        with pytest.raises(WeightsError, match="does not belong to"):
            self.open(path)

    def test_damaged_and_cut_weights(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        whole = path.read_bytes()
        path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1, whole[-1]]))
        with pytest.raises(WeightsError, match=r"tiny\.safetensors is damaged"):
            self.open(path)
        path.write_bytes(whole[:-2])
        with pytest.raises(WeightsError, match="is not a whole safetensors file"):
            self.open(path)

    def test_weights_of_somebody_else(self, tmp_path: Path) -> None:
        path = write_network(tmp_path)
        save_file(load_file(path), path)
        with pytest.raises(WeightsError, match="no scenefill description"):
            self.open(path)

    def test_views_are_taken_and_left_as_they_were(self, tmp_path: Path) -> None:
        backend = self.open(write_network(tmp_path))
        asked = _question()
        turned = [part[..., ::-1] for part in asked[:3]]
        kept = [part.copy() for part in turned]
        answer = backend.run(*turned, asked[3])
        assert (answer.image == backend.run(*kept, asked[3]).image).all()
        assert all((ours == theirs).all() for ours, theirs in zip(turned, kept, strict=True))

    def test_an_answer_stays_when_the_next_is_made(self, tmp_path: Path) -> None:
        backend = self.open(write_network(tmp_path))
        image, mask, hints, forbid = _question()
        first = backend.run(image, mask, hints, forbid).image
        kept = first.copy()
        backend.run(-image, mask, hints, forbid)
        assert (first == kept).all()

    def test_any_size_and_batch(self, tmp_path: Path) -> None:
        backend = self.open(write_network(tmp_path))
        for height, width, batch in ((16, 24, 2), (8, 8, 1), (40, 16, 3), (16, 24, 2)):
            assert backend.run(*_question(height, width, batch)).image.shape == (batch, 3, height, width)
