"""The benchmark measures what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import scenefill
from scenefill import benchmark


def _convolution() -> onnx.ModelProto:
    """The yardstick: the weights are one value, spread by the graph itself, so that the file stays tiny."""
    shape = numpy_helper.from_array(np.array([64, 64, 3, 3], np.int64), "shape")
    value = numpy_helper.from_array(np.array([0.01], np.float32))
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["weight"], value=value),
        helper.make_node("Conv", ["x", "weight"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    ]
    side = [1, 64, benchmark.SIZE, benchmark.SIZE]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, side) for name in "xy")
    graph = helper.make_graph(nodes, "convolution", [x], [y], [shape])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_the_yardstick_is_the_convolution_it_claims_to_be() -> None:
    path = Path(scenefill.__file__).parent / "builtin" / "convolution.onnx"
    assert onnx.load(path) == _convolution()
    assert round(benchmark.CONVOLUTION_GFLOP, 3) == 4.832


def test_the_convolution_is_timed() -> None:
    row = benchmark.convolution(1, 0.0)
    assert row.gflop_per_second is not None
    assert row.gflop_per_second * row.seconds == pytest.approx(benchmark.CONVOLUTION_GFLOP)


def test_a_classical_fill_has_no_arithmetic_rate() -> None:
    row = benchmark.fill("telea", 1, 0.0, benchmark.Row("plain", 1.0, gflop_per_second=1.0))
    assert row.seconds > 0
    assert row.per_second is not None
    assert row.gflop_per_second is None
    assert row.of_convolution is None


def test_a_command_is_timed_in_a_process_of_its_own() -> None:
    seconds, peak = benchmark.timed([sys.executable, "-c", "import time; x = bytearray(64 << 20); time.sleep(0.2)"])
    assert 0.2 < seconds < 5
    assert peak is not None
    assert 64 < peak < 200


def test_a_command_that_fails_is_not_timed() -> None:
    with pytest.raises(RuntimeError, match="failed"):
        benchmark.timed([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_example_has_detail_and_a_hole() -> None:
    photo, mask = benchmark.example(60, 80, 20)
    assert photo.shape == (60, 80, 3)
    assert photo.std() > 20
    assert mask.sum() == 400
