"""Traced TensorFlow programs, and the cache through which fits and predictions share them."""

from skensemble.programs._cache import CacheInfo, ProgramCache, program_cache
from skensemble.programs._fingerprint import fingerprint_of_network, fingerprint_of_training
from skensemble.programs._operations import can_be_shared
from skensemble.programs._rebinding import RebindableProgram
from skensemble.programs._tensors import as_tensor
from skensemble.programs._tracing import traced_function
from skensemble.programs._xla import XlaDecision, decide_on_xla

__all__ = [
    "CacheInfo",
    "ProgramCache",
    "RebindableProgram",
    "XlaDecision",
    "as_tensor",
    "can_be_shared",
    "decide_on_xla",
    "fingerprint_of_network",
    "fingerprint_of_training",
    "program_cache",
    "traced_function",
]
