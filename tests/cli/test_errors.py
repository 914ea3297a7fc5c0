"""Bad input of train and predict: the whole line, exit code 2, nothing left behind."""

import numpy as np
import pytest

_ONE = ("--M", "1", "--epochs", "1")


@pytest.fixture
def refused(run_main, tmp_path):
    """Call ``main``; the line of its error."""

    def call(*arguments):
        code, out, err = run_main(*arguments)
        assert code == 2
        assert "Traceback" not in out + err
        line, rest = err.split("\n", 1)
        assert rest == ""
        assert line.startswith("error: ")
        assert not (tmp_path / "run").exists()
        return line.removeprefix("error: ")

    return call


@pytest.fixture
def train(files, tmp_path):
    """Arguments of ``train`` for a file, and options."""

    def arguments(name, *options):
        source = files / name if (files / name).exists() else tmp_path / name
        target = ("--target", "kind") if name == "table.csv" else ()
        return ("train", "--data", source, *target, "--out", tmp_path / "run", *_ONE, *options)

    return arguments


_OWN = "--set must be a parameter without an option of its own, got"
_NAMES = "one of 'wrn', 'dn', 'resnext', 'senet', 'mlp'"
_OPTIONS = [
    (
        ("--model", "vgg"),
        f"--model must be {_NAMES}, or a function of yours, MODULE:FUNCTION or FILE.py:FUNCTION, "
        "got 'vgg' instead: wrn is a Wide ResNet, for images.",
    ),
    (
        ("--model", "dn", "--dn_depth", "12"),
        "--depth must be 3 n + 4, got 12 instead: the nearest are 10 and 13.",
    ),
    (
        ("--model", "wrn", "--depth", "17"),
        "--depth must be 6 n + 4, got 17 instead: the nearest are 16 and 22.",
    ),
    (
        ("--model", "wrn", "--wrn_N", "0"),
        "--wrn_N must be an integer of at least 1, got 0 instead: 2 makes WRN-16, 4 makes WRN-28.",
    ),
    (
        ("--model", "wrn", "--wrn_N", "1", "--depth", "16"),
        "--depth must be 10, as the other spelling of it says, got 16 instead: give only one of "
        "the two.",
    ),
    (
        ("--model", "wrn", "--growth-rate", "12"),
        "--growth-rate must be left out, except with --model dn, got given with --model wrn "
        "instead: the options of wrn are --depth, --width, --dropout, --weight-decay.",
    ),
    (
        ("--model", "mlp", "--units", "8;8"),
        "--units must be whole numbers with commas, got '8;8' instead: 64,64 makes two blocks of "
        "64 units.",
    ),
    (
        ("--model", "nowhere.py:build"),
        "--model must be a file that exists, got nowhere.py, which does not exist instead: give "
        "the path of a file with a function that builds a network.",
    ),
    (("--model", "no_such_module:build"), "No module named 'no_such_module'"),
    (
        ("--model", "math:tau"),
        "--model must be a function of math, got 'tau', which math does not define; it has ",
    ),
    (
        ("--model", "mlp", "--validation-fraction", "2.5"),
        "--validation-fraction must be between 0 and 1, or a number of rows, got 2.5 instead: 0.1 "
        "holds out a tenth of the rows, 200 holds out 200, None holds out none.",
    ),
    (
        ("--model", "mlp", "--validation-fraction", "half"),
        "--validation-fraction must be a number or none, got 'half' instead: 0.1 holds out a tenth "
        "of the rows, 200 holds out 200, none holds out none.",
    ),
    (
        ("--model", "mlp", "--weighting", "0.5;0.5"),
        "--weighting must be one of 'uniform', 'log_loss', 'accuracy', 'greedy', 'auto', ",
    ),
    (
        ("--model", "mlp", "--weighting", "1,a"),
        "--weighting must be a name, or numbers with commas, got '1,a' instead: 0.2,0.3,0.5 are "
        "weights of three snapshots.",
    ),
    (("--set", "refit=True"), f"{_OWN} 'refit=True' instead: --refit of train sets it."),
    (("--set", "M=3"), f"{_OWN} 'M=3' instead: --snapshots sets it."),
    (("--set", "fit__epochs=3"), f"{_OWN} 'fit__epochs=3' instead: --epochs sets it."),
    (
        ("--set", "random_state=None"),
        f"{_OWN} 'random_state=None' instead: --seed of train sets it.",
    ),
    (
        ("--set", "verbose=1"),
        "--set must be a parameter that the command line can set, got 'verbose=1' instead: "
        "--quiet says less.",
    ),
    (
        ("--set", "callbacks=[]"),
        "--set must be a parameter that the command line can set, got 'callbacks=[]' instead: "
        "train in Python with callbacks of your own.",
    ),
    (
        ("--set", "warm_start=True"),
        "--set must be a parameter that the command line can set, got 'warm_start=True' instead: "
        "every run starts anew.",
    ),
    (
        ("--set", "n_lasst=1"),
        "--set must be a parameter of the estimator, got 'n_lasst=1' instead: did you mean n_last.",
    ),
    (
        ("--model", "mlp", "--set", "model__unit=8"),
        "--set must be a parameter of the network, got 'model__unit=8' instead: did you mean "
        "model__units.",
    ),
    (
        ("--set", "foo=1"),
        "--set must be a parameter of the estimator, got 'foo=1' instead: there are n_last, ",
    ),
    (
        ("--label-smoothing", "2"),
        "--label-smoothing must be below 1, got 2.0 instead: 0.1 is the usual choice.",
    ),
    (
        ("--loss", "focal", "--label-smoothing", "-0.1"),
        "--label-smoothing must be a finite number of at least 0, got -0.1 instead: 0.1 is the "
        "usual choice.",
    ),
    (
        ("--M", "0"),
        "--snapshots must be an integer of at least 1, got 0 instead: 5 is the usual choice.",
    ),
    (
        ("--epochs", "0"),
        "--epochs must be an integer of at least 1, got 0 instead: it is the budget of all cycles.",
    ),
    (
        ("--target", "kind"),
        "--target must be None for an .npz file, got 'kind' instead: leave it out.",
    ),
    (
        ("--set", "n_last"),
        "--set must be NAME=VALUE, got 'n_last' instead: as in --set optimizer__momentum=0.8.",
    ),
    (
        ("--augmentation", "standard,mixup"),
        "--augmentation must be none, or some of autoaugment, standard, cutout, each once, got "
        "'standard,mixup' instead: standard is a crop out of the padded image and a flip.",
    ),
    (
        ("--loss", "mean_squared_error", "--label-smoothing", "0.1"),
        "--loss must be cross-entropy or focal with --label-smoothing, got 'mean_squared_error' "
        "instead: leave --loss or --label-smoothing out.",
    ),
    (
        ("--recipe", "wrn-16-4", "--model", "dn"),
        "--recipe must be one of --model dn, got --recipe wrn-16-4, which is --model wrn instead: "
        "leave one of the two out.",
    ),
    (
        ("--recipe", "inception-v3-transfer", "--depth", "16"),
        "--depth must be left out, as the network is a backbone, got given with --recipe "
        "inception-v3-transfer instead: --set head_units=512 and the like change what it has.",
    ),
    (
        ("--limit", "2"),
        "--limit must be at least 3, a row of each class, got 2 instead: leave it out to take all "
        "rows.",
    ),
]


@pytest.mark.parametrize(("options", "message"), _OPTIONS, ids=[" ".join(o) for o, _ in _OPTIONS])
def test_options(options, message, refused, train):
    line = refused(*train("images.npz", *options))
    assert line == message if message.endswith(".") else line.startswith(message)


def test_an_unknown_recipe(refused, train):
    line = refused(*train("images.npz", "--recipe", "wrn-16-5"))
    assert line.startswith("--recipe must be one of 'wrn-16-4', ")
    assert line.endswith(", got 'wrn-16-5' instead: did you mean 'wrn-16-4'.")


@pytest.mark.parametrize(
    ("options", "start"),
    [(("--depth", "17"), "--depth must be 6 n + 4"), (("--M", "0"), "--snapshots must be")],
)
def test_options_are_checked_before_the_data_are_read(options, start, refused, train):
    model = ("--model", "wrn") if "--depth" in options else ()
    assert refused(*train("nothing", *model, *options)).startswith(start)


def test_a_column_that_is_not_named(refused, files, tmp_path):
    line = refused("train", "--data", files / "table.csv", "--out", tmp_path / "run")
    assert line.startswith("--target must be ")
    assert "None" not in line


def test_images_that_are_too_small(refused, train, tmp_path):
    np.savez(tmp_path / "tiny.npz", X=np.zeros((30, 3, 3, 3), np.uint8), y=[0, 1, 2] * 10)
    assert refused(*train("tiny.npz", "--model", "wrn")) == (
        "input_shape must be of at least 4 x 4 pixels, got (3, 3, 3) instead: the network halves "
        "its images twice; enlarge them, and see that colours come last, as in (32, 32, 3), or "
        "(32, 32, 1) for grey images."
    )


def test_tables_have_no_augmentation(refused, train):
    assert refused(*train("table.csv", "--augmentation", "cutout")) == (
        "--data must be images, to be augmented, got rows of shape (3,) instead: leave the "
        "augmentation out."
    )


def test_a_column_that_is_missing(refused, files, tmp_path):
    source = files / "table.csv"
    arguments = ("train", "--data", source, "--out", tmp_path / "run")
    line = refused(*arguments, "--target", "sort")
    assert line == (
        f"--target must be a column of {source}, got 'sort' instead: {source} has 'a', 'b', 'c', "
        "'kind'."
    )


def test_images_that_cannot_be_read(refused, tmp_path):
    from PIL import Image

    for label in ("cat", "dog"):
        (tmp_path / "images" / label).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "images" / label / "1.png")
    (tmp_path / "images" / "cat" / "2.png").write_bytes(b"no image")
    arguments = ("train", "--data", tmp_path / "images", "--out", tmp_path / "run", *_ONE)
    assert "'cat/2.png'" in refused(*arguments)
    (tmp_path / "images" / "owl").mkdir()
    assert "none in 'owl'" in refused(*arguments, "--on-unreadable", "skip")


def test_a_source_that_is_not_there(refused, train):
    line = refused(*train("nothing"))
    assert line.startswith("--data must be 'cifar10', 'cifar100', a folder of images, or a file")


@pytest.mark.parametrize("size", ["big", "0", "8x8x3"])
def test_sizes_of_images(size, refused, train):
    assert refused(*train("images.npz", "--image-size", size)) == (
        f"--image-size must be a size in pixels, got '{size}' instead: 32 is for 32x32, 32x48 is "
        "32 high and 48 wide."
    )


def test_rows_of_another_shape(refused, image_run, tmp_path):
    np.savez(tmp_path / "large.npz", X=np.zeros((4, 9, 9, 3), np.uint8))
    assert refused("predict", image_run, "--data", tmp_path / "large.npz") == (
        "--data must be rows of shape (8, 8, 3), as the run was trained on, got rows of shape "
        "(9, 9, 3) instead: bring rows like those of training."
    )


def test_labels_that_the_run_does_not_know(refused, image_run, tmp_path):
    X = np.zeros((4, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "zoo.npz", X=X, y=["cat", "yak", "yak", "gnu"])
    assert refused("predict", image_run, "--data", tmp_path / "zoo.npz") == (
        "--data must be labels that training has seen, 'cat', 'dog', 'owl', got labels 'gnu', "
        "'yak' instead: bring rows of these classes only."
    )


def test_columns_that_the_run_needs(refused, table_run, tmp_path):
    source = tmp_path / "part.csv"
    source.write_text("a,c\n1,2\n")
    line = refused("predict", table_run, "--data", source)
    assert line == f"columns must be columns of {source}, got 'b' instead: {source} has 'a', 'c'."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--optimize", "2"),
            "--optimize must be one of -1, 0, 1, got 2 instead: -1 is for equal weights, 0 for "
            "those of the run, 1 to learn them anew.",
        ),
        (
            ("--optimize", "-1", "--weights", "learned"),
            "--weights must be equal, as --optimize -1 says, got 'learned' instead: leave one of "
            "the two out.",
        ),
    ],
)
def test_options_of_predict(options, message, refused, image_run, files):
    data = ("--data", files / "images.npz")
    assert refused("predict", image_run, *data, *options) == message


def test_another_architecture(refused, image_run, files):
    data = ("--data", files / "images.npz")
    assert refused("predict", image_run, *data, "--model", "dn") == (
        f"RUN {image_run} must be a run of --model dn, got one of --model wrn instead: leave the "
        "option out, or give the run that was trained so."
    )
