"""Label sets in TOML: every one that can be spelled comes back the same, every other text is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import damaged, examples

from scenefill import labels
from scenefill.errors import LabelError
from scenefill.labels import LabelSet

PONDS = b"""name = "ponds"
movable = ["duck"]
classes = [
    { name = "water", colour = [40, 90, 230] },
    { name = "grass", colour = [152, 251, 152] },
    { name = "duck", colour = [120, 80, 40] },
]
[aliases]
lake = "water"
[[partial]]
id = 128
classes = ["water", "grass"]
names = ["ground"]
[file_ids]
7 = 0
8 = 1
9 = 2
10 = 128
"""

names = st.text(st.characters(codec="utf-8", exclude_characters=",_", exclude_categories=["Lu", "Lt", "Z", "C"]), min_size=1)
colours = st.tuples(*[st.integers(0, 255)] * 3)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["name", "classes", "movable", "aliases", "partial", "file_ids"])


def read(path: Path, data: bytes) -> LabelSet | None:
    path.write_bytes(data)
    try:
        return labels.get(path)
    except LabelError as error:
        said = str(error)
    assert str(path) in said
    return None


@given(data=damaged(PONDS))
@examples(100)
def test_a_damaged_file_is_a_label_set_or_a_sentence(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = read(tmp_path_factory.getbasetemp() / "own.toml", data)
    if found is not None:
        table = labels.portable(found)
        assert labels.get(table) == found


@given(st.dictionaries(keys, plain, max_size=6))
@examples(100)
def test_any_table_is_a_label_set_or_a_sentence(table: dict[str, object]) -> None:
    with pytest.raises(LabelError):
        labels.get({"classes": [{"name": "a", "colour": [1, 2, 300]}], **table, "name": 5})
    try:
        found = labels.get({"name": "mine", "classes": [{"name": "a", "colour": [1, 2, 3]}], **table})
    except LabelError:
        return
    assert labels.get(labels.portable(found)) == found


@given(st.dictionaries(names.map(str.lower), colours, min_size=1, max_size=12))
@examples(50)
def test_what_is_spelled_out_comes_back(classes: dict[str, tuple[int, int, int]]) -> None:
    by_colour = {colour: name for name, colour in classes.items()}
    table = {"name": "mine", "classes": [{"name": name, "colour": list(colour)} for colour, name in by_colour.items()]}
    found = labels.get(table)
    assert found.classes == tuple(by_colour.values())
    assert labels.portable(found) == table


@pytest.mark.parametrize("text", [b"a = " + b"[" * 20_000, b'name = "x"\n[file_ids]\n' + b"1" * 5000 + b" = 0", b"like = []"])
def test_texts_that_ask_too_much_of_a_parser(text: bytes, tmp_path: Path) -> None:
    assert read(tmp_path / "own.toml", text) is None
