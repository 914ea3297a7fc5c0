"""What only the library under Keras can do: one module per backend, all with the same functions.

``keras.backend.backend()`` names the module. A new backend is one module beside ``tensorflow`` with
these names, and one line in this file:

``version() -> str``
    Version of the library.
``as_tensor(array) -> tensor``
    The values of an array, floats as Keras's default float type; without a copy where that can be.
``tensor_value(value) -> ndarray, str or None``
    For comparisons: the values of a tensor of the library, the text of one of its types or shapes,
    None for anything else.
``gather_rows(tensor, places)``, ``count_numbers(numbers, n)``
    The items of a tensor at places that are not negative; how often each of the first n whole
    numbers occurs in each row, float32. For augmentation, where Keras's own are slower.
``operations_are_deterministic() -> bool``
    A setting of the process that changes what is traced.
``seed_generators(seed) -> context manager``
    The library's own global random generator starts from ``seed``; on exit it is as before.
``release_memory() -> None``
    Give back what the library keeps of programs that are gone.
``trace(function, shape, dtype) -> symbolic tensor``
    The result of a function of one tensor, as part of a graph; raises what the function raises
    there. The first entry of the shape may be None.
``batch_stream(data, first_epoch, n_epochs) -> object that Model.fit takes``
    The batches of a ``TrainingData``, an epoch after the other, each in ``data.order(epoch)``.
``END_OF_DATA``
    Exceptions with which an iterator of the library ends.
``retracing_warning_silenced() -> context manager``
    The library does not warn that every network is traced.
``make_exportable(optimizer) -> None``
    Undo what keeps a model from being exported after its optimizer got another learning rate.
``obstacle_to_training_in_graph(model) -> str or None``
    Why ``TrainingProgram`` cannot train this model, if so.

``TrainingProgram(model, signature, *, numbers, rate_from, final_variables, augmentation=None)``
    Many iterations in one call, for any network like ``model``, compiled and its optimizer built.
    ``numbers`` is an example of what the rate depends on, as NumPy scalars; ``rate_from`` leads
    from such numbers, as tensors, to a context in which the optimizer's rate depends on them;
    ``final_variables`` are those that must stay finite. It has

    * ``xla``, an `XlaDecision`, made from the network and the shapes alone;
    * ``is_shareable``: whether it computes the same for every network of the same fingerprint;
    * ``bind(model, augmentation=None, keep_metrics=False)``, which returns
      ``advance(data, orders, first, last, numbers)``.

    ``advance`` trains the variables of the model in place, ``model.train_step`` on one batch after
    the other: ``data`` are tensors of X, the targets and, where there are any, the weights of all
    rows; ``orders``, int64 of shape (epochs, n_rows), has the rows in the order of each epoch;
    ``first`` and ``last`` are the first iteration and the one to stop before, counted from the
    start of the first of these epochs. Metrics are reset where an epoch begins; with
    ``keep_metrics`` the model's own hold their state, where callbacks see it. It returns the
    iterations done (fewer where an epoch ends with a loss and final variables that are not finite)
    and the logs, a dict of arrays with one value for each epoch begun. The bits may not depend on
    how a training is cut into calls.
``ValidationProgram(model, signature)``
    The same for ``model.test_step``: ``bind(model, keep_metrics=False)`` returns ``evaluate(data,
    rows)``, which returns a dict of numbers.
``PredictionProgram(model, states, row_shape, dtype)``
    A network as a function of its weights, and of its other variables, ``states``. It has ``xla``
    and ``is_shareable`` as above, and

    * ``of_members(n)``: a program that takes X, states and n lists of weights, and returns outputs
      of shape (n, rows, units), float32;
    * ``combined(n, output_layer, n_rows)``: one that takes X, the combination weights, states and
      the weights stacked over n members, and returns class probabilities, float64 of shape
      (n_rows, k), the weighted mean of ``output_layer.to_probabilities`` of each member.

    These take and return flat lists of tensors, and read nothing of the model.

All programs may be called from several threads. What depends on no backend is in this folder: the
program cache, seeding, records.
"""

import keras

from skensemble.backends._cache import CacheInfo, ProgramCache, program_cache
from skensemble.backends._records import Signature, XlaDecision
from skensemble.backends._seeding import seeded

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"skensemble needs Keras to run on TensorFlow, but it runs on {keras.backend.backend()}: "
        "set KERAS_BACKEND=tensorflow before Keras is imported."
    )
from skensemble.backends.tensorflow import *  # noqa: F403
