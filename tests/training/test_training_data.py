"""TrainingData: which rows come in which batch."""

import sys

import keras
import numpy as np
import pytest
import scipy.sparse as sp

from skensemble.backends import batch_stream
from skensemble.training import TrainingData

N = 23


@pytest.fixture
def X():
    return np.arange(N * 2, dtype="float64").reshape(N, 2)


Y = np.arange(N) % 3


def batches(data, first_epoch=0, n_epochs=1):
    return [
        [np.asarray(part) for part in batch] for batch in batch_stream(data, first_epoch, n_epochs)
    ]


@pytest.mark.parametrize("batch_size", [1, 4, 22, 23, 100])
def test_every_epoch_has_every_row_once(X, batch_size):
    rows = np.arange(1, N)
    data = TrainingData(X, Y, rows, batch_size, seed=1)
    epochs = batches(data, n_epochs=3)
    assert len(epochs) == 3 * data.steps_per_epoch
    for epoch in range(3):
        steps = epochs[epoch * data.steps_per_epoch : (epoch + 1) * data.steps_per_epoch]
        sizes = [len(y) for _, y in steps]
        assert sizes[:-1] == [batch_size] * (data.steps_per_epoch - 1)
        assert sum(sizes) == len(rows)
        seen = np.concatenate([x[:, 0] for x, _ in steps]) / 2
        assert sorted(seen) == list(rows)
        labels = np.concatenate([y for _, y in steps])
        np.testing.assert_array_equal(labels, seen % 3)


def test_order_depends_on_seed_and_epoch_alone(X):
    def order(seed, epoch):
        data = TrainingData(X, Y, np.arange(N), 5, seed=seed)
        return [x[:, 0].tolist() for x, _ in batches(data, first_epoch=epoch)]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(2, 0)
    assert order(1, 0) != order(1, 1)
    both = batches(TrainingData(X, Y, np.arange(N), 5, seed=1), n_epochs=2)
    assert [x[:, 0].tolist() for x, _ in both] == order(1, 0) + order(1, 1)


def test_order_is_that_of_a_counter_based_generator():
    """Which NumPy keeps the same in every version, and which needs no order before it."""
    rows = np.array([3, 1, 4, 15, 9, 2, 6])
    data = TrainingData(None, None, rows, 2, seed=11)
    for epoch in (0, 1, 7):
        generator = np.random.Generator(np.random.Philox(key=np.array([11, epoch], np.uint64)))
        np.testing.assert_array_equal(data.order(epoch), generator.permutation(rows))
    np.testing.assert_array_equal(rows, [3, 1, 4, 15, 9, 2, 6])


def test_stream_has_the_rows_in_the_order_of_the_data(X):
    data = TrainingData(X, Y, np.arange(2, N), 5, seed=4)
    seen = np.concatenate([x[:, 0] for x, _ in batches(data, first_epoch=3)]) / 2
    np.testing.assert_array_equal(seen, data.order(3))


def test_without_shuffling_rows_keep_their_order(X):
    rows = np.array([7, 3, 5])
    data = TrainingData(X, Y, rows, 2, shuffle=False)
    assert [x[:, 0].tolist() for x, _ in batches(data, n_epochs=2)] == [[14, 6], [10]] * 2


def test_floats_become_keras_floats_and_integers_stay(X):
    for dtype, expected in [("float64", "float32"), ("float16", "float32"), ("uint8", "uint8")]:
        (batch, _), *_ = batches(TrainingData(X.astype(dtype), Y, np.arange(4), 4))
        assert batch.dtype == expected


def test_one_hot_targets_and_weights(X):
    weight = np.arange(N, dtype="float64")
    data = TrainingData(X, Y, np.arange(4), 4, one_hot_width=3, sample_weight=weight, shuffle=False)
    ((_, y, w),) = batches(data)
    np.testing.assert_array_equal(y, np.eye(3)[[0, 1, 2, 0]])
    np.testing.assert_array_equal(w, [0, 1, 2, 3])
    assert y.dtype == w.dtype == keras.config.floatx()


def test_targets_of_any_shape_and_type(X):
    for y in (Y / 2, np.stack([Y, -Y], axis=1) / 4, Y.astype("int32")):
        ((_, found),) = batches(TrainingData(X, y, np.arange(4), 4, shuffle=False))
        np.testing.assert_array_equal(found, y[:4])
        assert found.dtype == (keras.config.floatx() if y.dtype.kind == "f" else y.dtype)


@pytest.fixture(name="everything_is_large")
def no_room(monkeypatch):
    monkeypatch.setattr(sys.modules["skensemble.training._training_data"], "_MOST_BYTES", 0)


@pytest.mark.usefixtures("everything_is_large")
def test_large_sparse_rows_are_made_dense_batch_by_batch(X, monkeypatch):
    sizes = []
    to_dense = sp.csr_matrix.toarray

    def spy(self, *args, **kwargs):
        sizes.append(self.shape[0])
        return to_dense(self, *args, **kwargs)

    monkeypatch.setattr(sp.csr_matrix, "toarray", spy)
    dense = batches(TrainingData(X, Y, np.arange(N), 5, seed=1), n_epochs=2)
    assert sizes == []
    sparse = batches(TrainingData(sp.csr_matrix(X), Y, np.arange(N), 5, seed=1), n_epochs=2)
    assert max(sizes) == 5
    for (a, _), (b, _) in zip(dense, sparse, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("everything_is_large")
def test_large_memory_mapped_rows_are_read_batch_by_batch(X, tmp_path, monkeypatch):
    np.save(tmp_path / "X.npy", X)
    # scikit-learn's validation hands over a plain view of the map.
    mapped = np.asarray(np.load(tmp_path / "X.npy", mmap_mode="r"))
    converted = []
    dense_X = TrainingData.dense_X
    monkeypatch.setattr(
        TrainingData, "dense_X", lambda data: converted.append(data.X) or dense_X(data)
    )
    expected = batches(TrainingData(X, Y, np.arange(N), 5, seed=1))
    assert any(value is X for value in converted)
    converted.clear()
    found = batches(TrainingData(mapped, Y, np.arange(N), 5, seed=1))
    assert not converted
    for (a, _), (b, _) in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_small_sparse_and_memory_mapped_rows_are_dense_arrays(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for rows in (sp.csr_matrix(X), mapped):
        data = TrainingData(rows, Y, np.arange(N), 5)
        assert not data.is_read_by_batch
        np.testing.assert_array_equal(data.dense_X(), X)


@pytest.mark.usefixtures("everything_is_large")
def test_rows_picked_from_a_memory_mapped_array_are_in_memory(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert TrainingData(mapped[:5], Y, np.arange(5), 5).is_read_by_batch
    assert not TrainingData(mapped[[0, 2, 4]], Y, np.arange(3), 5).is_read_by_batch


def test_images_keep_their_shape():
    images = np.zeros((6, 4, 5, 3), "uint8")
    (x, _), *_ = batches(TrainingData(images, Y[:6], np.arange(6), 4))
    assert x.shape == (4, 4, 5, 3)
