"""Weights files and the registry of models."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from fakes import write_network
from hypothesis import given
from hypothesis import strategies as st
from properties import damaged, examples
from safetensors.numpy import save_file

from scenefill.errors import OutputError, WeightsError
from scenefill.models import card, registry, weights

pytestmark = pytest.mark.usefixtures("cache")

INFO = weights.Info(
    network="sge-net",
    config={"width": 16, "classes": {"street": 8}},
    label_set="street",
    working_size=256,
    stride=16,
    temperature=1.25,
    trained_on=("camvid", "labelmefacade"),
    images_seen=49_000,
    metrics={"camvid": {"psnr_hole": 14.568}, "parameters": 8},
    licence="CC-BY-NC-4.0",
    notes="Streets.",
)
TENSORS = {
    "b.weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "a": np.array(2, np.float16),
    "steps": np.array([3], np.int64),
}


@pytest.fixture
def network(cache: Path) -> Path:
    """A network in the cache, under the name "avenue"."""
    path = cache / "models" / "avenue.safetensors"
    path.parent.mkdir(parents=True)
    weights.save(path, TENSORS, INFO)
    return path


def test_round_trip(network: Path) -> None:
    info, tensors = weights.read_tensors(network)
    assert info == dataclasses.replace(INFO, tensors_sha256=weights.tensors_sha256(TENSORS)) == weights.read_info(network)
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(tensors[name], tensor)
        assert tensors[name].dtype == tensor.dtype
        assert tensors[name].shape == tensor.shape
    assert weights.parameter_count(network) == 8


def test_hash_is_over_name_type_shape_and_values_in_the_order_of_names() -> None:
    by_hand = hashlib.sha256()
    for head, values in (("a\0float16\0()\0", [0x00, 0x40]), ("b\0float16\0(1, 2)\0", [0x00, 0x3C, 0x00, 0xC0])):
        by_hand.update(head.encode() + bytes(values))  # 2.0; 1.0 and -2.0
    tensors = {"b": np.array([[1, -2]], np.float16), "a": np.array(2, np.float16)}
    assert weights.tensors_sha256(tensors) == by_hand.hexdigest()


@given(st.sampled_from(["b.weight", "a"]), st.sampled_from(["name", "shape", "value", "dtype"]))
def test_hash_sees_every_change(name: str, change: str) -> None:
    other = dict(TENSORS)
    tensor = other.pop(name)
    match change:
        case "name":
            other["c"] = tensor
        case "shape":
            other[name] = tensor[None]
        case "value":
            other[name] = np.nextafter(tensor, np.float16(9))
        case "dtype":
            other[name] = tensor.view(np.uint16)
    assert weights.tensors_sha256(other) != weights.tensors_sha256(TENSORS)


def test_the_same_content_gives_the_same_file(tmp_path: Path) -> None:
    weights.save(tmp_path / "one.safetensors", TENSORS, INFO)
    weights.save(tmp_path / "two.safetensors", dict(reversed(TENSORS.items())), INFO)
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()


def test_a_transposed_tensor_is_saved_as_it_looks(tmp_path: Path) -> None:
    tensor = TENSORS["b.weight"].T
    weights.save(tmp_path / "t.safetensors", {"t": tensor}, INFO)
    np.testing.assert_array_equal(weights.read_tensors(tmp_path / "t.safetensors")[1]["t"], tensor)


def test_wide_floats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="tensor w is float32: weights files hold float16"):
        weights.save(tmp_path / "wide.safetensors", {"w": np.zeros(2, np.float32)}, INFO)


def test_nothing_is_left_behind_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "taken.safetensors").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        weights.save(tmp_path / "taken.safetensors", TENSORS, INFO)
    with pytest.raises(OutputError, match="cannot write"):
        weights.save(tmp_path / "nowhere" / "x.safetensors", TENSORS, INFO)
    assert [path.name for path in tmp_path.iterdir()] == ["taken.safetensors"]


@pytest.mark.parametrize("position", [-1, -20, 40])
def test_one_changed_bit_is_noticed(network: Path, position: int) -> None:
    data = bytearray(network.read_bytes())
    data[position] ^= 1
    network.write_bytes(data)
    with pytest.raises(WeightsError):
        weights.read_tensors(network)


def test_any_changed_bit_is_noticed(network: Path) -> None:
    data, rng = network.read_bytes(), np.random.default_rng(0)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << rng.integers(8)
        network.write_bytes(changed)
        with pytest.raises(WeightsError):
            weights.read_tensors(network)


def test_an_extended_file_is_refused(network: Path) -> None:
    network.write_bytes(network.read_bytes() + b"more")
    with pytest.raises(WeightsError, match="is not a whole safetensors file"):
        weights.read_tensors(network)


def test_a_header_of_100_mb_is_refused_before_it_is_read(network: Path) -> None:
    size = 100 * 2**20
    with network.open("wb") as file:
        file.write(size.to_bytes(8, "little") + b'{"scenefill": "')
        file.truncate(8 + size)
    with pytest.raises(WeightsError, match="its header claims 100 MiB of at most 10"):
        weights.read_info(network)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(network: Path, value: float) -> None:
    weights.save(network, TENSORS | {"a": np.array(value, np.float16)}, INFO)
    with pytest.raises(WeightsError, match="numbers that are not finite in a: the training that made it had diverged"):
        weights.read_tensors(network)


def test_files_of_before_descriptions_had_a_hash_are_read(tmp_path: Path) -> None:
    info = dataclasses.replace(INFO, tensors_sha256=weights.tensors_sha256(TENSORS))
    save_file(TENSORS, tmp_path / "old.safetensors", {"scenefill": json.dumps(dataclasses.asdict(info))})
    assert weights.read_tensors(tmp_path / "old.safetensors")[0] == info


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_a_file_that_is_cut_short(network: Path, length: int) -> None:
    network.write_bytes(network.read_bytes()[:length])
    for read in (weights.read_info, weights.read_tensors, weights.parameter_count):
        with pytest.raises(WeightsError, match="is not a whole safetensors file"):
            read(network)


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no weights file"):
        weights.read_info(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("a" * 200)
    with pytest.raises(WeightsError, match="is not a whole safetensors file"):
        weights.read_info(tmp_path / "text.safetensors")
    save_file(TENSORS, tmp_path / "foreign.safetensors")
    with pytest.raises(WeightsError, match="it was not written by `scenefill export`"):
        weights.read_info(tmp_path / "foreign.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "of format 2, this scenefill reads format 1"),
        ({"stride": 0}, "stride 0"),
        ({"working_size": 250}, "working size 250"),
        ({"temperature": 0}, "temperature 0"),
        ({"colour": "red"}, "colour"),
        ({"network": None, "stride": "16"}, "network is None"),
    ],
)
def test_descriptions_that_make_no_sense(change: dict[str, object], message: str) -> None:
    text = json.dumps(dataclasses.asdict(INFO) | change)
    with pytest.raises(WeightsError, match=message):
        weights.Info.from_json(text)
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.Info.from_json("[1")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = dataclasses.asdict(INFO)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(max_size=5), plain, max_size=4))
@examples(100)
def test_any_description_is_one_or_a_sentence(change: dict[str, object]) -> None:
    fields = FIELDS | change
    hashed = fields | {"sha256": hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()}
    for text in (json.dumps(fields), json.dumps(hashed)):
        try:
            info = weights.Info.from_json(text)
        except WeightsError:
            continue
        assert [type(value) for value in (info.network, info.working_size, info.stride)] == [str, int, int]
        assert info.labels is None or len(info.labels) > 0
        assert np.isfinite(info.temperature)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A place to write to, and the bytes of a weights file."""
    path = tmp_path_factory.mktemp("whole") / "whole.safetensors"
    weights.save(path, TENSORS, INFO)
    return path, path.read_bytes()


@given(data=st.data())
@examples(60)
def test_a_damaged_file_is_refused(data: st.DataObject, whole: tuple[Path, bytes]) -> None:
    path, good = whole
    path.write_bytes(changed := data.draw(damaged(good)))
    if changed == good:
        assert weights.read_tensors(path)[0].network == "sge-net"
        return
    with pytest.raises(WeightsError):
        weights.read_tensors(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stride": 16.0}, "stride is 16.0"),
        ({"network": 5}, "network is 5"),
        ({"trained_on": "camvid"}, "trained_on is"),
        ({"config": [1]}, "config is"),
        ({"temperature": float("inf")}, "temperature inf"),
        ({"config": json.loads("[" * 400 + "]" * 400)}, "config is"),
    ],
)
def test_fields_of_another_kind_are_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(WeightsError, match=said):
        weights.Info.from_json(json.dumps(FIELDS | change))


def test_a_description_of_endless_brackets_is_refused() -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.Info.from_json('{"config": ' + "[" * 50_000)


def test_find_by_name_and_by_path(network: Path, tmp_path: Path) -> None:
    assert registry.find("avenue") == network
    assert registry.find(str(network)) == registry.find(network) == network
    with pytest.raises(WeightsError, match=r'no model "avenu", did you mean "avenue"\? There are: .*telea, navier-stokes'):
        registry.find("avenu")
    with pytest.raises(WeightsError, match="there is no weights file"):
        registry.find(tmp_path / "no" / "such.safetensors")


def test_built_in_weights_come_before_those_of_the_cache(network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "builtin_dir", lambda: tmp_path)
    own = tmp_path / "avenue.safetensors"
    own.write_bytes(network.read_bytes())
    assert registry.find("avenue") == own


def test_list_has_networks_and_methods_and_survives_a_damaged_file(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "builtin_dir", lambda: network.parent)
    (network.parent / "broken.safetensors").write_bytes(b"")
    models = {model.name: model for model in registry.list_models()}
    assert list(models) == ["avenue", "broken", "telea", "navier-stokes", "patchmatch"]
    assert models["avenue"].info == weights.read_info(network)
    assert (models["avenue"].kind, models["avenue"].path, models["avenue"].purpose) == ("network", network, "Streets.")
    assert models["broken"].info is None
    assert "not a whole safetensors file" in models["broken"].purpose
    assert (models["telea"].kind, models["telea"].path) == ("classical", None)


def test_card_says_what_the_file_says(network: Path) -> None:
    text = card.card(network)
    assert text.startswith("# avenue\n\nStreets.\n")
    for line in (
        "| Parameters | 8 (float16, 0.0 MiB) |",
        "| Working size | 256 x 256 pixels, any multiple of 16 |",
        "| Trained on | camvid, labelmefacade |",
        "| Images seen | 49,000 |",
        "| Licence | CC-BY-NC-4.0 |",
        f"| Hash of the tensors | `{weights.tensors_sha256(TENSORS)}` |",
        "| camvid / psnr_hole | 14.57 |",
        "| classes / street | 8 |",
    ):
        assert line in text
    assert 'scenefill.load("avenue")' in text


def test_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCENEFILL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert registry.cache_dir() == Path("/somewhere/scenefill")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert registry.cache_dir() == Path("/home/me/.cache/scenefill")


def test_weights_between_two_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = write_network(tmp_path / "a", seed=0), write_network(tmp_path / "b", seed=1)
    info, between = weights.blend(first, second, 0.25)
    ours, theirs = weights.read_tensors(first)[1], weights.read_tensors(second)[1]
    for name, tensor in between.items():
        assert tensor.dtype == np.float16
        np.testing.assert_allclose(tensor, 0.75 * ours[name] + 0.25 * theirs[name], atol=2e-3)
    assert "75%" in info.notes
    with pytest.raises(WeightsError, match="0 to 1"):
        weights.blend(first, second, 1.5)
    with pytest.raises(WeightsError, match="same network"):
        weights.blend(first, write_network(tmp_path, "plain", semantics=False), 0.5)
