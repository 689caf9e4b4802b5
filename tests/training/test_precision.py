"""Which arithmetic a run takes, by what the processor says of itself."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from scenefill.training import precision
from scenefill.training.precision import cpu_bfloat16, resolved


@pytest.mark.parametrize(
    ("machine", "info", "found"),
    [
        ("x86_64", "model name\t: a\nflags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16\n", "AMX, AVX-512"),
        ("x86_64", "flags\t\t: fpu sse avx2 avx512f\n", ""),
        ("AMD64", "flags\t\t: avx512_bf16\n", "AVX-512"),
        ("aarch64", "Features\t: fp asimd bf16 i8mm\n", "Arm"),
        ("aarch64", "Features\t: fp asimd\n", ""),
        ("x86_64", "", ""),
    ],
)
def test_instructions_are_read_from_what_the_system_lists(
    machine: str, info: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(info)
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert cpu_bfloat16() == found
    assert resolved("auto", "cpu")[0] == ("bf16-mixed" if found else "32-true")


def test_a_system_without_the_list_has_no_such_instructions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "none")
    assert resolved("auto", "cpu") == (
        "32-true",
        "the processor has no bfloat16 instructions, and would emulate them at a standstill",
    )


@pytest.mark.parametrize("named", ["32-true", "bf16-mixed", "16-mixed"])
def test_a_precision_that_is_named_is_taken(named: str) -> None:
    assert resolved(named, "cpu") == (named, "as the config says")


@pytest.mark.parametrize("supported", [True, False])
def test_a_gpu_is_asked(supported: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision.torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert resolved("auto", "cuda")[0] == ("bf16-mixed" if supported else "32-true")


def test_other_accelerators_calculate_in_32_bits() -> None:
    assert resolved("auto", "mps")[0] == "32-true"
