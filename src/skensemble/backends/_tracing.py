"""Making graphs of functions."""

from __future__ import annotations


def traced_function(python_function=None, **options):
    """Make a ``tf.function`` of a function as it is, without a rewriting of its source."""
    import tensorflow as tf

    return tf.function(python_function, autograph=False, **options)
