import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_jaccard_index

from scenefill import labels as label_sets
from scenefill.errors import LabelError
from scenefill.metrics.semantic import Confusion, right

STREET = label_sets.get("street")
K = len(STREET)
SKY, BUILDING, ROAD, VEGETATION = (STREET.id(name) for name in ("sky", "building", "road", "vegetation"))
FAR = 128  # building or vegetation
truths = arrays(np.uint8, (6, 7), elements=st.sampled_from([*range(K), 255]))
predictions = arrays(np.uint8, (6, 7), elements=st.integers(0, K - 1))


def row(*ids: int) -> np.ndarray:
    return np.array([ids], np.uint8)


def test_counts_by_hand() -> None:
    found = Confusion.of(row(SKY, SKY, ROAD, ROAD), row(SKY, ROAD, ROAD, 255), STREET)
    assert found.known == 3
    assert found.accuracy() == pytest.approx(2 / 3)
    assert found.class_accuracy()[ROAD] == 0.5
    assert found.class_iou()[[SKY, ROAD]].tolist() == [0.5, 0.5]
    assert np.isnan(found.class_iou()[BUILDING])
    assert found.miou() == 0.5


def test_only_the_hole_counts_with_a_mask() -> None:
    mask = np.array([[True, False, True, True]])
    found = Confusion.of(row(SKY, SKY, ROAD, ROAD), row(SKY, ROAD, ROAD, 255), STREET, mask)
    assert (found.known, found.accuracy()) == (2, 1)


def test_a_partial_label_is_met_by_any_member() -> None:
    predicted, truth = row(BUILDING, VEGETATION, SKY, SKY), row(FAR, FAR, FAR, SKY)
    found = Confusion.of(predicted, truth, STREET)
    assert found.accuracy() == 0.75
    iou = found.class_iou()
    assert (iou[BUILDING], iou[VEGETATION], iou[SKY]) == (1, 1, 0.5)  # the third pixel is a false alarm of sky
    assert np.isnan(found.class_accuracy()[BUILDING])  # nowhere certain
    np.testing.assert_array_equal(right(predicted, truth, STREET), [[True, True, False, True]])


@settings(max_examples=25, deadline=None)
@given(predictions, truths)
def test_agrees_with_torchmetrics(predicted: np.ndarray, truth: np.ndarray) -> None:
    if not (truth != 255).any():
        assert np.isnan(Confusion.of(predicted, truth, STREET).miou())
        return
    found = Confusion.of(predicted, truth, STREET)
    tensors = torch.from_numpy(predicted).long(), torch.from_numpy(truth).long()
    expected = multiclass_jaccard_index(*tensors, K, average=None, ignore_index=255).numpy()
    present = ~np.isnan(found.class_iou())
    np.testing.assert_allclose(found.class_iou()[present], expected[present], atol=1e-6)
    assert found.miou() == pytest.approx(expected[present].mean(), abs=1e-6)
    assert found.accuracy() == pytest.approx(float(multiclass_accuracy(*tensors, K, average="micro", ignore_index=255)), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(predictions, truths, truths)
def test_sums_over_pictures_are_the_pictures_together(predicted: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    together = Confusion.of(np.hstack([predicted, predicted]), np.hstack([first, second]), STREET)
    apart = np.stack([Confusion.of(predicted, truth, STREET).counts for truth in (first, second)])
    np.testing.assert_array_equal(Confusion(STREET, apart.sum(axis=0)).counts, together.counts)
    np.testing.assert_array_equal(Confusion(STREET, apart).known, (apart[0].sum(), apart[1].sum()))
    assert right(predicted, first, STREET).sum() == Confusion(STREET, apart).hits[0].sum()


def test_a_prediction_outside_the_set_is_an_error() -> None:
    with pytest.raises(LabelError, match="id 200"):
        Confusion.of(row(200), row(SKY), STREET)
    assert not right(row(200), row(SKY), STREET).any()
