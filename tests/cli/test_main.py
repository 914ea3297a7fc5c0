"""skensemble: help, exit codes and errors that all commands share."""

import json
import os
import subprocess
import sys

import pytest

from skensemble import __version__
from skensemble.cli import _main
from skensemble.cli._console import silenced_standard_error

HEAVY = ("tensorflow", "keras", "sklearn", "scipy", "numpy")


def test_help_comes_without_heavy_imports():
    code = (
        "import sys; from skensemble.cli import main; "
        "assert main(['--help']) == 0; assert main(['train', '--help']) == 0; "
        "assert main(['predict', '--help']) == 0; assert main(['demo', '--help']) == 0; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for name in (*_main.COMMANDS, "--nb_epoch", "--wrn_N", "--dn_growth_rate", "--num_tests"):
        assert name in done.stdout


def test_version_of_the_module(capfd):
    done = subprocess.run(
        [sys.executable, "-m", "skensemble", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"skensemble {__version__}\n"


def test_every_command_has_its_module():
    for name in _main.COMMANDS:
        assert callable(_main._function(name))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: Missing command\nskensemble --help lists what there is.\n"),
        (
            ["nothing"],
            "error: No such command 'nothing'\nskensemble --help lists what there is.\n",
        ),
        (
            ["train", "--data", "a.npz"],
            "error: Missing option '--out' / '-o'\nskensemble train --help lists what there is.\n",
        ),
        (
            ["train", "--data", "a.npz", "--out", "x", "--engine", "steam"],
            "error: Invalid value for '--engine': 'steam' is not one of 'auto', 'fused', "
            "'keras'\nskensemble train --help lists what there is.\n",
        ),
    ],
)
def test_usage_errors(arguments, message, run_main):
    assert run_main(*arguments) == (2, "", message)


@pytest.fixture
def broken(monkeypatch):
    """A bug in a command."""

    def bug(*args, **kwargs):
        raise KeyError("of the\nprogrammer")

    monkeypatch.setattr("skensemble.persistence.Run.open", bug)


def test_unexpected_errors_are_short(broken, run_main):
    code, out, err = run_main("predict", "run", "--data", "x.csv")
    assert (code, out) == (1, "")
    assert err == (
        "error: unexpected KeyError: 'of the\\nprogrammer'\n"
        "Run it again with --traceback to see where.\n"
    )


def test_errors_in_json(run_main, tmp_path):
    message = (
        f"RUN {tmp_path / 'no'} must be the folder of a run, got no folder instead: `skensemble "
        "train --out FOLDER` makes one."
    )
    code, out, err = run_main("evaluate", tmp_path / "no", "--data", "x.csv", "--json")
    assert (code, err) == (2, f"error: {message}\n")
    assert json.loads(out) == {
        "error": {"type": "FileNotFoundError", "message": message},
        "exit_code": 2,
    }
    code, out, _ = run_main("predict", "--json")
    assert code == 2
    assert json.loads(out)["exit_code"] == 2
    assert "Missing argument 'RUN'" in json.loads(out)["error"]["message"]


def test_unexpected_errors_in_json(broken, run_main):
    code, out, _ = run_main("predict", "run", "--data", "x.csv", "--json")
    assert code == 1
    assert out.count("\n") == 1
    assert json.loads(out)["error"] == {"type": "KeyError", "message": "'of the\\nprogrammer'"}


def test_errors_that_are_no_sentence_of_ours(monkeypatch, run_main):
    def bug(*args, **kwargs):
        raise TypeError("'NoneType' object is not iterable")

    monkeypatch.setattr("skensemble.persistence.Run.open", bug)
    code, out, err = run_main("predict", "run", "--data", "x.csv")
    assert (code, out) == (2, "")
    assert err == (
        "error: 'NoneType' object is not iterable\nRun it again with --traceback to see where.\n"
    )


def test_what_standard_output_cannot_encode(trained):
    code = "import sys; from skensemble.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "inspect", str(trained.run)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"0.05 ? " in done.stdout  # an arrow, elsewhere


def test_the_stream_is_as_before(capsys, run_main):
    before = sys.stdout.errors
    run_main("nothing")
    assert sys.stdout.errors == before


def test_traceback_on_demand(broken, run_main, monkeypatch):
    code, _, err = run_main("predict", "run", "--data", "x.csv", "--traceback")
    assert code == 1
    assert err.startswith("error: unexpected KeyError: 'of the\\nprogrammer'\nTraceback (most")
    monkeypatch.setenv("SKENSEMBLE_TRACEBACK", "1")
    assert "Traceback (most" in run_main("predict", "run", "--data", "x.csv")[2]


def test_traceback_of_bad_input(run_main, tmp_path):
    code, _, err = run_main("predict", tmp_path / "no", "--data", "x.csv", "--traceback")
    assert code == 2
    assert "Traceback (most recent call last)" in err


def test_ctrl_c_hides_the_greeting_of_tensorflow(capfd):
    def greet(error):
        with silenced_standard_error():
            os.write(2, b"a greeting")
            raise error

    with pytest.raises(KeyboardInterrupt):
        greet(KeyboardInterrupt)
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError):
        greet(ImportError)
    assert capfd.readouterr().err == "a greeting"


def test_hooks_of_the_process_stay(run_main):
    before = sys.excepthook
    run_main("nothing")
    assert sys.excepthook is before
