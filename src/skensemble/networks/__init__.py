"""Building, compiling, copying and comparing Keras networks."""

from skensemble.networks._building import (
    build_network,
    builder_of,
    note_trained,
    unseen_by_builder,
)
from skensemble.networks._calling import dense_rows, prediction_mode
from skensemble.networks._compiling import (
    N_PROBE_ROWS,
    check_compiled_as_asked,
    check_outputs,
    outputs_of,
    prepare_network,
    warn_if_rate_is_replaced,
)
from skensemble.networks._copying import (
    architecture_of,
    check_fits,
    copy_layer,
    copy_model,
    model_from,
    recompile_arguments,
    set_weights,
)
from skensemble.networks._export import ensemble_model
from skensemble.networks._fingerprint import fingerprint_of_network, fingerprint_of_training
from skensemble.networks._keras_values import (
    clone_parameter,
    dump_by_value,
    fresh_copy,
    holds_keras,
    without_model,
)
from skensemble.networks._optimizer import (
    CountingLossScaleOptimizer,
    check_cycle_lengths,
    final_variables,
    final_weights,
    has_stepped,
    install_schedule,
    learning_rate_note,
    leave_constant_rate,
    own_learning_rate,
    stepping_optimizers,
)
from skensemble.networks._request import NetworkRequest
from skensemble.networks._scikeras import (
    ROUTES,
    KerasClassifier,
    callback_list,
    compile_arguments,
)

__all__ = [
    "N_PROBE_ROWS",
    "ROUTES",
    "CountingLossScaleOptimizer",
    "KerasClassifier",
    "NetworkRequest",
    "architecture_of",
    "build_network",
    "builder_of",
    "callback_list",
    "check_compiled_as_asked",
    "check_cycle_lengths",
    "check_fits",
    "check_outputs",
    "clone_parameter",
    "compile_arguments",
    "copy_layer",
    "copy_model",
    "dense_rows",
    "dump_by_value",
    "ensemble_model",
    "final_variables",
    "final_weights",
    "fingerprint_of_network",
    "fingerprint_of_training",
    "fresh_copy",
    "has_stepped",
    "holds_keras",
    "install_schedule",
    "learning_rate_note",
    "leave_constant_rate",
    "model_from",
    "note_trained",
    "outputs_of",
    "own_learning_rate",
    "prediction_mode",
    "prepare_network",
    "recompile_arguments",
    "set_weights",
    "stepping_optimizers",
    "unseen_by_builder",
    "warn_if_rate_is_replaced",
    "without_model",
]
