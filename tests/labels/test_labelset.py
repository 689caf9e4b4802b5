"""Label sets: names, ids, colours, files, and the way from one set to another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from properties import examples

from scenefill import labels
from scenefill.errors import LabelError
from scenefill.labels import FIRST_PARTIAL, UNKNOWN, LabelSet, get, remap

SETS = [get(name) for name in labels.available()]
STREET = get("street")
FAR = FIRST_PARTIAL  # "building or vegetation" of the street set

every_set = pytest.mark.parametrize("label_set", SETS, ids=labels.available())
sets = st.sampled_from(SETS)
few = examples(30)


def maps(label_set: LabelSet) -> st.SearchStrategy[np.ndarray]:
    """Label maps of every id that the set allows."""
    allowed = [*range(len(label_set)), *label_set.partial, UNKNOWN]
    return hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.sampled_from(allowed))


sets_with_maps = sets.flatmap(lambda label_set: st.tuples(st.just(label_set), maps(label_set)))


# --- names and ids -----------------------------------------------------------------------------------------------------


def test_the_sets_and_their_sizes() -> None:
    sizes = {"street": 8, "camvid": 11, "labelmefacade": 8, "idd-lite": 7, "cityscapes": 19, "outdoor-scenes": 8}
    sizes["cityscapes-label-ids"] = sizes["cityscapes"]
    assert sizes.items() <= {s.name: len(s) for s in SETS}.items()


@every_set
def test_every_name_has_its_id(label_set: LabelSet) -> None:
    assert [label_set.id(name) for name in label_set.classes] == list(range(len(label_set)))
    assert label_set.ids(label_set.classes) == tuple(range(len(label_set)))


@every_set
def test_aliases_lead_to_classes_and_hide_none(label_set: LabelSet) -> None:
    assert set(label_set.aliases.values()) <= set(label_set.classes)
    assert not set(label_set.aliases) & set(label_set.classes)
    for alias, name in label_set.aliases.items():
        assert label_set.id(alias) == label_set.id(name)


@every_set
@given(data=st.data())
@few
def test_names_are_found_in_any_spelling(label_set: LabelSet, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*label_set.classes, *label_set.aliases]))
    changed = data.draw(st.sampled_from([str.upper, str.title, lambda s: f"  {s} ", lambda s: s.replace(" ", "_")]))
    assert label_set.id(changed(name)) == label_set.id(name)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("car truck bus vehicle", "vehicle"),
        ("pedestrian cyclist rider person", "person"),
        ("tree grass vegetation", "vegetation"),
        ("window door house", "building"),
    ],
)
def test_the_words_people_use(words: str, expected: str) -> None:
    assert {STREET.classes[STREET.id(word)] for word in words.split()} == {expected}


def test_ids_are_unique_and_in_the_order_given() -> None:
    assert STREET.ids(["car", "tree", "vehicle", "bus", "sky"]) == (5, 4, 0)
    assert STREET.ids([]) == ()


@pytest.mark.parametrize(("typed", "near"), [("vehicel", "vehicle"), ("buildng", "building"), ("pedestrain", "pedestrian")])
def test_an_unknown_name_gets_the_near_one_and_the_list(typed: str, near: str) -> None:
    with pytest.raises(LabelError) as error:
        STREET.id(typed)
    assert f'label set street has no class "{typed}", did you mean "{near}"?' in str(error.value)
    assert str(error.value).endswith("It has: " + ", ".join(STREET.classes))


def test_a_name_like_no_other_gets_the_list_alone() -> None:
    with pytest.raises(LabelError, match=r'no class "xyzzy"\. It has: sky, building'):
        STREET.flags(["sky", "xyzzy"])


def test_an_unknown_set_gets_the_list_of_sets() -> None:
    with pytest.raises(LabelError, match='no label set "ade20k"; known are: camvid, cityscapes, cityscapes-label-ids, idd-lite'):
        get("ade20k")


def test_classes_and_colours_must_pair() -> None:
    with pytest.raises(LabelError, match="2 classes and 1 colours"):
        LabelSet("broken", ("a", "b"), ((1, 2, 3),))


# --- flags and members -------------------------------------------------------------------------------------------------


@given(sets.flatmap(lambda s: st.tuples(st.just(s), st.sets(st.sampled_from(s.classes)))))
@few
def test_flags_mark_the_named_classes(case: tuple[LabelSet, set[str]]) -> None:
    label_set, names = case
    flags = label_set.flags(names)
    assert flags.shape == (len(label_set),)
    assert {label_set.classes[i] for i in np.flatnonzero(flags)} == names


@every_set
def test_members_of_classes_partial_labels_and_nothing_else(label_set: LabelSet) -> None:
    members = label_set.members()
    assert members.shape == (256, len(label_set))
    assert (members[: len(label_set)] == np.eye(len(label_set), dtype=bool)).all()
    for number, names in label_set.partial.items():
        assert number >= FIRST_PARTIAL
        assert (members[number] == label_set.flags(names)).all()
    others = np.setdiff1d(np.arange(256), [*range(len(label_set)), *label_set.partial])
    assert not members[others].any()


# --- files -------------------------------------------------------------------------------------------------------------


@given(sets_with_maps)
@few
def test_class_ids_decode_to_themselves_where_files_hold_them(case: tuple[LabelSet, np.ndarray]) -> None:
    label_set, ids = case
    if label_set.file_ids is None:
        assert (label_set.decode(ids) == ids).all()
        assert label_set.decode(ids).dtype == np.uint8


def test_decode_of_other_numberings() -> None:
    assert get("camvid").decode(np.array([[0, 10, 11, 255]], np.uint8)).tolist() == [[0, 10, UNKNOWN, UNKNOWN]]
    assert get("labelmefacade").decode(np.array([[0, 1, 8, 255]], np.uint8)).tolist() == [[UNKNOWN, 0, 7, UNKNOWN]]


@every_set
@given(number=st.integers(0, 255), row=st.integers(0, 3), column=st.integers(0, 4))
@few
def test_a_number_the_set_does_not_have_is_named_with_its_place(label_set: LabelSet, number: int, row: int, column: int) -> None:
    known = {*range(len(label_set)), *label_set.partial} if label_set.file_ids is None else {*label_set.file_ids}
    raw = np.full((4, 5), UNKNOWN, np.uint8)
    raw[row, column] = number
    if number in known | {UNKNOWN}:
        label_set.decode(raw)
    else:
        with pytest.raises(LabelError, match=rf"^a\.png: id {number} at row {row}, column {column} is not in label set"):
            label_set.decode(raw, where="a.png")


@given(sets_with_maps)
@few
def test_check_accepts_what_a_map_may_hold(case: tuple[LabelSet, np.ndarray]) -> None:
    label_set, ids = case
    label_set.check(ids)
    with pytest.raises(LabelError, match=f"id {len(label_set)} at row 0, column 0"):
        label_set.check(np.full((2, 2), len(label_set), np.uint8))


@pytest.mark.parametrize("array", [np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.int64), np.zeros(4, np.uint8)])
def test_what_is_no_label_map_is_refused(array: np.ndarray) -> None:
    with pytest.raises(LabelError, match=r"a label map is a uint8 array \(H, W\), this one is"):
        STREET.check(array)


def test_cityscapes_original_ids() -> None:
    table = get("cityscapes-label-ids").file_ids
    assert table is not None
    assert set(table) == set(range(34))
    assert sorted(target for target in table.values() if target != UNKNOWN) == list(range(19))
    assert get("cityscapes").classes[table[26]] == "car"


# --- colours -----------------------------------------------------------------------------------------------------------


@every_set
def test_colours_are_distinct_and_none_is_black(label_set: LabelSet) -> None:
    assert len(set(label_set.colours)) == len(label_set)
    assert (0, 0, 0) not in label_set.colours


@every_set
def test_the_palette_holds_the_colours_in_the_order_of_the_ids(label_set: LabelSet) -> None:
    palette = np.frombuffer(label_set.palette(), np.uint8).reshape(256, 3)
    assert [tuple(colour) for colour in palette[: len(label_set)].tolist()] == list(label_set.colours)
    assert not palette[UNKNOWN].any()


def test_a_partial_label_has_the_mean_colour_of_its_members() -> None:
    building, vegetation = (np.array(STREET.colours[STREET.id(name)]) for name in ("building", "vegetation"))
    palette = np.frombuffer(STREET.palette(), np.uint8).reshape(256, 3)
    assert (palette[FAR] == (building + vegetation) // 2).all()


@given(sets_with_maps)
@few
def test_colours_lead_back_to_the_map(case: tuple[LabelSet, np.ndarray]) -> None:
    label_set, ids = case
    ids = np.where(np.isin(ids, list(label_set.partial)), UNKNOWN, ids).astype(np.uint8)
    rgb = label_set.colourise(ids)
    assert rgb.shape == (*ids.shape, 3)
    assert (label_set.from_colours(rgb) == ids).all()


def test_an_unknown_colour_is_named_with_its_place() -> None:
    rgb = STREET.colourise(np.zeros((3, 4), np.uint8))
    rgb[1, 2] = (9, 8, 7)
    with pytest.raises(LabelError, match=r"map\.png: colour \(9, 8, 7\) at row 1, column 2 is not in label set street"):
        STREET.from_colours(rgb, where="map.png")


# --- from one set to another -------------------------------------------------------------------------------------------


@given(sets_with_maps)
@few
def test_a_set_maps_to_itself(case: tuple[LabelSet, np.ndarray]) -> None:
    label_set, ids = case
    assert (remap(ids, label_set, label_set) == ids).all()


@given(sets_with_maps, sets)
@few
def test_remapping_gives_a_map_of_the_target(case: tuple[LabelSet, np.ndarray], target: LabelSet) -> None:
    source, ids = case
    out = remap(ids, source, target)
    target.check(out)
    assert out.shape == ids.shape
    assert out.dtype == np.uint8
    assert (out[ids == UNKNOWN] == UNKNOWN).all()


@given(st.sampled_from([get(name) for name in ("camvid", "labelmefacade", "idd-lite", "cityscapes")]), st.data())
@few
def test_a_class_keeps_the_meaning_that_the_target_gives_its_name(source: LabelSet, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(source) - 1))
    out = int(remap(np.array([[index]], np.uint8), source, STREET)[0, 0])
    name = source.classes[index]
    assert out == (FAR if name == "far objects" else STREET.id(name))


def test_what_the_target_lacks_becomes_unknown() -> None:
    outdoor = get("outdoor-scenes")
    ids = np.array([[outdoor.id(name) for name in ("water", "mountain", "animal", "sky", "plant", "grass")]], np.uint8)
    assert remap(ids, outdoor, STREET).tolist() == [[UNKNOWN, UNKNOWN, UNKNOWN, 0, 4, 4]]


def test_partial_labels() -> None:
    idd = get("idd-lite")
    far = np.array([[idd.id("far objects")]], np.uint8)
    assert remap(far, idd, STREET).tolist() == [[FAR]]
    assert remap(far, idd, get("camvid")).tolist() == [[UNKNOWN]], "camvid cannot say building or vegetation"
    partial = np.array([[FAR]], np.uint8)
    assert remap(partial, STREET, get("cityscapes")).tolist() == [[UNKNOWN]]
    halves = LabelSet("halves", ("ground", "rest"), ((1, 1, 1), (2, 2, 2)), aliases={"building": "rest", "vegetation": "rest"})
    assert remap(partial, STREET, halves).tolist() == [[1]], "both members are of one class there"
    pairs = LabelSet("pairs", ("vegetation", "building"), ((1, 1, 1), (2, 2, 2)), partial={200: ("vegetation", "building")})
    assert remap(partial, STREET, pairs).tolist() == [[200]], "the same members under another number"
