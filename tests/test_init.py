"""The package as a whole."""

import subprocess
import sys

import pytest

import skensemble

NOT_ON_IMPORT = (
    "tensorflow",
    "keras",
    "sklearn",
    "scipy",
    "pandas",
    "matplotlib",
    "pyarrow",
    "PIL",
)


def loaded_by(code):
    """Names of NOT_ON_IMPORT that a fresh process has loaded after ``code``."""
    program = f"{code}\nimport sys\nprint(*[m for m in {NOT_ON_IMPORT} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return result.stdout.split()


def test_import_loads_no_framework():
    assert loaded_by("import skensemble; dir(skensemble); skensemble.__version__") == []


def test_weighting_loads_no_keras():
    loaded = loaded_by("import skensemble; skensemble.weighting.solve_log_loss")
    assert "scipy" in loaded
    assert not {"tensorflow", "keras", "sklearn"} & set(loaded)


@pytest.mark.parametrize("name", skensemble.__all__)
def test_public_names_exist(name):
    assert name in dir(skensemble)
    assert getattr(skensemble, name).__doc__


def test_unknown_names_raise():
    with pytest.raises(AttributeError, match="^module 'skensemble' has no attribute 'nothing'$"):
        skensemble.nothing
