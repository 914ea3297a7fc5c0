"""How long a fit takes."""

from dataclasses import replace

import numpy as np
from contest import compare, take_turns
from contestants import BY_HAND, DEFAULT, KERAS, OURS, TORCH, XLA, contestant, first_fit
from fresh import TooSlow
from report import Section, Table, show, show_seconds
from workloads import Task

import networks
from sections.arithmetic import Work


def digits(settings):
    """A small MLP, where the overhead of a step is nearly all there is."""
    task = Task("digits")
    floors = {KERAS: 8, XLA: None, BY_HAND: None, TORCH: 4}
    section = _section("Fit: MLP 64-64-10, digits", task, settings, floors)
    section.notes.append(
        "The loop written by hand (`benchmarks/speed/by_hand.py`) is the least that TensorFlow can "
        "do: this one network, gradients and all, as one function of explicit state, no metrics, "
        "and nothing else than training. The other peers do what ours does."
    )
    return section


def dropout(settings):
    """The same with dropout."""
    task = Task("digits", network="mlp_dropout")
    floors = {KERAS: 4, TORCH: None}
    return _section("Fit: the same with Dropout(0.2)", task, settings, floors)


def letter(settings):
    """More rows, fewer epochs."""
    floors = {KERAS: None, BY_HAND: None, TORCH: None}
    return _section("Fit: MLP 16-64-26, letter", Task("letter", epochs=5), settings, floors)


def cnn(settings):
    """A network whose arithmetic takes time."""
    task = Task("cifar10", network="cnn", rows=2000, epochs=2, M=2)
    floors = {KERAS: 1, XLA: None}
    settings = replace(settings, rounds=settings.rounds_at_most(3))
    section = _section("Fit: small CNN, CIFAR-10", task, settings, floors)
    section.notes.append(
        "Three blocks of Conv 3×3 (16, 32, 64 filters), BatchNormalization, ReLU and MaxPooling, "
        "then GlobalAveragePooling and Dense 10. Two epochs are enough for a time, and for little "
        "else: the accuracies are those of networks that have hardly begun."
    )
    return section


def _section(title, task, settings, floors):
    if settings.quick:
        task = replace(task, epochs=task.M, rows=min(task.rows or 500, 500))
    X, y = task.load(settings.data_dir)
    names = [OURS, DEFAULT, *(name for name in floors if name != TORCH or settings.torch)]
    firsts, notes = {}, []
    for name in names:
        try:
            firsts[name] = first_fit(name, task, settings)
        except TooSlow:
            notes.append(f"{name}: not compared, as one fit takes more than {settings.limit:g} s.")
    fits = {name: contestant(name, task, X, y, settings.torch) for name in firsts}
    for fit in fits.values():
        fit()
    seconds = take_turns(fits, settings.rounds)

    n_iterations = task.n_iterations(len(y))
    section = Section(title, _setup(task, X, n_iterations, settings.rounds), notes=notes)
    section.comparisons = compare("equal work", seconds, OURS, floors)
    section.comparisons += compare("default settings", seconds, DEFAULT, dict.fromkeys(floors))
    section.tables = [_details(fits, seconds, firsts, n_iterations)]
    if OURS in fits:
        network = networks.build(task.network, X.shape[1:], int(y.max()) + 1, task.width)
        flops = 3 * task.batch_size * networks.flops_per_row(network)
        median = float(np.median(seconds[OURS]))
        section.works.append(Work(f"{title}, one step", flops, median / n_iterations))
    return section


def _setup(task, X, n_iterations, rounds):
    rows = " × ".join(map(str, X.shape))
    return (
        f"{rows} float32, batches of {task.batch_size}, {task.epochs} epochs "
        f"({n_iterations:,} iterations), M={task.M}, SGD with Nesterov momentum 0.9; median of "
        f"{rounds} rounds after a fit each to warm up. *Equal work*: all rows train, and no "
        "holdout is scored. *Default settings*: a tenth of the rows is held out, and the weights "
        "are learned on it."
    )


def _details(fits, seconds, firsts, n_iterations):
    rows = []
    for name, fit in fits.items():
        median = float(np.median(seconds[name]))
        # With a holdout there are fewer rows to train on.
        done = len(fit.result.learning_rates_) if name in (OURS, DEFAULT) else n_iterations
        rows.append(
            [
                name,
                show_seconds(median),
                f"{1e6 * median / done:,.0f} µs",
                show_seconds(firsts[name]),
                show(firsts[name] / firsts[OURS]) if OURS in firsts else "",
                f"{100 * fit.accuracy():.1f}%",
            ]
        )
    header = ["", "fit", "per iteration", "first fit in a process", "first / ours", "accuracy"]
    caption = (
        "Per iteration: the whole fit, divided by the iterations. First fit: measured once, "
        "imports not counted. Accuracy: of the ensemble, on its training rows, to see that all "
        "of them trained."
    )
    return Table(caption, header, rows)
