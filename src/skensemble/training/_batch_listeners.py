"""Which callbacks are to be called after every batch."""

from collections.abc import Iterable

import keras

_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


def listeners_to_batches(callbacks: Iterable) -> list[str]:
    """Name the callbacks, in any nesting of lists, that have hooks for batches and use them."""
    found = []
    for callback in callbacks:
        if isinstance(callback, list | tuple):
            found += listeners_to_batches(callback)
        elif _has_batch_hook(callback) and not _waits_for_epochs(callback):
            found.append(type(callback).__name__)
    return found


def _has_batch_hook(callback) -> bool:
    return any(
        hook in vars(callback)  # as in a LambdaCallback
        or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )


def _waits_for_epochs(callback) -> bool:
    """Whether it is one of Keras's callbacks, with hooks for batches that it does not use now."""
    if type(callback) is keras.callbacks.ModelCheckpoint:
        return callback.save_freq == "epoch"
    if type(callback) is keras.callbacks.TensorBoard:
        profiles = callback._start_batch or callback._stop_batch
        return callback.update_freq == "epoch" and not (profiles or callback.write_steps_per_second)
    return type(callback) is keras.callbacks.ProgbarLogger
