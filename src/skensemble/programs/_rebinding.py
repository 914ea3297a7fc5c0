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
    variables : sequence of keras.Variable
        Those of the network and its optimizer.
    scratch : sequence of keras.Variable, default=()
        Variables without a meaning outside the function, such as those of metrics; every binding
        gets its own.

    Attributes
    ----------
    is_shareable : bool
        Whether the function depends on nothing but its arguments and these variables.
    """

    def __init__(self, function, variables: Sequence[Any], scratch: Sequence[Any] = ()):
        self._function = function
        own = {id(_handle(variable)): i for i, variable in enumerate(variables)}
        temporary = {id(_handle(variable)): variable for variable in scratch}
        self._inputs = list(function.captured_inputs)
        self._positions = [own.get(id(tensor)) for tensor in self._inputs]
        self._scratch = {
            i: _Blank(temporary[id(tensor)])
            for i, tensor in enumerate(self._inputs)
            if id(tensor) in temporary and id(tensor) not in own
        }
        self._specs = [_spec(variable) for variable in variables]
        known = (
            position is not None or i in self._scratch for i, position in enumerate(self._positions)
        )
        self.is_shareable = all(known) and can_be_shared(function)

    def bind(self, variables: Sequence[Any]):
        """Return the function on other variables; it takes a flat list of tensors.

        Parameters
        ----------
        variables : sequence of keras.Variable
            In the order of those that the function was traced with.
        """
        if [_spec(variable) for variable in variables] != self._specs:
            raise ValueError("A program runs on variables of the same shapes and types only.")
        blanks = {i: blank.variable() for i, blank in self._scratch.items()}
        inputs = [
            blanks[i].handle
            if i in blanks
            else tensor
            if position is None
            else _handle(variables[position])
            for i, (tensor, position) in enumerate(zip(self._inputs, self._positions, strict=True))
        ]

        def call(arguments: Sequence[Any]):
            return self._function._call_flat(list(arguments), inputs)

        # Handles alone do not keep variables alive.
        call.variables = (list(variables), blanks)
        return call


class _Blank:
    """Makes variables like a given one, all zero."""

    def __init__(self, variable):
        self._shape, self._dtype = tuple(variable.shape), variable.dtype

    def variable(self):
        import tensorflow as tf

        return tf.Variable(tf.zeros(self._shape, self._dtype), trainable=False)


def _handle(variable):
    return variable.value.handle


def _spec(variable) -> tuple[tuple[int, ...], str]:
    return tuple(variable.shape), str(variable.dtype)
