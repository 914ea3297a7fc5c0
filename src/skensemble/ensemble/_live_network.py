"""The network of an ensemble, in memory or yet to be built."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skensemble.ensemble._reading import Schema
from skensemble.inference import BankPredictor
from skensemble.networks import architecture_of, check_fits, model_from, set_weights
from skensemble.snapshots import SnapshotBank
from skensemble.tasks import OutputLayer

# The network of a loaded ensemble is built once, whichever thread needs it first.
_LOCK = threading.RLock()


@dataclass(eq=False)
class LiveNetwork:
    """A network and what predicts with it; after loading, both are made on first use."""

    output_layer: OutputLayer  # what its outputs mean
    live_model: Any = None  # the network; None after loading
    # Iterations that its optimizer has done here; None where it has no optimizer of ours.
    n_steps: int | None = None
    live_predictor: BankPredictor | None = None  # none after loading
    # What the network is built from after loading; None where Keras cannot describe it, and in
    # memory.
    architecture: bytes | None = None

    def stored(self) -> LiveNetwork:
        """Return it without what cannot be written to a file."""
        known = self.live_model is None
        architecture = self.architecture if known else architecture_of(self.live_model)
        return LiveNetwork(self.output_layer, architecture=architecture)

    def model(self, bank: SnapshotBank, schema: Schema | None = None, build: Any = None):
        """Return the Keras model.

        Parameters
        ----------
        bank : SnapshotBank
            Its snapshots, of which the model has the last.
        schema : Schema
            The form of its rows; not needed in memory.
        build : callable
            Builds the network where there is no architecture to build it from.
        """
        with _LOCK:
            if self.live_model is None:
                self.live_model = self._built(bank, schema, build)
            return self.live_model

    def predictor(self, bank: SnapshotBank, schema: Schema | None = None, build: Any = None):
        """Return a `BankPredictor` over all snapshots; parameters are those of ``model``."""
        if self.live_predictor is None:
            with _LOCK:
                if self.live_predictor is None:
                    model = self.model(bank, schema, build)
                    self.live_predictor = BankPredictor(model, self.output_layer, bank)
        return self.live_predictor

    def _built(self, bank: SnapshotBank, schema: Any, build: Callable[[], Any]):
        try:
            model = None if self.architecture is None else model_from(self.architecture)
        except Exception:
            # A function that the configuration names may be missing here; the builder has its own.
            model = None
        model = build() if model is None else model
        if not model.weights:
            model(np.zeros((1, *schema.row_shape), schema.row_dtype))
        check_fits(bank, model)
        set_weights(model, bank[-1].weights)
        return model
