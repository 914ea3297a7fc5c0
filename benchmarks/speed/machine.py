"""What the figures were measured on."""

import datetime as dt
import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("tensorflow", "keras", "scikit-learn", "scikeras", "numpy")


def describe(torch_versions=None):
    """Return the machine, the versions and the date.

    Parameters
    ----------
    torch_versions : dict of str to str, optional
        Versions in the environment of Ensemble-PyTorch.

    Returns
    -------
    dict of str to str
        Labels and values, in the order to print them.
    """
    versions = {name: metadata.version(name) for name in PACKAGES}
    versions |= torch_versions or {"torch": "not measured"}
    return {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores ({platform.machine()})",
        "system": _system(),
        "Python": platform.python_version(),
        **versions,
        "date": dt.date.today().isoformat(),
    }


def _cpu_model():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


def _system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
