"""The combination of members, and how far they agree."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import entr


def weighted_mean(probas: Iterable[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Combine member probabilities of shape (n, k); rows sum to 1, no entry exceeds 1."""
    total: np.ndarray | None = None
    for proba, weight in zip(probas, weights, strict=True):
        total = weight * proba if total is None else total + weight * proba
    if total is None:
        raise ValueError("There is no member to combine.")
    total /= total.sum(axis=1, keepdims=True)
    np.minimum(total, 1.0, out=total)
    return total


class Uncertainty(NamedTuple):
    """Uncertainty of an ensemble, for each of n rows.

    Parameters
    ----------
    predictive_entropy : ndarray of shape (n,), float64
        Entropy of the combined probabilities, in nats: from 0 (sure of one class) to log k. All
        uncertainty there is, whether the classes overlap or the members disagree.
    mutual_information : ndarray of shape (n,), float64
        The part of the predictive entropy that comes from members who disagree, in nats: from 0
        (all give the same probabilities) to the predictive entropy (each is sure).
    disagreement : ndarray of shape (n,), float64
        Weighted share of the members whose label is not the ensemble's, from 0 to 1.
    """

    predictive_entropy: np.ndarray
    mutual_information: np.ndarray
    disagreement: np.ndarray


def uncertainty_of(member_probas: Any, weights: Any) -> Uncertainty:
    """Tell apart how uncertain an ensemble is, and how much of that its members' disagreement is.

    With member probabilities p[m], weights w and p = Σ w[m] p[m], the predictive entropy is
    H(p) = −Σ p log p, and the mutual information of label and member is H(p) − Σ w[m] H(p[m])
    [1]_, [2]_. Both are in nats, and 0 log 0 is 0. The members of a snapshot ensemble stand for
    networks that the training data leaves possible, as those of a deep ensemble do [3]_.

    Parameters
    ----------
    member_probas : array-like of shape (M, n, k)
        Class probabilities of each member; rows sum to 1.
    weights : array-like of shape (M,)
        Combination weights: not negative, with a positive sum. Members of weight 0 do not count,
        and may be NaN.

    Returns
    -------
    Uncertainty
        Predictive entropy, mutual information and disagreement, each float64 of shape (n,).

    Raises
    ------
    ValueError
        If no weight is positive.

    References
    ----------
    .. [1] S. Depeweg, J. M. Hernández-Lobato, F. Doshi-Velez, S. Udluft, "Decomposition of
       Uncertainty in Bayesian Deep Learning for Efficient and Risk-sensitive Learning", ICML 2018,
       section 3.
    .. [2] L. Smith, Y. Gal, "Understanding Measures of Uncertainty for Adversarial Example
       Detection", UAI 2018, section 3.2.
    .. [3] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and Scalable Predictive Uncertainty
       Estimation using Deep Ensembles", NeurIPS 2017.

    Examples
    --------
    Both rows are a coin toss to the ensemble; only over the second do its members disagree.

    >>> from skensemble.inference import uncertainty_of
    >>> of_one, of_other = [[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]
    >>> uncertainty = uncertainty_of([of_one, of_other], [0.5, 0.5])
    >>> uncertainty.predictive_entropy.round(4)
    array([0.6931, 0.6931])
    >>> uncertainty.mutual_information.round(4)
    array([0.    , 0.6931])
    >>> uncertainty.disagreement
    array([0. , 0.5])
    """
    weights = np.asarray(weights, dtype=np.float64)
    used = np.flatnonzero(weights)
    probas = np.asarray(member_probas, dtype=np.float64)[used]
    shares = weights[used] / weights.sum()
    combined = weighted_mean(probas, shares.tolist())
    total = entr(combined).sum(axis=1)
    within = shares @ entr(probas).sum(axis=2)
    # Of identical members, one half may be a rounding error larger than the other.
    mutual = np.clip(total - within, 0.0, total)
    others = probas.argmax(axis=2) != combined.argmax(axis=1)
    return Uncertainty(total, mutual, shares @ others)
