"""Votes with Keras members: one holdout for all, pipelines, processes, files."""

import joblib
import keras
import numpy as np
import pytest
import sklearn
from joblib.externals.loky import get_reusable_executor
from scikeras.wrappers import KerasClassifier
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from builders import dense, fixed
from skensemble import SnapshotEnsembleClassifier, VotingSnapshotClassifier
from skensemble.ensemble._fitted import draw_seed
from skensemble.tasks import split_holdout
from skensemble.weighting import find_weights

# Two epochs need not get anywhere.
pytestmark = pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning")


def small(**params):
    """One row per iteration: two epochs take twice as many iterations as there are rows."""
    defaults = {"M": 2, "epochs": 2, "batch_size": 1, "random_state": 0}
    return SnapshotEnsembleClassifier(dense, **{**defaults, **params})


def n_trained(member):
    """Number of rows that a small one has trained on."""
    return len(member.learning_rates_) / 2


def plain():
    """A network that scikeras alone wraps."""
    return KerasClassifier(
        fixed, loss="sparse_categorical_crossentropy", epochs=2, batch_size=30, verbose=0
    )


@pytest.fixture(scope="module")
def named(blobs):
    X, y = blobs
    return X, np.array(["a", "b", "c"])[y]


@pytest.fixture(scope="module")
def members():
    return [
        ("learns", small()),
        ("equal", small(weighting="uniform")),
        ("all", small(weighting="uniform", validation_fraction=None)),
        ("refits", small(refit=True)),
        ("pipe", make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), small()))),
        ("linear", LogisticRegression()),
    ]


@pytest.fixture(scope="module")
def vote(members, named):
    vote = VotingSnapshotClassifier(
        members, weights="log_loss", validation_fraction=0.2, random_state=0
    )
    return vote.fit(*named)


def without_steps(member):
    while isinstance(member, Pipeline):
        member = member[-1]
    return member


# One holdout


@pytest.mark.parametrize("name", ["learns", "equal", "all", "pipe"])
def test_no_member_loses_a_row_twice(name, vote):
    assert vote.weighting_.n_samples == 18
    assert n_trained(without_steps(vote.named_estimators_[name])) == 72


@pytest.mark.parametrize(("name", "n_samples"), [("learns", 18), ("equal", 18), ("pipe", 18)])
def test_the_holdout_is_shared(name, n_samples, vote):
    assert without_steps(vote.named_estimators_[name]).weighting_.n_samples == n_samples


def test_a_member_that_trains_again_keeps_a_holdout_out_of_the_rows_that_train(vote):
    member = vote.named_estimators_.refits
    assert member.weighting_.n_samples == 8  # a tenth of 72
    assert n_trained(member) == 72


def split(vote, y):
    """Rows that train, and those of the holdout."""
    indices = np.searchsorted(vote.classes_, y)
    return split_holdout(indices, vote.validation_fraction, draw_seed(vote.random_state))


def test_members_are_what_they_are_alone_with_the_same_holdout(vote, named):
    X, y = named
    train, out = split(vote, y)
    linear = LogisticRegression().fit(X[train], y[train])
    np.testing.assert_array_equal(vote.named_estimators_.linear.coef_, linear.coef_)
    alone = small().fit(X[train], y[train], X_val=X[out], y_val=y[out])
    np.testing.assert_array_equal(vote.named_estimators_.learns.weights_, alone.weights_)
    first = StandardScaler().fit(X[train])
    second = StandardScaler().fit(first.transform(X[train]))

    def scaled(rows):
        return second.transform(first.transform(X[rows]))

    alone = small().fit(scaled(train), y[train], X_val=scaled(out), y_val=y[out])
    pipe = vote.named_estimators_.pipe
    np.testing.assert_array_equal(without_steps(pipe).weights_, alone.weights_)
    np.testing.assert_array_equal(pipe[0].mean_, first.mean_)
    np.testing.assert_array_equal(pipe.predict_proba(X[out]), alone.predict_proba(scaled(out)))


def test_members_without_a_shared_holdout_keep_their_own(named):
    vote = VotingSnapshotClassifier([("learns", small())]).fit(*named)
    assert n_trained(vote.estimators_[0]) == 81
    assert vote.estimators_[0].weighting_.n_samples == 9


def test_a_holdout_of_ones_own_is_shared_too(named):
    X, y = named
    vote = VotingSnapshotClassifier([("learns", small())])
    vote.fit(X[20:], y[20:], X_val=X[:20], y_val=y[:20])
    assert n_trained(vote.estimators_[0]) == 70
    assert vote.estimators_[0].weighting_.n_samples == 20
    assert vote.weighting_.method == "uniform"


def test_members_weigh_the_rows_of_a_shared_holdout(named):
    X, y = named
    weight = np.linspace(0.1, 3, 90)
    vote = VotingSnapshotClassifier(
        [("learns", small())], weights="log_loss", validation_fraction=0.3, random_state=0
    ).fit(X, y, weight)
    member = vote.estimators_[0]
    train, out = split(vote, y)
    probas, truth = member.member_predict_proba(X[out]), np.searchsorted(vote.classes_, y[out])
    weighted = find_weights("log_loss", probas, truth, weight[out]).weights
    np.testing.assert_allclose(member.weights_, weighted, atol=1e-6)
    assert abs(weighted - find_weights("log_loss", probas, truth).weights).max() > 1e-3
    assert n_trained(member) == len(train)


def test_the_users_pipeline_is_not_changed(tmp_path, named):
    X, y = named
    pipe = Pipeline(
        [("scale", StandardScaler()), ("net", small())], memory=joblib.Memory(tmp_path, verbose=0)
    )
    vote = VotingSnapshotClassifier([("pipe", pipe)], weights="log_loss", random_state=0)
    first = vote.fit(X, y)
    assert not hasattr(pipe["scale"], "mean_")
    assert not hasattr(pipe["net"], "snapshots_")
    probas = first.predict_proba(X)
    assert len(list(tmp_path.rglob("output.pkl"))) == 1
    np.testing.assert_array_equal(vote.fit(X, y).predict_proba(X), probas)
    assert len(list(tmp_path.rglob("output.pkl"))) == 1
    assert vote.estimators_[0].named_steps["scale"].mean_.shape == (4,)
    assert vote.estimators_[0].memory is not None


def test_metadata_of_a_pipeline_that_shares_the_holdout(named):
    X, y = named
    weight = np.linspace(0.1, 3, 90)
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        net = small().set_fit_request(sample_weight=False)
        vote = VotingSnapshotClassifier(
            [("pipe", make_pipeline(scaler, net))], weights="log_loss", random_state=0
        ).fit(X, y, sample_weight=weight)
    pipe = vote.estimators_[0]
    assert n_trained(pipe[-1]) == 81
    train, _ = split(vote, y)
    weighted = np.average(X[train], axis=0, weights=weight[train])
    np.testing.assert_allclose(pipe[0].mean_, weighted, atol=1e-6)


# Members of other kinds


def test_a_network_that_only_scikeras_wraps(named):
    X, y = named
    members = [
        ("plain", plain()),
        ("pipe", make_pipeline(StandardScaler(), plain())),
        ("bayes", GaussianNB()),
    ]
    assert not is_classifier(members[0][1])
    vote = VotingSnapshotClassifier(members, voting="soft").fit(X, y)
    np.testing.assert_allclose(
        vote.transform(X)[:, :3], vote.named_estimators_.plain.predict_proba(X), atol=1e-7
    )
    frozen = [(name, FrozenEstimator(member)) for name, member in vote.named_estimators_.items()]
    again = VotingSnapshotClassifier(frozen, voting="soft", weights="accuracy").fit(X, y)
    np.testing.assert_array_equal(again.transform(X), vote.transform(X))


def test_a_network_is_asked_for_its_probabilities_only(vote, named, monkeypatch):
    calls = []
    probas = SnapshotEnsembleClassifier.predict_proba

    def record(self, X):
        calls.append(len(X))
        return probas(self, X)

    monkeypatch.setattr(SnapshotEnsembleClassifier, "predict_proba", record)
    vote.predict(named[0])
    assert calls == [90] * np.count_nonzero(vote.weights_[:5])


def test_a_frozen_ensemble_of_one_hot_rows(blobs):
    X, y = blobs
    old = small().fit(X, np.eye(3)[y])
    vote = VotingSnapshotClassifier([("old", FrozenEstimator(old))]).fit(X, y)
    np.testing.assert_array_equal(vote.predict(X), old.predict_proba(X).argmax(axis=1))


def test_class_weights_of_members_are_those_of_labels(named):
    X, y = named
    member = small(class_weight={"a": 5, "b": 1, "c": 1})
    vote = VotingSnapshotClassifier([("net", member)]).fit(X, y)
    alone = clone(member).fit(X, y)
    np.testing.assert_array_equal(vote.transform(X)[:, 0] == 0, alone.predict(X) == "a")
    assert vote.estimators_[0].weights_.tolist() == alone.weights_.tolist()


def test_images_are_handed_on_as_they_are(digits):
    def convolve(meta):
        return keras.Sequential(
            [
                keras.Input(meta["X_shape_"][1:]),
                keras.layers.Conv2D(2, 3, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(meta["n_classes_"], activation="softmax"),
            ]
        )

    X, y = digits[0][:60].reshape(-1, 8, 8, 1), digits[1][:60] % 2
    net = SnapshotEnsembleClassifier(convolve, M=2, epochs=2, random_state=0)
    vote = VotingSnapshotClassifier([("net", net)], weights="log_loss", random_state=0).fit(X, y)
    assert vote.predict_proba(X).shape == (60, 2)
    assert vote.n_features_in_ == 8


# Processes and files


def predict_from(path, X):
    return joblib.load(path).predict_proba(X)


def test_processes_and_files_change_nothing(vote, named, tmp_path):
    X, _ = named
    others = {"equal": "drop", "all": "drop", "refits": "drop", "pipe": "drop"}
    alone = clone(vote).set_params(**others).fit(*named)
    joblib.dump(alone, tmp_path / "vote.joblib")
    try:
        both = clone(alone).set_params(n_jobs=2).fit(*named)
        elsewhere = joblib.Parallel(n_jobs=2)(
            joblib.delayed(predict_from)(tmp_path / "vote.joblib", rows) for rows in (X, X[:7])
        )
    finally:
        get_reusable_executor().shutdown(wait=True)
    np.testing.assert_array_equal(both.transform(X), alone.transform(X))
    np.testing.assert_array_equal(both.weights_, alone.weights_)
    np.testing.assert_array_equal(both.predict_proba(X), alone.predict_proba(X))
    np.testing.assert_allclose(elsewhere[0], alone.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(elsewhere[1], elsewhere[0][:7], atol=1e-6)


def test_a_fit_that_fails_leaves_the_vote_as_it_was(vote, named):
    X, y = named
    linear = VotingSnapshotClassifier([("linear", LogisticRegression())], weights="accuracy")
    linear.fit(X, y)
    before = dict(vars(linear))
    linear.estimators = [("linear", LogisticRegression()), ("net", small(optimizer="no such"))]
    with pytest.raises(ValueError) as caught:
        linear.fit(X, y)
    assert caught.value.__notes__[-1] == "raised while member 'net' was fitted"
    after = {name: value for name, value in vars(linear).items() if name != "estimators"}
    assert after.keys() == before.keys() - {"estimators"}
    assert all(after[name] is before[name] for name in after)
