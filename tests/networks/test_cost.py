"""The operations of a small network, counted by hand."""

from __future__ import annotations

from scenefill import networks
from scenefill.networks.cost import cost


def test_parameters_and_operations_of_a_base_net() -> None:
    network = networks.create(
        "sge-net", widths=[4, 8], cim_dilations=[1], cim_attention=0, spade_hidden=[1], keep_percent=[50, 0],
        semantic_guidance=False, confidence_evaluation=False, label_heads=False,
    )  # fmt: skip
    # (outputs, inputs, side of the kernel, side of the output) of each convolution at 256x256
    convolutions = [
        (4, 4, 3, 256), (8, 4, 4, 128),  # encoder
        (8, 8, 3, 128), (8, 8, 3, 128),  # CIM
        (4, 12, 3, 256), (4, 4, 3, 256),  # base-net of the one SGIM
        (3, 4, 3, 256), (3, 8, 3, 128),  # picture heads
    ]  # fmt: skip
    parameters = sum(o * (i * k * k + 1) for o, i, k, _ in convolutions)
    operations = sum(2 * o * i * k * k * s * s for o, i, k, s in convolutions)
    assert cost(network, 256) == {"parameters_m": round(parameters / 1e6, 3), "gflop_256": round(operations / 1e9, 3)}


def test_the_cost_grows_with_the_area() -> None:
    network = networks.create(
        "sge-net", widths=[4, 8], cim_dilations=[1], cim_attention=0, spade_hidden=[4], keep_percent=[50, 0]
    )
    small, large = cost(network, 64), cost(network, 128)
    assert small["parameters_m"] == large["parameters_m"]
    assert abs(large["gflop_128"] - 4 * small["gflop_64"]) <= 0.0025  # both are rounded
