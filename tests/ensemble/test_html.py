"""What a notebook shows of an ensemble."""

import io
import re
from xml.etree import ElementTree as ET

import joblib
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from builders import dense
from skensemble import SnapshotEnsembleClassifier
from skensemble.ensemble._estimator import _cells


def small(model=dense, **params):
    defaults = {"M": 2, "epochs": 4, "batch_size": 30, "random_state": 0}
    return SnapshotEnsembleClassifier(model, **{**defaults, **params})


@pytest.fixture(scope="module")
def fitted(blobs):
    return small().fit(*blobs)


def rows_of(html):
    """Cells of the rows of the ensemble's table, which must be well-formed, by its title."""
    found = re.search(r"<summary>Snapshot ensemble.*?</table>", html, re.DOTALL)
    if found is None:
        return None
    details = ET.fromstring(f"<details>{found.group()}</details>")
    rows = [["".join(cell.itertext()) for cell in row] for row in details.iter("tr")]
    return details.find("summary").text, rows


def table(estimator):
    return rows_of(estimator._repr_html_())


def expected_rows(clf):
    scores = clf.snapshot_scores_
    weights = [f"{weight:.3f}" for weight in clf.weights_]
    names = [f"snapshot {m + 1}" for m in range(len(weights))]
    cells = zip(
        [*names, "uniform", "learned"],
        [*weights, "equal", "as above"],
        [f"{loss:.4f}" for loss in scores["log_loss"]],
        [f"{accuracy:.4f}" for accuracy in scores["accuracy"]],
        strict=True,
    )
    return [["", "weight", "holdout log-loss", "holdout accuracy"], *map(list, cells)]


def test_an_unfitted_ensemble_has_no_table():
    html = small()._repr_html_()
    assert "SnapshotEnsembleClassifier" in html
    assert rows_of(html) is None


def test_a_fitted_ensemble_shows_weights_and_scores(fitted):
    title, rows = table(fitted)
    assert title == "Snapshot ensemble, M = 2"
    assert rows == expected_rows(fitted)


def test_the_table_of_scikit_learn_follows(fitted):
    own, of_scikit_learn = fitted._repr_html_().split("<summary>Fitted attributes</summary>")
    assert "Snapshot ensemble, M = 2" in own
    assert "snapshot_scores_" in of_scikit_learn


def test_the_numbers_have_their_digits(fitted):
    rows = table(fitted)[1]
    for row in rows[1:3]:
        assert re.fullmatch(r"[01]\.\d{3}", row[1])
    for row in rows[1:]:
        assert re.fullmatch(r"\d+\.\d{4}", row[2])
        assert re.fullmatch(r"[01]\.\d{4}", row[3])
    assert sum(float(row[1]) for row in rows[1:3]) == pytest.approx(1, abs=0.002)


def test_it_is_there_inside_a_pipeline(blobs):
    pipeline = make_pipeline(StandardScaler(), small())
    assert table(pipeline) is None
    pipeline.fit(*blobs)
    assert table(pipeline)[1] == expected_rows(pipeline[-1])


def test_it_is_the_same_after_loading(fitted):
    file = io.BytesIO()
    joblib.dump(fitted, file)
    assert table(joblib.load(file)) == table(fitted)


def test_the_number_of_snapshots_is_that_of_the_ensemble(blobs):
    clf = small(M=3, n_last=2).fit(*blobs).set_params(M=5)
    title, rows = table(clf)
    assert title == "Snapshot ensemble, M = 3"
    assert [row[0] for row in rows[1:4]] == ["snapshot 1", "snapshot 2", "snapshot 3"]
    assert rows[1][1] == "0.000"
    assert rows[1:] == expected_rows(clf)[1:]


def test_without_a_holdout_there_are_weights_only(blobs):
    clf = small(weighting="uniform", validation_fraction=None).fit(*blobs)
    assert table(clf)[1] == [
        ["", "weight"],
        ["snapshot 1", "0.500"],
        ["snapshot 2", "0.500"],
    ]


def test_equal_weights_with_a_holdout(blobs):
    clf = small(weighting="uniform").fit(*blobs)
    rows = table(clf)[1]
    assert [row[1] for row in rows[1:3]] == ["0.500", "0.500"]
    assert [row[2] for row in rows[1:]] == [f"{s:.4f}" for s in clf.snapshot_scores_["log_loss"]]


def test_weights_of_the_callers_are_not_called_learned(blobs):
    clf = small(weighting=[0.25, 0.75]).fit(*blobs)
    rows = table(clf)[1]
    assert [row[1] for row in rows[1:3]] == ["0.250", "0.750"]
    assert "learned" not in [row[0] for row in rows]


def test_everything_is_escaped():
    html = small(model__note="<script>alert(1)</script>")._repr_html_()
    assert "<script>alert(1)</script>" not in html
    assert _cells(["<b>&'\""], "td") == "<td>&lt;b&gt;&amp;&#x27;&quot;</td>"


def test_the_text_is_short_and_valid(fitted):
    text = repr(fitted)
    assert len(text) <= 200
    assert repr(SnapshotEnsembleClassifier()) == "SnapshotEnsembleClassifier()"
    params = {"M": 3, "alpha_zero": 0.05, "optimizer": "adam", "model__units": (8, 4)}
    clf = SnapshotEnsembleClassifier(**params)
    again = eval(repr(clf), {"SnapshotEnsembleClassifier": SnapshotEnsembleClassifier})
    assert again.get_params() == clf.get_params()
    long = SnapshotEnsembleClassifier(weighting=list(range(500)))
    assert len("".join(repr(long).split())) <= 720
    assert "..." in repr(long)
