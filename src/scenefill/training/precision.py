"""Which arithmetic a run takes: bfloat16 pays only where there are instructions for it."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

CPU_INFO = Path("/proc/cpuinfo")


def resolved(precision: str, accelerator: str) -> tuple[str, str]:
    """The precision that `run.precision` means on this machine, and why, in one clause.

    accelerator: "cpu", "cuda", "mps", as Fabric chose it. Only "auto" depends on the machine.
    """
    if precision != "auto":
        return precision, "as the config says"
    if accelerator == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16-mixed", "the GPU has bfloat16 instructions"
        return "32-true", "the GPU has no bfloat16 instructions"
    if accelerator != "cpu":
        return "32-true", f"bfloat16 was not tried on {accelerator}"
    if instructions := cpu_bfloat16():
        return "bf16-mixed", f"the processor has bfloat16 instructions ({instructions})"
    return "32-true", "the processor has no bfloat16 instructions, and would emulate them at a standstill"


def cpu_bfloat16() -> str:
    """Names of the processor's matrix or vector instructions for bfloat16; empty where there are none or none are known."""
    intel = platform.machine() in ("x86_64", "AMD64")
    known = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512"} if intel else {"bf16": "Arm"}
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:  # not Linux
        return ""
    flags = next((line.split(":", 1)[1].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return ", ".join(name for flag, name in known.items() if flag in flags)
