"""What a traced function is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

# Operations with a state that is a variable, and so an input of the program.
_ON_VARIABLES = (
    "Assert",
    "Assign",
    "Case",
    "Identity",
    "If",
    "NoOp",
    "PartitionedCall",
    "Placeholder",
    "ReadVariableOp",
    "Resource",
    "StatefulPartitionedCall",
    "TensorList",
    "VarIsInitializedOp",
    "While",
)


def operations_in(function) -> Iterator[tuple[str, frozenset[str], bool]]:
    """Walk through the operations of a concrete function and of all that it calls.

    Yields
    ------
    tuple of str, frozenset of str, bool
        Type of the operation, names of the data types that it mentions, and whether it has a
        state.
    """
    from tensorflow.python.framework import op_def_registry

    definition = function.graph.as_graph_def()
    nodes = list(definition.node)
    for inner in definition.library.function:
        nodes.extend(inner.node_def)
    for node in nodes:
        known = op_def_registry.get(node.op)
        yield node.op, frozenset(_types(node)), known is None or known.is_stateful


def _types(node) -> Iterator[str]:
    import tensorflow as tf

    for attribute in node.attr.values():
        if attribute.type:
            yield tf.as_dtype(attribute.type).name


def can_be_shared(function, known: Iterable[Any] = ()) -> bool:
    """Whether a function depends on nothing but its inputs, known variables and constants.

    Operations that call Python, look something up in a table or draw random numbers from a seed of
    their own do. A tensor that it captures is a constant, such as the mean of a Normalization
    layer: what it was traced from has it as an attribute, and is told apart by it.

    Parameters
    ----------
    function : ConcreteFunction
        Traced.
    known : iterable of keras.Variable
        Those whose place others can take.
    """
    import tensorflow as tf

    handles = {id(variable.value.handle) for variable in known}
    captures = [tensor for tensor in function.captured_inputs if id(tensor) not in handles]
    return not any(tensor.dtype in (tf.resource, tf.variant) for tensor in captures) and all(
        name.startswith(_ON_VARIABLES) or not has_state
        for name, _, has_state in operations_in(function)
    )
