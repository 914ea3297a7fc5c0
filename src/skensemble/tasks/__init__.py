"""What differs between kinds of targets: one file each.

A task is an immutable record that `fit` learns from y, with these methods:

- ``transform(y, name)`` and ``inverse_transform(targets)``: from y as the user writes it to the
  targets that training and weighting take, and back;
- ``meta()``: what a builder of networks may know of y;
- ``weight_of_each_class(class_weight, targets)``;
- ``split_holdout(targets, fraction, seed)`` and ``why_no_holdout(targets, fraction)``;
- ``check_can_train(targets)`` and ``check_can_weigh(targets, seen, ...)``: errors before training;
- ``default_loss(n_units)``, ``check_width(shape)``, ``check_names_all(n_units, ...)`` and
  ``output_layer(n_units, from_logits)``: which last layer the network may have, what it means;
- ``target_width(n_units, wants_rows)``: the form in which a loss or a metric takes the targets;
- ``find_weights``, ``evaluate_weights`` and ``scores``: the criteria for combination weights;
- ``at_chance(predictions, targets, sample_weight)``: whether a network has learned nothing.
"""

from skensemble.tasks._output_layer import OutputLayer
from skensemble.tasks._stratified_holdout import split_holdout, why_no_holdout
from skensemble.tasks.classification import Classification, class_indices
