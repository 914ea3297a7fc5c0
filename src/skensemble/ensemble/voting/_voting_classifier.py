import numpy as np
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import UNUSED, _raise_for_params
from sklearn.utils.validation import _check_method_params, check_is_fitted

from skensemble.ensemble._reading import check_both_or_neither, check_can_weigh
from skensemble.ensemble.voting._members import (
    check_frozen,
    check_have_probabilities,
    check_members,
    check_vote_parameters,
    class_columns,
    fit_members,
    is_dropped,
    params_of_members,
)
from skensemble.ensemble.voting._votes import (
    Answers,
    break_ties,
    check_vote_weights,
    keep_holdout,
    own_holdout,
    read_labels,
    take_rows,
    tie_tolerance,
    vote_shares,
    weigh_members,
)
from skensemble.inference import weighted_mean
from skensemble.tasks import Classification


class VotingSnapshotClassifier(VotingClassifier):
    """A vote of different classifiers: snapshot ensembles, Keras networks, or any others.

    scikit-learn's ``VotingClassifier``, with votes that can be weighted by how well the members
    do on rows that none of them trained on, ``predict_proba`` in hard voting, and members that
    are fitted already.

    Parameters
    ----------
    estimators : list of (str, classifier)
        Names and members: `SnapshotEnsembleClassifier`, scikeras ``KerasClassifier``, any other
        classifier, or a pipeline that ends in one. Clones of them are fitted, on the labels
        themselves. A fitted classifier in ``sklearn.frozen.FrozenEstimator`` is used as it is; it
        must know the labels of y and no others. ``"drop"`` leaves a member out.
    voting : {"hard", "soft"}, default="hard"
        Hard: each member votes for a label. Equal (weighted) votes go to the label with the larger
        (weighted) sum of the members' probabilities, and if these are equal too, to the smaller
        label. Soft: the label of the largest (weighted) mean probability; of those that are equal
        to the last bit, the smaller.
    weights : array-like of shape (n_estimators,), str, callable or None, default=None
        One weight per member (dropped ones included), or how to learn them from votes (hard) or
        probabilities (soft) on a holdout: ``"accuracy"``, ``"log_loss"``, ``"greedy"``,
        ``"auto"``, the name of a scikit-learn scorer, or a scorer ``f(estimator, X, y)``; see
        `skensemble.weighting.find_weights`. None: equal weights.
    validation_fraction : float, int or None, default=0.1
        Share or number of rows to hold out, stratified, where weights are learned. None needs
        weights that are not, or ``X_val`` in ``fit``. Where all members are frozen no row is held
        out: all are there to learn from.
    n_jobs : int or None, default=None
        Members that are fitted at a time, as in scikit-learn. The results are the same.
    flatten_transform : bool, default=True
        In soft voting: whether ``transform`` puts the members' columns side by side.
    random_state : int, numpy.random.RandomState or None, default=None
        Determines the holdout. A ``RandomState`` is read, not advanced. The members have their
        own.
    verbose : bool, default=False
        Whether to print the time that each member takes.

    Attributes
    ----------
    estimators_ : list of classifier
        The fitted members, without dropped ones.
    named_estimators_ : sklearn.utils.Bunch
        The fitted members by name, and ``"drop"`` for dropped ones.
    classes_ : ndarray of shape (k,)
        Labels.
    le_ : sklearn.preprocessing.LabelEncoder
        From labels to their places in ``classes_``. Unlike scikit-learn's, the members do not
        need it: they predict labels.
    weights_ : ndarray of shape (M,), float64
        Weights of ``estimators_``: not negative, sum 1.
    weighting_ : WeightingResult or None
        How the weights were found and what they are worth on the holdout. None without one.
    n_features_in_ : int
        Number of features, where a member tells.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), str
        Names of the features, where a member tells.

    See Also
    --------
    SnapshotEnsembleClassifier : A vote of the snapshots of one network.
    sklearn.ensemble.VotingClassifier : The same without a holdout.

    Notes
    -----
    The holdout is one for all. A `SnapshotEnsembleClassifier` that would hold out rows of its own,
    alone or at the end of a pipeline, uses it instead and trains on all others; with
    ``refit=True`` it keeps its own, out of the rows that train. Which rows a frozen member trained
    on is not known here: if they may be among X, hand a holdout of other rows to ``fit``, or
    weights.

    Members are fitted on the labels of y, where scikit-learn's ``VotingClassifier`` encodes them:
    so ``class_weight={"spam": 2}``, metrics and frozen members mean the same labels. A classifier
    that takes only 0 to k - 1 needs y in that form.

    Sums of weights that differ by no more than rounding are equal: with weights 0.1, 0.2 and 0.3,
    the first two against the third are a tie.

    References
    ----------
    .. [1] L. I. Kuncheva, "Combining Pattern Classifiers: Methods and Algorithms", 2nd edition,
       Wiley 2014, chapter 4 (majority vote, weighted majority vote).
    .. [2] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble Selection from Libraries
       of Models", ICML 2004 (weights of members that need not be alike, from a holdout).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skensemble import SnapshotEnsembleClassifier, VotingSnapshotClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> members = [
    ...     ("snapshots", SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0)),
    ...     ("tree", DecisionTreeClassifier(random_state=0)),
    ...     ("bayes", GaussianNB()),
    ... ]
    >>> vote = VotingSnapshotClassifier(members, random_state=0).fit(X, y)
    >>> vote.predict(X[:2])
    array([0, 0])
    >>> vote.predict_proba(X[:2])
    array([[1., 0., 0.],
           [1., 0., 0.]])
    >>> vote.set_params(weights="accuracy", snapshots="drop").fit(X, y).weighting_.method
    'accuracy'
    """

    # These are this estimator's own, not something to be routed to it.
    __metadata_request__fit = {"sample_weight": UNUSED, "X_val": UNUSED, "y_val": UNUSED}  # noqa: RUF012

    def __init__(
        self,
        estimators,
        *,
        voting="hard",
        weights=None,
        validation_fraction=0.1,
        n_jobs=None,
        flatten_transform=True,
        random_state=None,
        verbose=False,
    ):
        super().__init__(
            estimators,
            voting=voting,
            weights=weights,
            n_jobs=n_jobs,
            flatten_transform=flatten_transform,
            verbose=verbose,
        )
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, **fit_params):
        """Fit the members, and learn their weights where they are to be learned.

        Parameters
        ----------
        X : array-like, sparse matrix or dataframe of n rows
            Anything that the members take: features, images, texts.
        y : array-like of shape (n,)
            Labels of any type.
        sample_weight : array-like of shape (n,), optional
            Weight of each row, for the members and in learning the weights. A pipeline hands it to
            its last step. Rows of weight 0 are not held out.
        X_val, y_val : array-like, optional
            A holdout of your own, with every class where weights are learned; then all rows of X
            train.
        **fit_params
            What the members have requested, with ``enable_metadata_routing=True``.

        Returns
        -------
        VotingSnapshotClassifier
            The estimator itself.

        Raises
        ------
        TypeError, ValueError, NotImplementedError
            If a parameter or an input is not as it must be. The estimator is then as it was.
        NotFittedError
            If a frozen member is not fitted.

        Warns
        -----
        HoldoutWarning
            If a holdout could not have a row of each class. The weights are then equal.
        """
        _raise_for_params(fit_params, self, "fit")
        check_vote_parameters(self)
        check_both_or_neither(X_val, y_val)
        check_members(self)
        members = [pair for pair in self.estimators if not is_dropped(pair[1])]
        given = check_vote_weights(self, X_val)
        if self.voting == "soft":
            check_have_probabilities(members)

        # Read the labels, and keep rows out of training where weights are learned.
        encoder, y = read_labels(self, X, y)
        task = Classification(encoder.classes_)
        check_frozen(members, X, task.classes_)
        params = params_of_members(self, members, sample_weight, fit_params)
        train, holdout, shared = None, None, None
        if X_val is not None:
            holdout = own_holdout(X, task, X_val, y_val)
        elif given is None:
            trains = not all(isinstance(member, FrozenEstimator) for _, member in members)
            targets = encoder.transform(y)
            train, holdout = keep_holdout(self, X, targets, task, sample_weight, trains=trains)
        if holdout is not None:
            shared = holdout.X, task.classes_[holdout.y], holdout.sample_weight
            needed = holdout.y if X_val is None else np.arange(task.n_classes)
            words = {"name": "y_val", "parameter": "weights", "instead": "give the weights"}
            check_can_weigh(task, self.weights, holdout, needed, **words)
        if train is not None:
            params = {name: _check_method_params(X, of, train) for name, of in params.items()}
            X, y = take_rows(X, train), y[train]

        # Train the members, and weigh them.
        fitted = fit_members(self, X, y, params, shared)
        for name, member in fitted:
            class_columns(name, member, task.classes_)
        weights, weighting = weigh_members(self, given, fitted, holdout, task)
        read_as = weights.dtype if given is None else given.dtype
        by_name = {name: "drop" for name, _ in self.estimators} | dict(fitted)
        vars(self).update(
            estimators_=[member for _, member in fitted],
            named_estimators_=Bunch(**by_name),
            le_=encoder,
            classes_=encoder.classes_,
            weights_=weights,
            weighting_=weighting,
            _tie_tolerance=tie_tolerance(len(fitted), read_as),
        )
        return self

    def predict(self, X):
        """Predict the label that wins the vote.

        Parameters
        ----------
        X : array-like, sparse matrix or dataframe of n rows
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (n,)
            Labels out of ``classes_``.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Predict class probabilities: the share of votes (hard), or the mean (soft).

        In hard voting, where classes have equal shares, that of the one that wins is larger by the
        last bit: the largest entry of a row is always that of the label which ``predict`` gives.

        Parameters
        ----------
        X : array-like, sparse matrix or dataframe of n rows
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (n, k), float64
            Weighted by ``weights_``, columns in the order of ``classes_``; rows sum to 1.
        """
        check_is_fitted(self)
        # Members without a weight need not be asked.
        used = np.flatnonzero(self.weights_)
        answers, weights = self._ask(X, used), self.weights_[used]
        if self.voting == "soft":
            return weighted_mean(answers.probas(), weights)
        return break_ties(
            vote_shares(answers.votes, weights, len(self.classes_)),
            lambda rows: np.tensordot(weights, answers.probas(rows), axes=1),
            self._tie_tolerance,
        )

    def _ask(self, X, used=None) -> Answers:
        fitted = [pair for pair in self.named_estimators_.items() if not is_dropped(pair[1])]
        return Answers(fitted if used is None else [fitted[m] for m in used], X, self.classes_)

    def _predict(self, X):
        """Collect votes for ``transform``: class indices of shape (n, M)."""
        return self._ask(X).votes.T

    def _collect_probas(self, X):
        """Collect probabilities for ``transform``: of shape (M, n, k)."""
        return self._ask(X).probas()

    @property
    def n_features_in_(self):
        """Number of features, from the first member that tells."""
        return self._told_by_a_member("n_features_in_")

    @property
    def feature_names_in_(self):
        """Names of the features, from the first member that tells."""
        return self._told_by_a_member("feature_names_in_")

    def _told_by_a_member(self, name: str):
        for member in vars(self).get("estimators_", []):
            if hasattr(member, name):
                return getattr(member, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
