"""Draw the learning rate of every iteration, before any training.

``python examples/plot_schedule.py schedule.png``
"""

import argparse

from skensemble import CyclicCosineDecay


def plot(schedule, path):
    """Draw ``schedule.simulate()``, and mark where the snapshots are taken."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    rates = schedule.simulate()
    axes.plot(rates, label="learning rate")
    last = schedule.cycle_ends - 1  # the last iteration of each cycle
    axes.plot(last, rates[last], "o", label="snapshot")
    axes.set(xlabel="iteration", ylabel=r"$\alpha$", ylim=(0, None))
    figure.legend(loc="outside upper center", ncols=2)
    figure.savefig(path)
    return figure


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="file to write, .png, .svg or .pdf")
    parser.add_argument("--M", type=int, default=5, help="number of cycles (default: 5)")
    parser.add_argument("--alpha-zero", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--steps", type=int, default=40, help="batches per epoch (default: 40)")
    arguments = parser.parse_args(argv)

    schedule = CyclicCosineDecay(
        arguments.alpha_zero, n_iterations=arguments.epochs * arguments.steps, M=arguments.M
    )
    plot(schedule, arguments.path)
    print(f"{schedule} in {arguments.path}")


if __name__ == "__main__":
    main()
