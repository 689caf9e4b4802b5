"""The public names are those that `__all__` lists, each is what it says, and importing the package loads none of the rooms."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import scenefill
from scenefill import errors
from scenefill.filling import inpainter
from scenefill.models import registry


def test_public_names_are_where_they_are_made() -> None:
    assert scenefill.load is inpainter.load
    assert scenefill.Inpainter is inpainter.Inpainter
    assert scenefill.Result is inpainter.Result
    assert scenefill.list_models is registry.list_models


def test_every_error_is_public() -> None:
    tree = {name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__}
    assert tree == set(scenefill.__all__) - {"Inpainter", "Result", "__version__", "list_models", "load"}


def test_every_error_is_of_the_one_tree() -> None:
    for name in scenefill.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(scenefill, name), scenefill.ScenefillError)


def test_other_names_are_missed_as_in_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'scenefill' has no attribute 'lode'"):
        scenefill.lode  # noqa: B018


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, scenefill; print(sorted({'numpy', 'cv2', 'PIL', 'onnxruntime', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
