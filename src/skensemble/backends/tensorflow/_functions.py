"""Tracing functions, judging them, and running them on any network of one architecture."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from skensemble.backends._records import XlaDecision

# Operations whose state is a variable, and so an input of the program.
_ON_VARIABLES = tuple(
    """
    Assert Assign Case Identity If NoOp PartitionedCall Placeholder ReadVariableOp Resource
    StatefulPartitionedCall TensorList VarIsInitializedOp While
    """.split()  # noqa: SIM905
)

# What dense networks, their losses, metrics and optimizers are made of. On CPUs XLA is faster with
# these, at every width measured (benchmarks/xla.py). It is slower with random numbers, and with
# convolutions of images (benchmarks/speed); what is not listed has not been measured.
_FAST_OPERATIONS = """
    Abs Add AddN AddV2 All Any ArgMax AssignAddVariableOp AssignSubVariableOp AssignVariableOp
    BatchMatMulV2 BatchMatMulV3 BiasAdd BiasAddGrad Bitcast BitwiseAnd BroadcastGradientArgs
    BroadcastTo Cast ConcatV2 Const Cos DivNoNan Elu EluGrad Equal Erf Erfc Exp ExpandDims Expm1
    Fill FloorDiv FloorMod GatherV2 Greater GreaterEqual Identity IdentityN If IsFinite L2Loss
    LeakyRelu LeakyReluGrad Less LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
    MatMul Max Maximum Mean Min Minimum Mul Neg NoOp NotEqual OneHot OnesLike Pack PartitionedCall
    Placeholder Pow Prod Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Relu6Grad ReluGrad
    Reshape Rsqrt RsqrtGrad Select SelectV2 Selu SeluGrad Shape Sigmoid SigmoidGrad Sign Sin Size
    Slice Softmax SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SoftsignGrad
    SparseSoftmaxCrossEntropyWithLogits Sqrt SqrtGrad Square SquaredDifference Squeeze
    StatefulPartitionedCall StatelessIf StopGradient StridedSlice Sub Sum Tanh TanhGrad Tile
    Transpose Unpack Xdivy Xlogy ZerosLike
"""
_FAST = frozenset(_FAST_OPERATIONS.split())
_NOT_MEASURED = {"half", "float16", "bfloat16", "complex64", "complex128"}


def traced_function(python_function=None, **options):
    """Make a ``tf.function`` of a function as it is, without rewriting its source."""
    return tf.function(python_function, autograph=False, **options)


def trace(function, shape: Sequence[int | None], dtype):
    spec = tf.TensorSpec(shape, dtype)
    return traced_function(function).get_concrete_function(spec).structured_outputs


class Program:
    """A traced function whose variables are arguments.

    A function that is traced in the usual way keeps the variables of the network that it was
    traced with. Here, the Keras variables stand for those that the program is called with, so that
    it holds none, and serves every network of the same architecture.
    """

    def __init__(
        self, function, specs: Sequence[Any], variables: Sequence[Any] = (), *, jit_compile=None
    ):
        def with_variables(values, *arguments):
            with _standing_for(variables, values):
                return function(*arguments)

        values = [variable.value for variable in variables]
        traced = traced_function(with_variables, jit_compile=jit_compile)
        concrete = traced.get_concrete_function(values, *specs)
        self._kinds = [_kind(value) for value in values]
        # Constants, and what the network keeps outside of its variables.
        self._captured = list(concrete.captured_inputs)
        self._call = concrete.inference_fn.call_flat
        self.is_shareable = is_shareable(concrete)

    def bind(self, variables: Sequence[tf.Variable] = ()):
        """Return the function on these variables; from tensors to tensors, in flat lists."""
        if [_kind(variable) for variable in variables] != self._kinds:
            raise ValueError("A program runs on variables of the same shapes and types only.")
        handles = [variable.handle for variable in variables]

        def call(tensors: Sequence[Any], _variables=variables):  # handles do not keep them alive
            return self._call(*handles, *tensors, *self._captured)

        return call

    def __call__(self, tensors: Sequence[Any]):
        return self._call(*tensors, *self._captured)


@contextlib.contextmanager
def _standing_for(variables: Sequence[Any], values: Sequence[tf.Variable]) -> Iterator[None]:
    """Let Keras variables read and change other variables of TensorFlow than their own."""
    own = [variable._value for variable in variables]
    try:
        for variable, value in zip(variables, values, strict=True):
            variable._value = value
        yield
    finally:
        for variable, value in zip(variables, own, strict=True):
            variable._value = value


def _kind(variable: tf.Variable) -> tuple[tuple[int, ...], str]:
    return tuple(variable.shape), variable.dtype.name


def operations_in(concrete) -> Iterator[tuple[str, frozenset[str], bool]]:
    """Go through the operations of a concrete function and of all functions that it calls."""
    definition = concrete.graph.as_graph_def()
    nodes = list(definition.node)
    for inner in definition.library.function:
        nodes.extend(inner.node_def)
    for node in nodes:
        known = op_def_registry.get(node.op)
        types = {tf.as_dtype(value.type).name for value in node.attr.values() if value.type}
        yield node.op, frozenset(types), known is None or known.is_stateful


def is_shareable(concrete) -> bool:
    """Whether a concrete function depends on nothing but its arguments and constants.

    Operations that call Python, look something up in a table or draw random numbers from a seed of
    their own do. A captured tensor is a constant, such as the mean of a Normalization layer: the
    network has it as an attribute, which is part of its fingerprint.
    """
    holds_state = any(t.dtype in (tf.resource, tf.variant) for t in concrete.captured_inputs)
    return not holds_state and all(
        name.startswith(_ON_VARIABLES) or not has_state
        for name, _, has_state in operations_in(concrete)
    )


def decide_on_xla(function, jit_compile: bool) -> XlaDecision:
    """Decide, from a function alone: the same network always gives the same bits."""
    if jit_compile or tf.config.list_physical_devices("GPU"):
        return XlaDecision(bool(jit_compile), f"compiled with jit_compile={jit_compile}")
    found = list(operations_in(function))
    slow = sorted({name for name, _, _ in found} - _FAST)
    if slow:
        return XlaDecision(False, f"XLA is slow on CPUs, or not measured, with {', '.join(slow)}")
    types = frozenset().union(*(types for _, types, _ in found)) & _NOT_MEASURED
    if types:
        return XlaDecision(False, f"XLA has not been measured with {', '.join(sorted(types))}")
    return XlaDecision(True, "the network is dense: XLA joins its many small operations")
