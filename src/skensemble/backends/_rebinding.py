"""A traced function that runs on the variables of any network like the one it was traced with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skensemble.backends._operations import can_be_shared


class RebindableProgram:
    """A concrete function whose variables are arguments.

    TensorFlow hands a traced function the variables that it uses as additional inputs. Here they
    are looked up among the variables of a network, by position, so that another network of the
    same architecture can take its place.

    Parameters
    ----------
    function : ConcreteFunction
        Traced with the variables of one network.
    variables : sequence of keras.Variable, default=()
        Those of the network and its optimizer.
    scratch : sequence of keras.Variable, default=()
        Variables that start anew with every binding, such as those of metrics.

    Attributes
    ----------
    is_shareable : bool
        Whether the function depends on nothing but its arguments and these variables.
    """

    def __init__(self, function, variables: Sequence[Any] = (), scratch: Sequence[Any] = ()):
        own = {id(_handle(variable)): i for i, variable in enumerate(variables)}
        temporary = {id(_handle(variable)): i for i, variable in enumerate(scratch)}
        inputs = function.captured_inputs
        self._positions = [own.get(id(tensor)) for tensor in inputs]
        self._scratch_positions = [temporary.get(id(tensor)) for tensor in inputs]
        self._specs = [_spec(variable) for variable in variables]
        self._scratch_values = [variable.numpy() for variable in scratch]
        places = zip(self._positions, self._scratch_positions, inputs, strict=True)
        self._others = [
            tensor if position is None and scratch_position is None else None
            for position, scratch_position, tensor in places
        ]
        self.is_shareable = can_be_shared(function, known=[*variables, *scratch])
        self._function = function._inference_function
        if self.is_shareable:
            _forget_graphs(self._function)

    def bind(self, variables: Sequence[Any] = (), scratch: Sequence[Any] | None = None):
        """Return the function on other variables; it takes a flat list of tensors.

        Parameters
        ----------
        variables : sequence of keras.Variable, default=()
            In the order of those that the function was traced with.
        scratch : sequence of keras.Variable, optional
            The same for those that start anew; by default they are new, with the values that they
            had when the function was traced.
        """
        import tensorflow as tf

        if scratch is None:
            blanks = [tf.Variable(value, trainable=False) for value in self._scratch_values]
        else:
            blanks = [variable.value for variable in scratch]
        specs = [_spec(variable) for variable in variables]
        if specs != self._specs or len(blanks) != len(self._scratch_values):
            raise ValueError("A program runs on variables of the same shapes and types only.")
        places = zip(self._positions, self._scratch_positions, self._others, strict=True)
        inputs = [
            _handle(variables[i])
            if i is not None
            else blanks[j].handle
            if j is not None
            else tensor
            for i, j, tensor in places
        ]
        return _Bound(self._function, inputs, (list(variables), blanks))


class _Bound:
    """A function with its variables, which handles alone would not keep alive."""

    def __init__(self, function, inputs, variables):
        self._function, self._inputs, self._variables = function, inputs, variables

    def __call__(self, arguments: Sequence[Any]):
        return self._function.call_preflattened([*arguments, *self._inputs])


def _forget_graphs(function) -> None:
    """Let go of the graphs that a function was made of, and of the variables that they hold.

    TensorFlow runs functions by their names. From the graphs it would only make others.
    """
    function._cached_graph = None
    for child in function.children:
        _forget_graphs(child)


def _handle(variable):
    return variable.value.handle


def _spec(variable) -> tuple[tuple[int, ...], str]:
    import tensorflow as tf

    return tuple(variable.shape), tf.as_dtype(variable.dtype).name
