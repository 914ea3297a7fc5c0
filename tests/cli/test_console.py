"""Output: a stream that fails ends no work."""

import io
import os
import subprocess
import sys

import pytest

from skensemble.cli._console import output

CODE = """
import sys
from pathlib import Path
from skensemble.cli._console import output
from skensemble.cli._errors import exit_code_of

def command():
    with output(as_json={as_json}) as out:
        with out.logging_to(Path(sys.argv[1])):
            for i in range(3):
                out.say(f"line {{i}}")
            out.table("title", ["a", "b"], [["c", "1"]])
            out.warn("beware")
        out.result(a=1)
    return 0

sys.exit(exit_code_of(command, {{}}))
"""


@pytest.fixture
def call(tmp_path):
    """Run that code with streams of its own; exit code, log and standard error."""

    def run(as_json=False, **streams):
        log = tmp_path / "log.txt"
        code = CODE.format(as_json=as_json)
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        done = subprocess.run([sys.executable, "-c", code, log], text=True, **streams)
        return done, log.read_text()

    return run


@pytest.fixture
def closed_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def check_log(log):
    assert log.startswith("line 0\nline 1\nline 2\ntitle")
    assert log.endswith("warning: beware\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_closed_pipe(as_json, call, closed_pipe):
    """As after ``| head``."""
    done, log = call(as_json, stdout=closed_pipe)
    assert done.returncode == 0
    assert done.stderr.endswith("warning: beware\n")
    assert "Broken" not in done.stderr
    check_log(log)


def test_standard_error_may_close_alone(call, closed_pipe):
    done, log = call(True, stderr=closed_pipe)
    assert (done.returncode, done.stdout) == (0, '{"a": 1}\n')
    check_log(log)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a device that is full")
@pytest.mark.parametrize("as_json", [False, True])
def test_a_full_disk(as_json, call):
    with open("/dev/full", "w") as full:
        done, log = call(as_json, stdout=full)
    assert done.returncode == 2
    assert done.stderr.endswith(
        "warning: beware\nerror: All is done, but not all could be said: [Errno 28] No space left "
        "on device.\n"
    )
    check_log(log)


def test_an_error_of_the_command_is_the_one_that_is_told(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError("full")

    def command():
        with output() as out:
            out.say("a line")
            out.say("another line")
            raise ValueError("bad")

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(ValueError, match="^bad$"):
        command()
