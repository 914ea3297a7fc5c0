"""Whether to compile a training step with XLA."""

import tensorflow as tf

from skensemble.backends._records import XlaDecision
from skensemble.backends.tensorflow._functions import operations_in

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


def decide_on_xla(function, jit_compile: bool) -> XlaDecision:
    """Decide whether XLA pays for a traced function.

    The decision depends on the function alone, so that the same network always gives the same
    bits.
    """
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
