"""Search over the number of cycles and the learning rate that each starts at, in a pipeline.

The search chooses by cross-validation on the training rows; the test rows judge its choice once.
"""

import argparse

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skensemble import SnapshotEnsembleClassifier


def search(grid, epochs, seed):
    """Search on digits.

    Returns
    -------
    search : GridSearchCV
        Fitted.
    score : float
        Accuracy of its choice on the test rows.
    """
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("net", SnapshotEnsembleClassifier(epochs=epochs, random_state=seed)),
        ]
    )
    # Log-loss sees differences that accuracy is too coarse for.
    found = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3, n_jobs=1).fit(X, y)
    return found, float(found.best_estimator_.score(X_test, y_test))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--M", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--alpha-zero", type=float, nargs="+", default=[0.02, 0.1, 0.3])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)

    grid = {"net__M": arguments.M, "net__alpha_zero": arguments.alpha_zero}
    found, score = search(grid, arguments.epochs, arguments.seed)
    results = found.cv_results_
    for params, loss, spread in zip(
        results["params"], -results["mean_test_score"], results["std_test_score"], strict=True
    ):
        settings = f"M={params['net__M']}, alpha_zero={params['net__alpha_zero']:g}"
        print(f"{settings:24} log-loss {loss:.4f}, standard deviation {spread:.4f} over 3 folds")
    best = found.best_params_
    print(
        f"chosen: M={best['net__M']}, alpha_zero={best['net__alpha_zero']:g}; "
        f"accuracy on the test rows {score:.2%}"
    )


if __name__ == "__main__":
    main()
