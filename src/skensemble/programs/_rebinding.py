"""A traced function that runs on the variables of any network like the one it was traced with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skensemble.programs._operations import can_be_shared


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
        Variables that are set before they are read, such as those of metrics.

    Attributes
    ----------
    is_shareable : bool
        Whether the function depends on nothing but its arguments and these variables.
    """

    def __init__(self, function, variables: Sequence[Any] = (), scratch: Sequence[Any] = ()):
        self._function = function
        own = {id(_handle(variable)): i for i, variable in enumerate(variables)}
        temporary = {id(_handle(variable)): variable for variable in scratch}
        temporary = {id(_handle(variable)): i for i, variable in enumerate(scratch)}
        self._inputs = list(function.captured_inputs)
        self._positions = [own.get(id(tensor)) for tensor in self._inputs]
        self._scratch_positions = [temporary.get(id(tensor)) for tensor in self._inputs]
        self._specs = [_spec(variable) for variable in variables]
        self._scratch_specs = [_spec(variable) for variable in scratch]
        known = zip(self._positions, self._scratch_positions, strict=True)
        self.is_shareable = all(
            position is not None or scratch_position is not None
            for position, scratch_position in known
        ) and can_be_shared(function)

    def bind(self, variables: Sequence[Any] = (), scratch: Sequence[Any] | None = None):
        """Return the function on other variables; it takes a flat list of tensors.

        Parameters
        ----------
        variables : sequence of keras.Variable, default=()
            In the order of those that the function was traced with.
        scratch : sequence of keras.Variable, optional
            The same for those that are set before they are read; by default, new ones.
        """
        import tensorflow as tf

        if scratch is None:
            zeros = [tf.zeros(shape, dtype) for shape, dtype in self._scratch_specs]
            blanks = [tf.Variable(zero, trainable=False) for zero in zeros]
        else:
            blanks = [variable.value for variable in scratch]
        specs = [_spec(variable) for variable in (*variables, *blanks)]
        if specs != [*self._specs, *self._scratch_specs]:
            raise ValueError("A program runs on variables of the same shapes and types only.")
        places = zip(self._inputs, self._positions, self._scratch_positions, strict=True)
        inputs = [
            _handle(variables[i])
            if i is not None
            else blanks[j].handle
            if j is not None
            else tensor
            for tensor, i, j in places
        ]

        return _Bound(self._function, inputs, (list(variables), blanks))


class _Bound:
    """A function with its variables, which handles alone would not keep alive."""

    def __init__(self, function, inputs, variables):
        self._function, self._inputs, self._variables = function, inputs, variables

    def __call__(self, arguments: Sequence[Any]):
        return self._function._call_flat(list(arguments), self._inputs)


def _handle(variable):
    return variable.value.handle


def _spec(variable) -> tuple[tuple[int, ...], str]:
    import tensorflow as tf

    return tuple(variable.shape), tf.as_dtype(variable.dtype).name
