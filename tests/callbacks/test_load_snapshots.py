"""load_snapshots: every kind of model, and errors for other files."""

import os
import re

import h5py
import keras
import numpy as np
import pytest

from builders import Subclassed, compiled, fixed
from skensemble import load_snapshots
from skensemble.backends import seeded


def nested():
    """Twelve layers, shared ones, and one that is a model."""
    inputs = keras.Input((4,))
    shared = keras.layers.Dense(4, name="shared")
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), shared], name="inner")
    x = shared(inputs)
    for _ in range(11):
        x = keras.layers.Dense(4)(x)
    x = keras.layers.BatchNormalization()(keras.layers.Dropout(0.1)(inner(shared(x))))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="last")(x))


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 4), "float32"))
    return model


def values_of(model):
    return [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]


@pytest.fixture
def written(tmp_path):
    """A model, and a folder with three files of other weights and one of the best."""

    def write(build, ending=".weights.h5", trained=True):
        model = compiled(build=build)
        if trained:
            X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
            model.fit(X, np.arange(8) % 3, verbose=0)
        own, expected = model.get_weights(), []
        for i in (9, 10, 8, "Best"):
            weights = [array + (0.5 if i == "Best" else i) for array in own]
            model.set_weights(weights)
            if ending == ".keras":
                model.save(tmp_path / f"Net-{i}.keras")
            else:
                model.save_weights(tmp_path / f"Net-{i}{ending}")
            expected.append(weights)
        model.set_weights(own)
        return model, [expected[2], expected[0], expected[1]]

    return write


@pytest.mark.parametrize("build", [fixed, nested, subclassed])
def test_reads_every_kind_of_model_without_changing_it(written, tmp_path, build):
    model, expected = written(build)
    before = values_of(model)
    bank = load_snapshots(model, tmp_path / "Net-*.weights.h5")
    for snapshot, weights in zip(bank, expected, strict=True):
        for found, wanted in zip(snapshot.weights, weights, strict=True):
            np.testing.assert_array_equal(found, wanted)
    assert [(s.cycle, s.iteration) for s in bank] == [(1, 0), (2, 0), (3, 0)]
    assert bank.paths == tuple(variable.path for variable in model.weights)
    for value, was in zip(values_of(model), before, strict=True):
        np.testing.assert_array_equal(value, was)


def test_forms_of_paths(written, tmp_path):
    model, expected = written(fixed, trained=False)
    files = [tmp_path / f"Net-{i}.weights.h5" for i in (8, 9, 10)]

    def firsts(paths):
        return [float(s.weights[1][0]) for s in load_snapshots(model, paths)]

    wanted = [float(weights[1][0]) for weights in expected]
    assert wanted == [8.0, 9.0, 10.0]
    assert firsts(files) == firsts(tuple(map(str, files))) == wanted
    assert firsts(str(tmp_path)) == firsts(f"{tmp_path}/*.weights.h5") == wanted
    assert firsts(files[::-1]) == wanted[::-1]
    assert firsts(files[1]) == [9.0]
    assert firsts([tmp_path / "Net-Best.weights.h5"]) == [0.5]


def test_whole_models_and_models_that_are_not_compiled(written, tmp_path):
    model, expected = written(fixed, ".keras")
    before = values_of(model)
    bank = load_snapshots(model, tmp_path)
    assert len(bank) == 3
    np.testing.assert_array_equal(bank[1].weights[0], expected[1][0])
    for value, was in zip(values_of(model), before, strict=True):
        np.testing.assert_array_equal(value, was)
    assert len(load_snapshots(fixed(), tmp_path)) == 3


def error_of(kind, *arguments):
    with pytest.raises(kind) as caught:
        load_snapshots(*arguments)
    return str(caught.value)


@pytest.fixture
def good(tmp_path):
    """A file of the weights of the fixed network."""
    fixed().save_weights(tmp_path / "Net-1.weights.h5")
    return tmp_path / "Net-1.weights.h5"


def test_missing_files(good, tmp_path):
    there = f"in {tmp_path} there is Net-1.weights.h5"
    fix = "give the paths of files that SnapshotCallback(prefix=...) has written"
    missing = str(tmp_path / "Net-2.weights.h5")
    assert error_of(FileNotFoundError, fixed(), [good, missing]) == (
        f"paths must be files that exist, got {missing!r} instead: {there}; {fix}."
    )
    pattern = str(tmp_path / "Other-*.h5")
    assert error_of(FileNotFoundError, fixed(), pattern) == (
        "paths must be a folder or a pattern with files such as Model-1.weights.h5, got "
        f"{pattern!r} instead: {there}; {fix}."
    )
    (tmp_path / "empty").mkdir()
    assert error_of(FileNotFoundError, fixed(), tmp_path / "empty").endswith(
        f"in {tmp_path / 'empty'} there is nothing; {fix}."
    )
    nowhere = str(tmp_path / "nowhere" / "Net-1.weights.h5")
    assert error_of(FileNotFoundError, fixed(), nowhere) == (
        f"paths must be files that exist, got {nowhere!r} instead: there is no folder "
        f"{tmp_path / 'nowhere'}; {fix}."
    )


def test_files_of_two_runs(good, tmp_path):
    fixed().save_weights(tmp_path / "Web-1.weights.h5")
    assert error_of(ValueError, fixed(), tmp_path) == (
        f"paths must be files of one training run, got {str(tmp_path)!r} instead: it has files of "
        f"'{tmp_path}/Net-', '{tmp_path}/Web-'; give a pattern that fits one of them, or a list of "
        "files."
    )


@pytest.mark.parametrize(
    ("others", "numbers"),
    [(["Net-01.weights.h5"], "1, 1"), (["Net-2.weights.h5", "Net-4.weights.h5"], "1, 2, 4")],
    ids=["twice", "missing"],
)
def test_numbers_that_are_not_consecutive(good, tmp_path, others, numbers):
    for other in others:
        (tmp_path / other).write_bytes(good.read_bytes())
    message = (
        f"paths must be files numbered one after the other, each number once, got {numbers} "
        "instead: bring the file that is missing, or give a list of those that you want."
    )
    assert error_of(ValueError, fixed(), tmp_path) == message
    assert len(load_snapshots(fixed(), [good, *(tmp_path / other for other in others)])) > 1


def test_layers_of_the_same_shapes_and_names_in_another_order(tmp_path):
    def build(*names):
        layers = [keras.layers.Dense(4, name=name) for name in names]
        return keras.Sequential([keras.Input((4,)), *layers])

    path = tmp_path / "Net-1.weights.h5"
    build("encoder", "head").save_weights(path)
    assert error_of(ValueError, build("head", "encoder"), path) == (
        f"layer 'head' in {path} must be in its place, got the layer 'encoder' there instead: "
        "build the network that the snapshots were trained with."
    )
    # Names that Keras counts may differ, and new names, too.
    for names in [("first", "second"), (None, None), ("encoder", "head")]:
        assert len(load_snapshots(build(*names), path)) == 1


@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
@pytest.mark.parametrize("damage", ["empty", "truncated", "text"])
def test_damaged_files(good, tmp_path, damage, ending):
    path = tmp_path / f"Bad{ending}"
    if ending == ".keras":
        fixed().save(path)
    else:
        fixed().save_weights(path)
    content = {"empty": b"", "truncated": path.read_bytes()[:-500], "text": b"not weights"}
    path.write_bytes(content[damage])
    what = "empty" if damage == "empty" else f"{len(content[damage])} bytes that are not readable"
    model = fixed()
    before = model.get_weights()
    message = error_of(ValueError, model, [good, path])
    assert message.startswith(
        f"the file {path} must be .weights.h5 or .keras of Keras 3, got {what}"
    )
    assert message.endswith(" instead: write it again: it is damaged.")
    for array, was in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, was)


def test_an_hdf5_file_without_weights(tmp_path):
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:
        file.create_group("layers")
    assert error_of(ValueError, fixed(), [path]) == (
        f"the file {path} must be .weights.h5 or .keras of Keras 3, got an HDF5 file without "
        "weights instead: write it again."
    )


@pytest.mark.parametrize("whole", [False, True])
def test_files_of_older_keras(tmp_path, whole):
    path = tmp_path / "old-1.h5"
    with h5py.File(path, "w") as file:  # as Keras 1 and 2 wrote them
        group = file.create_group("model_weights") if whole else file
        group.attrs["layer_names"] = [b"dense"]
        group.create_group("dense").attrs["weight_names"] = [b"dense/kernel:0"]
        group["dense"]["dense/kernel:0"] = np.zeros((4, 8))
    assert error_of(ValueError, fixed(), [path]) == (
        f"the file {path} must be .weights.h5 or .keras of Keras 3, got in the format of Keras 1 "
        "and 2 instead: load it into the model with model.load_weights(path), and write it with "
        "model.save_weights('name.weights.h5')."
    )


def wider():
    return fixed(units=9)


def deeper():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu")])
    model.add(keras.layers.Dense(3, name="middle"))
    model.add(keras.layers.Dense(3, activation="softmax", name="top"))
    return model


def no_bias():
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, use_bias=False, name="plain"),
            keras.layers.Dense(3),
        ]
    )


@pytest.mark.parametrize(
    ("in_file", "in_model", "layer", "must", "got"),
    [
        (
            wider,
            "fixed",
            "first",
            "2 variables of shapes (4, 8), (8,)",
            "2 variables of shapes (4, 9), (9,)",
        ),
        (
            fixed,
            "deeper",
            "top",
            "2 variables of shapes (3, 3), (3,)",
            "no layers/dense_2 among its 2 layers",
        ),
        (
            deeper,
            "fixed",
            "top",
            "absent, as in the model, which has 2 layers with variables",
            "2 variables of shapes (3, 3), (3,) among 3 layers",
        ),
        (
            fixed,
            "no_bias",
            "plain",
            "1 variable of shape (4, 8)",
            "2 variables of shapes (4, 8), (8,)",
        ),
    ],
    ids=["width", "missing layer", "additional layer", "number of variables"],
)
def test_another_architecture(tmp_path, in_file, in_model, layer, must, got):
    path = tmp_path / "Net-1.weights.h5"
    in_file().save_weights(path)
    model = {"fixed": fixed, "deeper": deeper, "no_bias": no_bias}[in_model]()
    name = model.layers[0].name if layer == "first" else layer
    assert error_of(ValueError, model, path) == (
        f"layer {name!r} in {path} must be {must}, got {got} instead: build the network that the "
        "snapshots were trained with."
    )


def test_the_first_layer_that_differs_is_the_first_of_the_network(tmp_path):
    """Not the first by name: dense_10 comes before dense_2 in the file."""

    def stack(width):
        model = keras.Sequential([keras.Input((4,))])
        for i in range(12):
            model.add(keras.layers.Dense(4 if i < 2 else width, name=f"layer_{i}"))
        return model

    stack(5).save_weights(tmp_path / "Net-1.weights.h5")
    assert error_of(ValueError, stack(4), tmp_path).startswith("layer 'layer_2' in ")


def test_random_state_is_not_a_weight(tmp_path):
    def network(rate):
        layers = [keras.layers.Dropout(rate)] if rate else []
        return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3)])

    network(0.5).save_weights(tmp_path / "Net-1.weights.h5")
    assert len(load_snapshots(network(0.0), tmp_path)) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (None, "a"),
            TypeError,
            "model must be a Keras model, got None instead: pass the network that the snapshots "
            "were trained with.",
        ),
        (
            (Subclassed(), "a"),
            ValueError,
            "model must be built, so that its weights can be compared with the files, got a model "
            "that is not built instead: call it on a few rows, or build(input_shape).",
        ),
        (
            (fixed(), []),
            ValueError,
            "paths must be a list of files, a pattern such as 'weights/Model-*.weights.h5', or a "
            "folder, got [] instead: give at least one file.",
        ),
        (
            (fixed(), 3),
            TypeError,
            "paths must be a list of files, a pattern such as 'weights/Model-*.weights.h5', or a "
            "folder, got 3 instead: give the names of files.",
        ),
    ],
    ids=["no model", "not built", "no files", "no paths"],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        load_snapshots(*arguments)


def test_weights_are_as_before_if_keras_cannot_load(good, monkeypatch):
    with seeded(1):
        model = fixed()
    before = model.get_weights()

    def fails(model, path, **kwargs):
        model.set_weights([array + 1 for array in model.get_weights()])
        raise OSError("cannot read")

    monkeypatch.setattr(keras.saving, "load_weights", fails)
    assert error_of(ValueError, model, [good]) == (
        f"the file {os.fspath(good)} must be one that Keras can load into the model, got cannot "
        "read instead: write it again: it is damaged, or of another architecture."
    )
    for array, was in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, was)
