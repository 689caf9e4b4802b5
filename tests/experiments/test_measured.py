from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from streets import STREET, write_streets

from scenefill.data.public import source
from scenefill.evaluation import cases as case_sets
from scenefill.experiments.measured import Measured, look, measure
from scenefill.experiments.subjects import Untouched
from scenefill.filling.result import Result
from scenefill.pictures.images import Picture
from scenefill.pictures.masks import Mask

Ask = Callable[..., Measured]


class Grey:
    """Fills with grey, and counts how often it is asked."""

    labels = None

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, image: NDArray[np.uint8], mask: Mask, **how: Any) -> Result:
        self.asked += 1
        return Result(Picture(np.where(mask[..., None], np.uint8(128), image)), mask)


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Measures a model on the two photos in street/, keeping what it finds in kept/."""
    folder = write_streets(tmp_path / "street", 2)

    def asked(model: Any, identity: str = "grey", **changed: Any) -> Measured:
        cases = case_sets.build(source(str(folder), tmp_path, STREET), "centre", labels=STREET, size=32)
        how = {"features": None, "extras": (), "shown": [1]} | changed
        return measure(model, cases, look(cases), tmp_path / "kept", identity=identity, **how)

    return asked


def test_what_is_measured_is_kept(ask: Ask) -> None:
    model = Grey()
    first, second = ask(model), ask(model)
    assert model.asked == 2
    assert first.folder == second.folder
    assert [path.name for path in first.folder.glob("*.png")] == ["0001-fill.png"]
    assert all(np.array_equal(values, second.scores[name]) for name, values in first.scores.items())


@pytest.mark.parametrize("changed", [{"identity": "other weights"}, {"extras": ("l2",)}, {"shown": [0]}], ids=str)
def test_another_question_is_measured_anew(ask: Ask, changed: dict[str, Any]) -> None:
    model = Grey()
    ask(model)
    ask(model, **changed)
    assert model.asked == 4


def test_another_photo_of_the_same_name_is_measured_anew(ask: Ask, tmp_path: Path) -> None:
    model = Grey()
    before = ask(model)
    photo = tmp_path / "street" / "images" / "0.png"
    Image.open(photo).point(lambda value: value // 2).save(photo)
    after = ask(model)
    assert model.asked == 4
    assert before.scores["psnr"][0, 0] != after.scores["psnr"][0, 0]


def test_a_measurement_that_was_broken_off_counts_for_nothing(ask: Ask) -> None:
    class Dies(Grey):
        def __call__(self, *given: Any, **how: Any) -> Result:
            if self.asked == 1:
                raise KeyboardInterrupt
            return super().__call__(*given, **how)

    with pytest.raises(KeyboardInterrupt):
        ask(Dies())
    model = Grey()
    ask(model)
    assert model.asked == 2


def test_the_truth_is_shown_each_case_before_it_is_asked(ask: Ask) -> None:
    assert ask(Untouched(whole=True), "truth").scores["l1"][:, 0].tolist() == [0, 0]
    assert ask(Untouched(whole=False), "incomplete").scores["l1"][:, 0].min() > 0


def test_facts_are_of_the_cases(tmp_path: Path) -> None:
    folder = write_streets(tmp_path / "street", 2)
    facts = look(case_sets.build(source(str(folder), tmp_path, STREET), "centre", labels=STREET, size=32))
    assert facts.ratio == pytest.approx([0.25, 0.25])
    assert facts.complexity.tolist() == [3, 3]
    assert len(facts.digest) == 64
