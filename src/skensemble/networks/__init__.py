"""Building, compiling, copying and comparing Keras networks."""

from skensemble.networks._building import build_network, builder_of, note_trained, unseen_by_builder
from skensemble.networks._compiling import (
    N_PROBE_ROWS,
    check_compiled_as_asked,
    check_outputs,
    dense_rows,
    outputs_of,
    prepare_network,
)
from skensemble.networks._copying import (
    architecture_of,
    check_fits,
    copy_layer,
    copy_model,
    model_from,
    prediction_mode,
    recompile_arguments,
    set_weights,
)
from skensemble.networks._export import ensemble_model
from skensemble.networks._fingerprint import fingerprint_of_network, fingerprint_of_training
from skensemble.networks._keras_values import (
    clone_parameter,
    dump_by_value,
    fresh_copy,
    without_model,
)
from skensemble.networks._optimizer import (
    CountingLossScaleOptimizer,
    check_cycle_lengths,
    final_variables,
    final_weights,
    install_schedule,
    leave_constant_rate,
    own_learning_rate,
    stepping_optimizers,
    warn_if_rate_is_replaced,
)
from skensemble.networks._scikeras import (
    ROUTES,
    KerasClassifier,
    NetworkRequest,
    callback_list,
)
