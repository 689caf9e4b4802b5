"""An exported network on ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import write_network
from models.contract import RuntimeContract

from scenefill.errors import InputError
from scenefill.models.runtime import OnnxBackend


class TestOnnxRuntime(RuntimeContract):
    kind = OnnxBackend


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_device_that_does_not_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ONNX Runtime could not start directml: see what it says above, or compute on the cpu"):
        OnnxBackend.open(write_network(tmp_path), device="directml")
