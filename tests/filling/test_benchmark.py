"""The benchmark measures what it says."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from fakes import write_network
from onnx import TensorProto, helper, numpy_helper

import scenefill
from scenefill.filling import benchmark
from scenefill.models import choice, openvino, weights
from scenefill.pictures import images, masks


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


def test_another_runtime_is_timed_in_turns_with_onnx_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = benchmark.Row("plain", 1.0, gflop_per_second=1.0)
    row = benchmark.compared(str(write_network(tmp_path)), ("onnxruntime", "fp32"), 1, 0.0, plain)
    assert row.what.endswith("tiny.safetensors, 256x256, onnxruntime fp32")
    assert row.of_onnxruntime is not None
    assert 0.1 < row.of_onnxruntime < 10
    monkeypatch.setattr(choice, "openvino_installed", lambda: False)
    assert benchmark.others() == []
    monkeypatch.setattr(choice, "openvino_installed", lambda: True)
    for bf16, count in ((True, 2), (False, 1)):
        monkeypatch.setattr(openvino, "has_bf16", lambda bf16=bf16: bf16)
        assert len(benchmark.others()) == count


def test_a_classical_fill_has_no_arithmetic_rate() -> None:
    row = benchmark.fill("telea", 1, 0.0, benchmark.Row("plain", 1.0, gflop_per_second=1.0))
    assert row.seconds > 0
    assert row.per_second is not None
    assert row.gflop_per_second is None
    assert row.of_convolution is None


def test_detail_is_timed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SIZE", 64)
    assert 0 < benchmark.detail(0.0).seconds < 60


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


def test_whole_commands_are_timed_on_pictures_of_the_promised_sizes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = []

    def timed(command: list[str]) -> tuple[float, float | None]:
        commands.append(command[3:])
        return float(len(commands)), 100.0

    monkeypatch.setattr(benchmark, "timed", timed)
    rows = list(benchmark.commands("telea", tmp_path))
    assert [row.what for row in rows] == [
        "scenefill --help",
        "scenefill inpaint, 512x512 PNG, hole 128x128",
        "scenefill inpaint, 4000x3000 JPG, hole 600x600",
        "scenefill inpaint --detail none, 4000x3000 JPG, hole 600x600",
    ]
    assert rows[0].seconds == 3.0, "the median of the runs after the first"
    assert commands[0] == ["--help"]
    verb, photo, mask, *_ = commands[-1]
    assert verb == "inpaint"
    assert images.read(photo).pixels.shape == (3000, 4000, 3)
    assert masks.read(mask).sum() == 600 * 600


def test_rows_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "convolution", lambda threads, seconds: benchmark.Row("plain", 1.0, gflop_per_second=2.0))
    monkeypatch.setattr(benchmark, "fill", lambda name, *rest: benchmark.Row(name, 1.0))
    monkeypatch.setattr(benchmark, "others", lambda: [("openvino", "bf16")])
    monkeypatch.setattr(benchmark, "compared", lambda name, way, *rest: benchmark.Row(f"{name} in another way", 1.0))
    monkeypatch.setattr(benchmark, "detail", lambda seconds: benchmark.Row("detail", 1.0))
    monkeypatch.setattr(benchmark, "commands", lambda model, folder: iter([benchmark.Row(f"command with {model}", 1.0)]))
    monkeypatch.setattr(benchmark, "serving", lambda model: iter([benchmark.Row(f"editor with {model}", 1.0)]))
    rows = list(benchmark.run(["a", "telea"]))
    assert [row.what for row in rows] == ["plain", "a", "a in another way", "telea", "detail", "command with a", "editor with a"]


def test_the_editor_is_timed_from_its_start() -> None:
    page, first, trip = benchmark.serving("telea", runs=1)
    assert 0 < page.seconds < first.seconds
    assert 0 < trip.seconds < first.seconds
    assert [row.what.partition(", ")[2] for row in (page, first, trip)] == [
        "from its start to the page",
        "from its start to a fill of 256x256",
        "from a mask to the filled 256x256",
    ]


def test_the_rate_of_a_network_is_that_of_its_header(tmp_path: Path) -> None:
    path = write_network(tmp_path)
    info, tensors = weights.read_tensors(path)
    weights.save(path, tensors, dataclasses.replace(info, metrics={"gflop_256": 0.5}))
    row = benchmark.fill(str(path), 1, 0.0, benchmark.Row("plain", 1.0, gflop_per_second=100.0))
    assert row.gflop_per_second == pytest.approx(0.5 / row.seconds)
    assert row.of_convolution == pytest.approx(0.5 / row.seconds / 100)
    assert row.peak_mib is not None
    assert row.peak_mib > 30
