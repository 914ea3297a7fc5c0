"""What only the library under Keras can do."""

from skensemble.backends._cache import CacheInfo, ProgramCache, program_cache
from skensemble.backends._operations import can_be_shared
from skensemble.backends._random import seeded
from skensemble.backends._rebinding import RebindableProgram
from skensemble.backends._tensors import as_tensor
from skensemble.backends._tracing import traced_function
from skensemble.backends._xla import XlaDecision, decide_on_xla

__all__ = [
    "CacheInfo",
    "ProgramCache",
    "RebindableProgram",
    "XlaDecision",
    "as_tensor",
    "can_be_shared",
    "decide_on_xla",
    "program_cache",
    "seeded",
    "traced_function",
]
