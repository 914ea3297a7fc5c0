"""The flags of snapshot-ensembles, an earlier project whose command lines work here too.

It has a network of its own per script, ``--M``, ``--nb_epoch`` and ``--alpha_zero`` for its
training, and weights by number for its predictions.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

SNAPSHOTS, EPOCHS, ALPHA_ZERO = "--M", "--nb_epoch", "--alpha_zero"
_WEIGHTS_BY_NUMBER = {-1: "equal", 0: "learned", 1: "relearn"}


_network = partial(typer.Option, rich_help_panel="Network")
_weights = partial(typer.Option, rich_help_panel="Weights")


@dataclass(frozen=True)
class NetworkFlags:
    """The networks of snapshot-ensembles; the flags of one count for that one only, as there."""

    wrn_N: Annotated[
        int | None,
        _network("--wrn_N", help="Blocks per group of wrn: depth 6 N + 4. Default: 2, depth 16."),
    ] = None
    wrn_k: Annotated[
        int | None,
        _network(
            "--wrn_k",
            help="Width factor of wrn. Default: 4, as in the network that snapshot-ensembles "
            "published, not the 12 of its help.",
        ),
    ] = None
    dn_depth: Annotated[int | None, _network("--dn_depth", help="Depth of dn. Default: 40.")] = None
    dn_growth_rate: Annotated[
        int | None, _network("--dn_growth_rate", help="Growth rate of dn. Default: 12.")
    ] = None

    def parameters_for(self, model: str) -> tuple[dict[str, Any], list[str]]:
        """Parameters for the builder of a network, and notes on flags that are for another one."""
        from skensemble._validation import check_integer

        depth = None
        if self.wrn_N is not None:
            fix = "2 makes WRN-16, 4 makes WRN-28"
            depth = 6 * check_integer("--wrn_N", self.wrn_N, minimum=1, fix=fix) + 4
        flags = [
            ("wrn", "--wrn_N", "depth", depth),
            ("wrn", "--wrn_k", "width", self.wrn_k),
            ("dn", "--dn_depth", "depth", self.dn_depth),
            ("dn", "--dn_growth_rate", "growth_rate", self.dn_growth_rate),
        ]
        given = [flag for flag in flags if flag[-1] is not None]
        parameters = {name: value for owner, _, name, value in given if owner == model}
        notes = [
            f"{flag} is not for --model {model}: it is left aside"
            for owner, flag, _, _ in given
            if owner != model
        ]
        return parameters, notes


@dataclass(frozen=True)
class PredictionFlags:
    """How snapshot-ensembles combined its snapshots."""

    optimize: Annotated[
        int | None,
        _weights(
            metavar="-1|0|1",
            help="The same in the numbers of snapshot-ensembles: -1 equal, 0 learned, 1 relearn.",
        ),
    ] = None
    num_tests: Annotated[
        int | None,
        _weights(
            "--num_tests",
            help="Restarts of the optimizer of snapshot-ensembles. Accepted and without effect: "
            "the problem is convex, and one solve finds its optimum.",
        ),
    ] = None

    def choose_weights(self, weights: str | None) -> str:
        """Return which weights to use: ``"learned"``, ``"equal"`` or ``"relearn"``."""
        from skensemble._validation import check_choice, must_be

        if self.optimize is None:
            return weights or "learned"
        fix = "-1 is for equal weights, 0 for those of the run, 1 to learn them anew"
        check_choice("--optimize", self.optimize, (-1, 0, 1), fix=fix)
        named = _WEIGHTS_BY_NUMBER[self.optimize]
        if weights not in (None, named):
            must = f"{named}, as --optimize {self.optimize} says"
            raise ValueError(must_be("--weights", must, weights, "leave one of the two out"))
        return named
