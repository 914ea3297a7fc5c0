"""Snapshot and SnapshotBank."""

import pickle
import re

import joblib
import numpy as np
import pytest

from skensemble import Snapshot, SnapshotBank


@pytest.fixture
def bank():
    snapshots = [
        Snapshot([np.full((2, 3), m), np.full(3, -m, "float32")], cycle=m, iteration=10 * m)
        for m in (1, 2, 3)
    ]
    return SnapshotBank(snapshots, ["dense/kernel", "dense/bias"])


def test_is_a_sequence(bank):
    assert len(bank) == 3
    assert [(s.cycle, s.iteration) for s in bank] == [(1, 10), (2, 20), (3, 30)]
    assert bank[-1] is list(bank)[2]
    assert isinstance(bank[1:], SnapshotBank)
    assert [s.cycle for s in bank[1:]] == [2, 3]
    assert bank[:1] + bank[1:] != bank
    assert list(bank[:1] + bank[1:]) == list(bank)


def test_keeps_read_only_copies():
    array = np.zeros(3)
    snapshot = Snapshot([array], cycle=1, iteration=1)
    array[0] = 1
    assert not snapshot.weights[0].any()
    with pytest.raises(ValueError, match="read-only"):
        snapshot.weights[0][0] = 1
    with pytest.raises(AttributeError):
        snapshot.cycle = 2


def test_stays_read_only_through_pickle(bank):
    copy = pickle.loads(pickle.dumps(bank))
    assert repr(copy) == repr(bank) == "SnapshotBank(3 snapshots of 9 weights, cycles 1 to 3)"
    assert repr(copy[0]) == "Snapshot(cycle=1, iteration=10, n_weights=9)"
    assert not copy[0].weights[0].flags.writeable
    np.testing.assert_array_equal(copy[2].weights[1], bank[2].weights[1])


@pytest.mark.parametrize("library", [pickle, joblib])
def test_a_file_has_shared_weights_once(library, tmp_path):
    frozen = Snapshot([np.zeros(100_000)], 1, 1).weights[0]
    bank = SnapshotBank(
        [Snapshot([frozen, np.full(1, m)], m, 10 * m) for m in (1, 2, 3)], ["frozen", "last"]
    )
    with (tmp_path / "bank").open("wb") as file:
        library.dump(bank, file)
    assert (tmp_path / "bank").stat().st_size < 1.1 * frozen.nbytes
    with (tmp_path / "bank").open("rb") as file:
        copy = library.load(file)
    assert copy[0].weights[0] is copy[1].weights[0] is copy[2].weights[0]
    assert not copy[2].weights[0].flags.writeable
    assert [snapshot.weights[1].item() for snapshot in copy] == [1, 2, 3]
    assert [snapshot.iteration for snapshot in copy] == [10, 20, 30]
    assert copy.paths == ("frozen", "last")


def test_knows_its_size(bank):
    assert bank[0].nbytes == 6 * 8 + 3 * 4
    assert bank.nbytes == 3 * bank[0].nbytes


def test_finds_weights_that_are_not_finite():
    assert Snapshot([np.zeros(2)], 1, 1).is_finite
    assert not Snapshot([np.zeros(2), np.array([0, np.inf])], 1, 1).is_finite
    assert not Snapshot([np.array([np.nan])], 1, 1).is_finite


def test_with_scores(bank):
    scored = bank.with_scores([{"log_loss": 0.5}, {"log_loss": 0.25}, {"log_loss": 0.125}])
    assert [s.scores["log_loss"] for s in scored] == [0.5, 0.25, 0.125]
    assert bank[0].scores == {}
    assert repr(scored[0]) == "Snapshot(cycle=1, iteration=10, n_weights=9, log_loss=0.5000)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: SnapshotBank([], []),
            "snapshots must be at least one snapshot, got [] instead: train for at least one "
            "cycle.",
        ),
        (
            lambda: SnapshotBank(
                [Snapshot([np.zeros(2)], 1, 1), Snapshot([np.zeros(3)], 2, 2)], ["a/bias"]
            ),
            "a/bias of snapshot 2 must be of shape (2,), got shape (3,) instead: all snapshots "
            "must come from one architecture.",
        ),
        (
            lambda: SnapshotBank([Snapshot([np.zeros(2)], 1, 1)], ["a/kernel", "a/bias"]),
            "snapshot 1 must be a list of 2 arrays, one for each variable, got 1 arrays instead: "
            "all snapshots must come from one architecture.",
        ),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


def test_names_the_first_variable_of_another_architecture(bank):
    bank.check_fits(["x/kernel", "x/bias"], [(2, 3), (3,)])
    message = (
        "variable x/bias of the network must be of shape (3,), as in the snapshots, got shape (4,) "
        "instead: build the network that the snapshots were trained with."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        bank.check_fits(["x/kernel", "x/bias"], [(2, 3), (4,)])
    with pytest.raises(ValueError, match="^the network must be one of 2 variables"):
        bank.check_fits(["x/kernel"], [(2, 3)])
