"""A label set as a table: what a TOML file says of one, what configs, checkpoints and weights files hold of one that is a user's.

    name = "ponds"
    movable = ["duck"]                                  # what comes and goes; may be left out
    classes = [                                         # in the order of their ids: 0, 1, ...
        { name = "water", colour = [40, 90, 230] },
        { name = "grass", colour = [152, 251, 152] },
        { name = "duck", colour = [120, 80, 40] },
    ]
    [aliases]                                           # other name = class
    lake = "water"
    [[partial]]                                         # an id that stands for one of several classes
    id = 128
    classes = ["water", "grass"]
    names = ["ground"]                                  # what other label sets call it
    [file_ids]                                          # number in the files = id; without it they hold ids
    7 = 0

Names are taken in lower case, and _ for a space. Strictly: a key that is not known here is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import LabelError
from .labelset import FIRST_PARTIAL, UNKNOWN, LabelSet

_SET = {"name": str, "movable": list, "classes": list, "aliases": dict, "partial": list, "file_ids": dict}
_CLASS = {"name": str, "colour": list}
_PARTIAL = {"id": int, "classes": list, "names": list}
_WORDS = {str: "a text", int: "a whole number", list: "a list", dict: "a table"}


def from_table(values: Mapping[str, Any], where: str) -> LabelSet:
    """The label set that a table spells out.

    where: what a message begins with, such as the file.
    Raises LabelError for what is missing, unknown or of another type, ids out of range, two classes of one name or colour, and
    aliases, partial and movable classes that name no class.
    """
    whole = _typed(values, _SET, ("name", "classes"), where)
    if not whole["name"].strip():
        raise LabelError(f"{where}: the name is empty: give the label set one")
    classes = [_typed(c, _CLASS, tuple(_CLASS), f"{where}: classes, number {i}") for i, c in enumerate(whole["classes"])]
    partial = [_typed(p, _PARTIAL, ("id", "classes"), f"{where}: partial, number {i}") for i, p in enumerate(whole["partial"])]
    label_set = LabelSet(
        name=whole["name"],
        classes=_names([c["name"] for c in classes], f"{where}: classes"),
        colours=tuple(_colour(c["colour"], f"{where}: class {c['name']}") for c in classes),
        aliases={_name(a, f"{where}: aliases"): _name(c, f"{where}: aliases") for a, c in whole["aliases"].items()},
        partial={p["id"]: _names(p["classes"], f"{where}: partial {p['id']}") for p in partial},
        partial_names={name: p["id"] for p in partial for name in _names(p["names"], f"{where}: partial {p['id']}")},
        file_ids={_number(n, where): _id(i, n, where) for n, i in whole["file_ids"].items()} or None,
        movable=_names(whole["movable"], f"{where}: movable"),
    )
    if len(label_set.partial) < len(partial):
        raise LabelError(f"{where}: two partial classes have the same id: give each its own")
    _check_classes(label_set, where)
    _check_references(label_set, where)
    _check_ids(label_set, where)
    return label_set


def to_table(label_set: LabelSet) -> dict[str, Any]:
    """The opposite of `from_table`, in plain values that pass through TOML and JSON unchanged."""
    table: dict[str, Any] = {
        "name": label_set.name,
        "movable": list(label_set.movable),
        "classes": [
            {"name": name, "colour": list(colour)} for name, colour in zip(label_set.classes, label_set.colours, strict=True)
        ],
        "aliases": dict(label_set.aliases),
        "partial": [
            {"id": number, "classes": list(names), "names": [n for n, i in label_set.partial_names.items() if i == number]}
            for number, names in label_set.partial.items()
        ],
        "file_ids": {str(number): target for number, target in (label_set.file_ids or {}).items()},
    }
    return {key: value for key, value in table.items() if value}


def _typed(values: Any, kinds: Mapping[str, type], needed: Iterable[str], where: str) -> dict[str, Any]:
    """Every key of a table; one that may be left out and is has an empty value."""
    if not isinstance(values, Mapping):
        raise LabelError(f"{where} must be a table with the keys {', '.join(kinds)}, given is {values!r}")
    if unknown := sorted(set(values) - set(kinds)):
        raise LabelError(f'{where}: unknown key "{unknown[0]}"; known are: {", ".join(kinds)}')
    if missing := [key for key in needed if key not in values]:
        raise LabelError(f'{where}: the key "{missing[0]}" is missing')
    for key, value in values.items():
        if type(value) is not kinds[key]:
            raise LabelError(f"{where}: {key} must be {_WORDS[kinds[key]]}, given is {value!r}")
    return {key: values.get(key, kind()) for key, kind in kinds.items()}


def _names(given: Iterable[Any], where: str) -> tuple[str, ...]:
    return tuple(_name(name, where) for name in given)


def _name(given: Any, where: str) -> str:
    """As `LabelSet.id` looks for it."""
    if not isinstance(given, str) or not given.strip() or "," in given:
        raise LabelError(f"{where}: a name is a text without a comma, given is {given!r}")
    return given.strip().lower().replace("_", " ")


def _colour(given: list[Any], where: str) -> tuple[int, int, int]:
    if len(given) != 3 or not all(type(value) is int and 0 <= value <= 255 for value in given):
        raise LabelError(f"{where}: a colour is three whole numbers of 0..255, red, green and blue, given is {given}")
    red, green, blue = given
    return red, green, blue


def _number(key: Any, where: str) -> int:
    """A key of file_ids: TOML and JSON have texts as keys."""
    text = str(key)
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= UNKNOWN):
        raise LabelError(f'{where}: file_ids has the number "{text[:20]}", but files hold numbers of 0..255')
    return int(text)


def _id(given: Any, number: str, where: str) -> int:
    if type(given) is not int:
        raise LabelError(f"{where}: file_ids, {number}: an id is a whole number, given is {given!r}")
    return given


def _check_classes(label_set: LabelSet, where: str) -> None:
    if not label_set.classes:
        raise LabelError(f"{where}: there are no classes: list at least one with its name and colour")
    for what, values in (("name", label_set.classes), ("colour", label_set.colours)):
        seen: dict[Any, str] = {}
        for name, value in zip(label_set.classes, values, strict=True):
            if value in seen:
                both = f'"{name}"' if what == "name" else f'{value}, "{seen[value]}" and "{name}"'
                raise LabelError(f"{where}: two classes have the {what} {both}: give each its own")
            seen[value] = name


def _check_references(label_set: LabelSet, where: str) -> None:
    """Whatever speaks of a class speaks of one that there is."""
    if hidden := sorted(set(label_set.aliases) & set(label_set.classes)):
        raise LabelError(f'{where}: the alias "{hidden[0]}" is itself the name of a class: leave it out')
    spoken = [
        *((f'the alias "{alias}"', name) for alias, name in label_set.aliases.items()),
        *((f"partial {number}", name) for number, names in label_set.partial.items() for name in names),
        *(("movable", name) for name in label_set.movable),
    ]
    for what, name in spoken:
        if name not in label_set.classes:
            raise LabelError(
                f'{where}: {what} names "{name}", which is no class; the classes are: {", ".join(label_set.classes)}'
            )
    if set(label_set.movable) == set(label_set.classes):
        raise LabelError(f"{where}: every class is movable: leave out those that stay when a thing is taken away")


def _check_ids(label_set: LabelSet, where: str) -> None:
    if len(label_set) > FIRST_PARTIAL:
        raise LabelError(f"{where}: there are {len(label_set)} classes, and a label map can tell {FIRST_PARTIAL} apart")
    for number, names in label_set.partial.items():
        if not FIRST_PARTIAL <= number < UNKNOWN:
            raise LabelError(f"{where}: partial classes have ids of {FIRST_PARTIAL}..{UNKNOWN - 1}, given is {number}")
        if len(set(names)) < 2:
            raise LabelError(f"{where}: partial {number} stands for one of several classes: name at least two")
    if label_set.file_ids is not None:
        _check_file_ids(label_set.file_ids, [*range(len(label_set)), *label_set.partial], where)


def _check_file_ids(file_ids: Mapping[int, int], ids: list[int], where: str) -> None:
    """Each number has an id, and each id a number, so that a map can be written too."""
    for number, target in file_ids.items():
        if target not in ids and target != UNKNOWN:
            raise LabelError(
                f"{where}: file_ids, {number} = {target}: an id is that of a class, counted from 0, that of a partial class, "
                f"or {UNKNOWN} for unknown"
            )
    if file_ids.get(UNKNOWN, UNKNOWN) != UNKNOWN:
        raise LabelError(f"{where}: file_ids, {UNKNOWN} = {file_ids[UNKNOWN]}: {UNKNOWN} is always unknown, leave it out")
    if missing := [number for number in ids if number not in file_ids.values()]:
        raise LabelError(f"{where}: file_ids has no number for id {missing[0]}: name one for each class")
