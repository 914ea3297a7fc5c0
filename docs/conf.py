"""Configuration of the documentation; ``make docs`` builds it, without the network."""

import os
import re

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from skensemble import __version__

project = "skensemble"
author = "The skensemble developers"
copyright = author  # Sphinx reads this name
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "py:obj"

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autosummary_generate = True
# The members that the template of a class shows; scikeras and Keras bring many more.
autosummary_context = {
    "shown": {
        "skensemble.SnapshotEnsembleClassifier": [
            "fit",
            "predict",
            "predict_proba",
            "member_predict_proba",
            "staged_predict_proba",
            "score",
        ],
        "skensemble.CyclicCosineDecay": ["cycle_ends", "simulate", "get_config"],
        "skensemble.Snapshot": ["is_finite", "nbytes"],
        "skensemble.SnapshotBank": ["paths", "shapes", "nbytes", "with_scores", "check_fits"],
    }
}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = f"skensemble {release}"
html_show_sphinx = False


# reStructuredText takes a bare name that ends in an underscore for a link. In the types of
# parameters, "ndarray of shape (n_features_in_,)", it is an attribute.
_TYPE = re.compile(r"^(\w[\w, ]* : )(.*)$")
_ATTRIBUTE = re.compile(r"(?<![\w`])(\w+_)(?![\w`])")


def quote_attributes_in_types(app, what, name, obj, options, lines):
    for i, line in enumerate(lines):
        if match := _TYPE.match(line):
            lines[i] = match[1] + _ATTRIBUTE.sub(r"``\1``", match[2])


def setup(app):
    # numpydoc, at the usual priority of 500, reads the lines after this.
    app.connect("autodoc-process-docstring", quote_attributes_in_types, priority=400)
