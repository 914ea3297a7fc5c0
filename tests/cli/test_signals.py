"""Ctrl-C while a network trains."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from skensemble.cli import _row_source
from skensemble.cli._signals import EndSignals
from skensemble.cli._training_display import TrainingDisplay
from skensemble.persistence import Run, RunWriter


@pytest.fixture(autouse=True)
def signals_that_python_knows():
    """Handlers as in a terminal: a shell starts what is in its background with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_and_the_second_signal(number, code):
    calls = []
    before = signal.getsignal(number)
    with EndSignals(lambda: calls.append(1)) as signals:
        assert (signals.was_pressed, signals.exit_code) == (False, 0)
        signal.raise_signal(number)
        assert (signals.was_pressed, signals.exit_code) == (True, code)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert calls == [1]
    assert signal.getsignal(number) is before


def test_what_ends_all_has_the_code_of_its_signal():
    def interrupt():
        raise KeyboardInterrupt

    def press(number):
        with EndSignals(interrupt):
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        press(signal.SIGINT)
    with pytest.raises(SystemExit) as ended:
        press(signal.SIGTERM)
    assert ended.value.code == 143


def test_the_handler_comes_back_after_an_error():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(OSError, match="^disk$"), EndSignals(lambda: None):
        raise OSError("disk")
    assert signal.getsignal(signal.SIGINT) is before


def test_signals_that_are_ignored_stay_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with EndSignals(lambda: None):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_catch_nothing():
    found = []

    def work():
        with EndSignals(lambda: None):
            found.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


@pytest.fixture
def press_after(monkeypatch):
    """Press Ctrl-C at the end of given epochs, counted over all trainings of a command."""

    def press(*epochs, number=signal.SIGINT):
        end_epoch, counted = TrainingDisplay.on_epoch_end, []

        def end_and_press(self, epoch, logs=None):
            end_epoch(self, epoch, logs)
            counted.append(epoch)
            for _ in range(epochs.count(len(counted))):
                signal.raise_signal(number)

        monkeypatch.setattr(TrainingDisplay, "on_epoch_end", end_and_press)
        return counted

    return press


def train(files, out):
    data = ("--data", files / "table.csv", "--target", "kind", "--out", out)
    return ("train", *data, *_TRAIN)


# As those of the fixture table_run, which is the same training, left alone.
_TRAIN = ("--M", "3", "--nb_epoch", "6", "--validation-fraction", "0.25", "--normalize", "none")


@pytest.fixture
def whole(table_run):
    """The same training, left alone."""
    return Run.open(table_run)


@pytest.mark.parametrize(
    ("engine", "number"), [("fused", "SIGTERM"), ("keras", "SIGINT")], ids=["fused", "keras"]
)
def test_finished_cycles_are_kept(engine, number, files, whole, tmp_path, run_main, press_after):
    number = signal.Signals[number]
    epochs = press_after(5, number=number)
    before = signal.getsignal(number)
    out = tmp_path / "run"
    code, text, err = run_main(*train(files, out), "--engine", engine)
    assert code == 128 + number
    assert err == ""
    assert len(epochs) == 5
    assert "finishing: the cycles that are done are kept; press Ctrl-C again to keep" in text
    assert "interrupted: 2 of 3 cycles are finished\n" in text
    run = Run.open(out)
    assert run.n_snapshots == 2
    assert run.config["interrupted"] is True
    # Weights were learned for them, on the holdout, and they are those of a whole training.
    assert run.weighting.method == "log_loss"
    assert run.holdout.probas.shape == (2, 30, 3)
    np.testing.assert_allclose(run.holdout.probas, whole.holdout.probas[:2], atol=1e-3)
    assert run.estimator().predict(np.zeros((1, 3))).shape == (1,)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_no_finished_cycle_leaves_nothing(number, files, tmp_path, run_main, press_after):
    press_after(1, number=number)
    before = signal.getsignal(signal.SIGINT)
    code, text, err = run_main(*train(files, tmp_path / "a" / "run"))
    assert (code, err) == (128 + number, "")
    assert text.endswith(
        "interrupted before the end of the first cycle\ninterrupted: nothing is kept\n"
    )
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is before


def test_pressed_twice_leaves_nothing(files, tmp_path, run_main, press_after):
    press_after(3, 3)
    code, text, _ = run_main(*train(files, tmp_path / "run"))
    assert code == 130
    assert text.endswith("to keep nothing\ninterrupted: nothing is kept\n")
    assert list(tmp_path.iterdir()) == []


def test_while_the_data_are_read(files, tmp_path, run_main, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_row_source, "read_rows", interrupt)
    assert run_main(*train(files, tmp_path / "run"))[0] == 130
    assert list(tmp_path.iterdir()) == []


def test_the_second_training_is_given_up(files, whole, tmp_path, run_main, press_after):
    press_after(9)  # in the second cycle of the second training
    out = tmp_path / "run"
    code, text, _ = run_main(*train(files, out), "--refit")
    assert code == 130
    assert "interrupted: the snapshots of the first training are kept\n" in text
    run = Run.open(out)
    assert run.config["refit"] is False
    assert run.n_snapshots == 3
    np.testing.assert_allclose(run.weights, whole.weights, atol=1e-3)


@pytest.mark.parametrize("options", [(), ("--refit",)])
def test_while_the_run_is_written(options, files, tmp_path, run_main, monkeypatch):
    write = RunWriter.write

    def press_and_write(*args, **kwargs):
        signal.raise_signal(signal.SIGINT)
        return write(*args, **kwargs)

    monkeypatch.setattr(RunWriter, "write", press_and_write)
    code, text, _ = run_main(*train(files, tmp_path / "run"), *options)
    assert code == 130
    assert "finishing: " in text
    assert Run.open(tmp_path / "run").n_snapshots == 3


def test_while_it_is_published(files, tmp_path, run_main, monkeypatch):
    publish = RunWriter.publish

    def press_and_publish(*args):
        signal.raise_signal(signal.SIGINT)
        publish(*args)

    monkeypatch.setattr(RunWriter, "publish", press_and_publish)
    assert run_main(*train(files, tmp_path / "run"), "--M", "1", "--epochs", "1")[0] == 130
    assert Run.open(tmp_path / "run").n_snapshots == 1


def test_a_first_training_that_is_stopped_has_no_second(files, tmp_path, run_main, press_after):
    epochs = press_after(5)
    assert run_main(*train(files, tmp_path / "run"), "--refit")[0] == 130
    assert len(epochs) == 5


def test_a_real_signal_to_a_real_process(files, tmp_path):
    """Sent when the first cycle is reported; without it, training would last for minutes."""
    out = tmp_path / "run"
    arguments = [*map(str, train(files, out)), "--epochs", "100000"]
    lines = []
    with subprocess.Popen(
        [sys.executable, "-m", "skensemble", *arguments, "--M", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell may have told this process to ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        for line in process.stdout:
            if line.startswith("cycle 1/"):
                process.send_signal(signal.SIGINT)
            lines.append(line)
        err = process.stderr.read()
    assert (process.returncode, err) == (130, "")
    run = Run.open(out)
    assert 1 <= run.n_snapshots < 1000
    assert run.weights.sum() == pytest.approx(1)
    assert f"interrupted: {run.n_snapshots} of 1000 cycles are finished\n" in lines
