"""What only TensorFlow can do; `skensemble.backends` says what each name is for."""

from skensemble.backends.tensorflow._functions import trace
from skensemble.backends.tensorflow._prediction_graph import PredictionProgram
from skensemble.backends.tensorflow._process_state import (
    make_exportable,
    obstacle_to_training_in_graph,
    operations_are_deterministic,
    release_memory,
    retracing_warning_silenced,
    seed_generators,
    version,
)
from skensemble.backends.tensorflow._tensors import (
    END_OF_DATA,
    as_tensor,
    batch_stream,
    count_numbers,
    gather_rows,
    tensor_value,
)
from skensemble.backends.tensorflow._training_graph import TrainingProgram, ValidationProgram
