"""What runs at night, tried for a moment: the parsers that are fuzzed, with the files that they begin with."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import damaged, examples

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


FUZZ = loaded("parser_fuzz")


@pytest.mark.parametrize("name", FUZZ.PARSERS)
def test_what_the_fuzzer_begins_with_is_good(name: str) -> None:
    parse, seeds = FUZZ.PARSERS[name]
    found = list(seeds())
    assert found
    if name not in ("packets", "options", "label-map", "mask"):  # of several kinds, or refused
        for data in found:
            parse(data)


@pytest.mark.parametrize("name", FUZZ.PARSERS)
@given(data=st.data())
@examples(5)
def test_what_is_damaged_is_answered_in_a_sentence(name: str, data: st.DataObject) -> None:
    parse, seeds = FUZZ.PARSERS[name]
    seed = data.draw(st.sampled_from(list(seeds())[:3]))
    changed = data.draw(damaged(seed))
    with FUZZ.allowed():
        parse(changed)
