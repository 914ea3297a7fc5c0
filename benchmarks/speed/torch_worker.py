"""Train and predict with Ensemble-PyTorch; run by `torch_peer.Worker` in its own environment.

Reads names of tasks from its standard input, one per line, and answers each with a line when the
result is written.
"""

import json
import os
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchensemble import SnapshotEnsembleClassifier

N_THREADS = torch.get_num_threads()


class Batches:
    """Shuffled batches of tensors in memory: less work per batch than a DataLoader's."""

    def __init__(self, X, y, batch_size):
        self.X, self.y, self.batch_size = X, y, batch_size
        self.dataset = self
        self.classes = range(int(y.max()) + 1)

    def __len__(self):
        return -(-len(self.y) // self.batch_size)

    def __iter__(self):
        order = torch.randperm(len(self.y))
        X, y = self.X[order], self.y[order]
        return zip(X.split(self.batch_size), y.split(self.batch_size), strict=True)


def network(n_features, width, n_classes, dropout):
    """Return an MLP that ends in logits, as Ensemble-PyTorch wants it."""
    hidden = [nn.Linear(n_features, width), nn.ReLU()]
    if dropout:
        hidden.append(nn.Dropout(dropout))
    return nn.Sequential(*hidden, nn.Linear(width, n_classes))


def versions(arrays):
    """Return the versions of what is measured."""
    return {name: metadata.version(name) for name in ("torch", "torchensemble")}


def fit(arrays, *, layers, M, epochs, batch_size, alpha_zero):
    """Train an ensemble; return the seconds and the accuracy on the training rows."""
    # Steps as small as these gain nothing from a second thread, and where another process uses
    # the cores, the threads wait for each other a hundred times longer than a step takes.
    torch.set_num_threads(1)
    X, y = torch.from_numpy(arrays["X"]), torch.from_numpy(arrays["y"])
    start = time.perf_counter()
    ensemble = SnapshotEnsembleClassifier(estimator=network(**layers), n_estimators=M, cuda=False)
    ensemble.set_optimizer("SGD", lr=alpha_zero, momentum=0.9, nesterov=True)
    batches = Batches(X, y, batch_size)
    ensemble.fit(batches, epochs=epochs, log_interval=len(batches), save_model=False)
    seconds = time.perf_counter() - start
    correct = ensemble.predict(X).argmax(dim=1) == y
    return {"seconds": seconds, "accuracy": float(correct.float().mean())}


def predict(arrays, *, layers, M, repeats):
    """Predict with given weights; return the seconds of one call, and the probabilities.

    One thread and as many as PyTorch would take, whichever is faster.

    The weights of member m are the arrays ``m.name``. The input is a tensor already: this is the
    bare call, without what `predict` adds.
    """
    ensemble = SnapshotEnsembleClassifier(estimator=network(**layers), n_estimators=M, cuda=False)
    for m in range(M):
        member = network(**layers)
        names = member.state_dict()
        member.load_state_dict({name: torch.from_numpy(arrays[f"{m}.{name}"]) for name in names})
        ensemble.estimators_.append(member)
    ensemble.eval()
    x = torch.from_numpy(arrays["X"])
    seconds = []
    for n_threads in {1, N_THREADS}:
        torch.set_num_threads(n_threads)
        with torch.no_grad():
            for _ in range(3):
                proba = ensemble(x)
            start = time.perf_counter()
            for _ in range(repeats):
                proba = ensemble(x)
            seconds.append((time.perf_counter() - start) / repeats)
    return {"seconds": min(seconds), "proba": proba.tolist()}


def main():
    folder = Path(sys.argv[1])
    answers = sys.stdout
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - Ensemble-PyTorch prints as it trains
    for line in sys.stdin:
        path = folder / line.strip()
        task = json.loads(path.with_suffix(".json").read_text())
        torch.manual_seed(0)
        with np.load(path.with_suffix(".npz")) as file:
            arrays = dict(file)
        result = globals()[task["action"]](arrays, **task["parameters"])
        path.with_suffix(".result.json").write_text(json.dumps(result))
        print("done", file=answers, flush=True)


if __name__ == "__main__":
    main()
