import re

import numpy as np
import pytest
from sklearn import metrics
from sklearn.metrics import make_scorer

from skensemble.weighting._criterion import check_criterion, read_criterion
from skensemble.weighting._member_predictions import MemberPredictions

RNG = np.random.default_rng(0)
Y2, Y3 = RNG.integers(2, size=80), RNG.integers(3, size=80)
P2 = RNG.dirichlet([1.0, 1.0], size=80) * 0.7 + np.eye(2)[Y2] * 0.3
P3 = RNG.dirichlet([1.0] * 3, size=80) * 0.6 + np.eye(3)[Y3] * 0.4
EQUAL, MASS = np.ones(80), RNG.integers(1, 5, size=80).astype(float)


def score(criterion, proba, y, mass=EQUAL, classes=None):
    found = read_criterion(criterion, n_classes=proba.shape[1], classes=classes)
    return found.scores(MemberPredictions(proba[None], y, mass))(np.ones((1, 1)))[0]


@pytest.mark.parametrize(
    ("name", "direct"),
    [
        ("log_loss", lambda s: -metrics.log_loss(Y3, P3, sample_weight=s)),
        ("neg_log_loss", lambda s: -metrics.log_loss(Y3, P3, sample_weight=s)),
        ("accuracy", lambda s: metrics.accuracy_score(Y3, P3.argmax(1), sample_weight=s)),
        (
            "balanced_accuracy",
            lambda s: metrics.balanced_accuracy_score(Y3, P3.argmax(1), sample_weight=s),
        ),
        (
            "f1_macro",
            lambda s: metrics.f1_score(Y3, P3.argmax(1), average="macro", sample_weight=s),
        ),
        (
            "roc_auc_ovr",
            lambda s: metrics.roc_auc_score(Y3, P3, multi_class="ovr", sample_weight=s),
        ),
        ("top_k_accuracy", lambda s: metrics.top_k_accuracy_score(Y3, P3, k=2, sample_weight=s)),
    ],
)
@pytest.mark.parametrize("mass", [EQUAL, MASS], ids=["equal", "weighted"])
def test_three_classes(name, direct, mass):
    assert score(name, P3, Y3, mass) == pytest.approx(direct(mass), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "direct"),
    [
        ("roc_auc", metrics.roc_auc_score),
        ("average_precision", metrics.average_precision_score),
        ("neg_brier_score", lambda y, p, **s: -metrics.brier_score_loss(y, p, **s)),
        ("f1", lambda y, p, **s: metrics.f1_score(y, p > 0.5, **s)),
    ],
)
@pytest.mark.parametrize("mass", [EQUAL, MASS], ids=["equal", "weighted"])
def test_two_classes(name, direct, mass):
    expected = direct(Y2, P2[:, 1], sample_weight=mass)
    assert score(name, P2, Y2, mass) == pytest.approx(expected, abs=1e-12)


def test_labels_reach_the_scorer():
    labels = np.array(["ant", "bee", "cat"])
    seen = []

    def scorer(estimator, X, y):
        seen.append((estimator.classes_.tolist(), estimator.predict(X).tolist(), y.tolist()))
        np.testing.assert_allclose(estimator.predict_proba(X), P3, atol=1e-15)
        return 0.5

    assert score(scorer, P3, Y3, classes=labels) == 0.5
    assert seen == [(labels.tolist(), labels[P3.argmax(1)].tolist(), labels[Y3].tolist())]
    wanted = make_scorer(metrics.f1_score, pos_label="bee")
    expected = metrics.f1_score(Y2, P2.argmax(1))
    assert score(wanted, P2, Y2, classes=["ant", "bee"]) == pytest.approx(expected)
    of_ants = make_scorer(metrics.f1_score, pos_label="ant")
    assert score(of_ants, P2, Y2, classes=["ant", "bee"]) != pytest.approx(expected)


def test_a_scorer_of_a_metric_with_parameters():
    scorer = make_scorer(metrics.fbeta_score, beta=2, average="macro")
    expected = metrics.fbeta_score(Y3, P3.argmax(1), beta=2, average="macro", sample_weight=MASS)
    assert score(scorer, P3, Y3, MASS) == pytest.approx(expected)
    loss = make_scorer(metrics.zero_one_loss, greater_is_better=False)
    assert score(loss, P3, Y3) == pytest.approx(-metrics.zero_one_loss(Y3, P3.argmax(1)))


def test_sample_weights_go_only_to_scorers_that_take_them():
    seen = []

    def taking(estimator, X, y, sample_weight=None):
        seen.append(sample_weight)
        return 0.0

    score(taking, P3, Y3)
    score(taking, P3, Y3, MASS)
    assert seen[0] is None
    np.testing.assert_array_equal(seen[1], MASS)
    assert score(lambda estimator, X, y: len(y), P3, Y3, MASS) == 80


@pytest.mark.parametrize(
    ("criterion", "error", "message"),
    [
        (
            "acuracy",
            ValueError,
            "criterion must be one of 'log_loss', 'accuracy', the name of a scorer, or a scorer, "
            "got 'acuracy' instead: perhaps 'accuracy' is meant.",
        ),
        (
            "zzz",
            ValueError,
            "criterion must be one of 'log_loss', 'accuracy', the name of a scorer, or a scorer, "
            "got 'zzz' instead: sklearn.metrics.get_scorer_names() lists scorers, "
            "make_scorer makes one of a metric.",
        ),
        (
            3,
            TypeError,
            "criterion must be one of 'log_loss', 'accuracy', the name of a scorer, or a scorer, "
            "got 3 instead: sklearn.metrics.get_scorer_names() lists scorers, "
            "make_scorer makes one of a metric.",
        ),
        (
            metrics.f1_score,
            TypeError,
            "criterion must be one of 'log_loss', 'accuracy', the name of a scorer, or a scorer, "
            "got the function f1_score instead: a scorer is called as scorer(estimator, X, y); "
            "make_scorer makes one of a metric.",
        ),
        (
            max,
            TypeError,
            "criterion must be one of 'log_loss', 'accuracy', the name of a scorer, or a scorer, "
            "got the function max instead: a scorer is called as scorer(estimator, X, y); "
            "make_scorer makes one of a metric.",
        ),
        (
            "r2",
            ValueError,
            "criterion must be a scorer of classifiers, got 'r2' instead: "
            "that one scores regressors; 'log_loss' judges probabilities of classes.",
        ),
    ],
)
def test_bad_criteria_are_refused(criterion, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        check_criterion("criterion", criterion)


def test_a_metric_of_two_arguments_is_no_scorer():
    with pytest.raises(TypeError, match="got the function metric instead: a scorer is called as"):
        check_criterion("criterion", metric)
    with pytest.raises(ValueError, match="that one scores regressors"):
        check_criterion("criterion", make_scorer(metrics.mean_absolute_error))


def metric(y_true, y_pred):
    return 0.0


CAN = "criterion must be a scorer that can score the holdout, got "


def test_a_scorer_that_fails_or_says_nan():
    message = f"{CAN}NaN from nothing instead: choose one that is defined on these rows, such as "

    def nothing(estimator, X, y):
        return np.nan

    with pytest.raises(ValueError, match=f"^{message}'log_loss'.$"):
        score(nothing, P3, Y3)

    def failing(estimator, X, y):
        raise RuntimeError("no luck")

    with pytest.raises(ValueError, match=f"^{CAN}failing, which raised RuntimeError instead: "):
        score(failing, P3, Y3)
    with pytest.raises(ValueError, match="which raised ValueError instead: it said .*multi_class"):
        score("roc_auc", P3, Y3)


CLASSES = "classes must be an array of 3 different labels, sorted, one per column of probas, got "


@pytest.mark.parametrize(
    ("classes", "got"),
    [
        ([0, 1], "shape (2,)"),
        (["b", "a", "c"], "['b', 'a', 'c']"),
        ([1, 1, 2], "[1, 1, 2]"),
    ],
)
def test_bad_classes_are_refused(classes, got):
    message = f"{CLASSES}{got} instead: pass classes_ of the classifier."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_criterion("f1_macro", n_classes=3, classes=classes)
