"""load_image_folder: pixels, labels, order, and errors for other folders."""

import os

import numpy as np
import pytest
from PIL import Image

from skensemble.datasets import _image_folder, load_image_folder


def cut_off(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def test_pixels_labels_and_paths(tmp_path, write_images):
    pixels = write_images("dog/b.png", "cat/2.png", "cat/10.PNG", "dog/a.bmp")
    data = load_image_folder(tmp_path)
    order = ["cat/10.PNG", "cat/2.png", "dog/a.bmp", "dog/b.png"]
    np.testing.assert_array_equal(data.X, [pixels[name] for name in order])
    assert data.X.dtype == np.uint8
    assert data.X.flags.c_contiguous
    assert data.y.tolist() == ["cat", "cat", "dog", "dog"]
    assert data.y.dtype.kind == "U"
    assert data.paths == tuple(order)
    assert data.skipped == ()
    assert data.feature_names is None


def test_a_subset_is_a_folder_of_class_folders(tmp_path, write_images):
    pixels = write_images("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dog/1.png")
    data = load_image_folder(str(tmp_path), subset="test")
    np.testing.assert_array_equal(data.X, [pixels["test/cat/1.png"], pixels["test/dog/1.png"]])
    assert data.paths == ("test/cat/1.png", "test/dog/1.png")
    assert data.y.tolist() == ["cat", "dog"]


def test_hidden_files_and_other_files_are_ignored(tmp_path, write_images):
    write_images("cat/1.png", "cat/.2.png", ".git/3.png", "cat/more/4.png")
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    (tmp_path / "README.md").write_text("no image")
    assert load_image_folder(tmp_path).paths == ("cat/1.png",)


def test_images_without_labels(tmp_path, write_images):
    pixels = write_images("b.png", "a.png")
    data = load_image_folder(tmp_path, labelled=False)
    np.testing.assert_array_equal(data.X, [pixels["a.png"], pixels["b.png"]])
    assert data.y is None
    assert data.paths == ("a.png", "b.png")


def test_existing_labels_are_read(tmp_path, write_images):
    write_images("cat/1.png", "dog/1.png")
    assert load_image_folder(tmp_path, labelled=False).y.tolist() == ["cat", "dog"]


def test_images_without_labels_in_a_subset(tmp_path, write_images):
    write_images("train/cat/1.png", "new/1.png")
    data = load_image_folder(tmp_path, subset="new", labelled=False)
    assert data.paths == ("new/1.png",)
    assert data.y is None


def test_every_mode_becomes_rgb(tmp_path):
    (tmp_path / "a").mkdir()
    Image.new("L", (2, 2), 7).save(tmp_path / "a" / "1.png")
    Image.new("RGBA", (2, 2), (1, 2, 3, 0)).save(tmp_path / "a" / "2.png")
    Image.new("1", (2, 2), 1).save(tmp_path / "a" / "3.png")
    palette = Image.new("P", (2, 2))
    palette.putpalette([10, 20, 30] * 256)
    palette.save(tmp_path / "a" / "4.png", transparency=bytes(10))  # Pillow warns of this one
    Image.new("CMYK", (2, 2), (0, 0, 0, 0)).save(tmp_path / "a" / "5.jpg")
    data = load_image_folder(tmp_path)
    expected = [[7, 7, 7], [1, 2, 3], [255, 255, 255], [10, 20, 30], [255, 255, 255]]
    np.testing.assert_array_equal(
        data.X, np.broadcast_to(np.array(expected)[:, None, None], (5, 2, 2, 3))
    )


def test_jpeg_has_the_pixels_that_pillow_reads(tmp_path, write_images):
    write_images("a/1.jpg", shape=(16, 8, 3))
    with Image.open(tmp_path / "a" / "1.jpg") as image:
        np.testing.assert_array_equal(load_image_folder(tmp_path).X[0], np.asarray(image))


def test_image_size_resizes_images_of_other_sizes(tmp_path, write_images):
    large = write_images("a/1.png", shape=(12, 10, 3))["a/1.png"]
    small = write_images("a/2.png", shape=(6, 4, 3))["a/2.png"]
    data = load_image_folder(tmp_path, image_size=(6, 4))
    resized = Image.fromarray(large).resize((4, 6), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(data.X, [np.asarray(resized), small])


@pytest.mark.parametrize("threads", [False, True], ids=["one-thread", "threads"])
def test_many_images_in_order_without_damaged_ones(threads, tmp_path, write_images, monkeypatch):
    monkeypatch.setattr(_image_folder, "_PIXELS_WORTH_THREADS", 0 if threads else 10**9)
    names = [f"{'ab'[i % 2]}/{i:03}.png" for i in range(150)]
    pixels = write_images(*names, shape=(3, 3, 3))
    bad = ["a/000.png", "a/070.png", "b/001.png", "b/149.png"]
    for name in bad:
        cut_off(tmp_path / name)
    data = load_image_folder(tmp_path, on_unreadable="skip")
    good = [name for name in sorted(names) if name not in bad]
    assert data.paths == tuple(good)
    assert data.skipped == tuple(sorted(bad))
    np.testing.assert_array_equal(data.X, [pixels[name] for name in good])
    assert data.y.tolist() == [name[0] for name in good]


def test_unreadable_images_are_named(tmp_path, write_images, message_of):
    write_images(*[f"a/{i}.png" for i in range(8)])
    cut_off(tmp_path / "a" / "7.png")
    (tmp_path / "a" / "3.png").write_bytes(b"")
    (tmp_path / "a" / "5.png").write_text("no image")
    reason = f"cannot identify image file '{tmp_path}/a/3.png'"
    assert message_of(ValueError, load_image_folder, tmp_path) == (
        f"the images of {tmp_path} must be files that Pillow can read, got 3 of 8 that it cannot "
        "instead: repair or remove 'a/3.png', 'a/5.png', 'a/7.png', or leave them out with "
        f"on_unreadable='skip' (the first one: {reason})."
    )


def test_the_first_of_many_unreadable_images_are_named(tmp_path, write_images, message_of):
    write_images("a/9.png")
    for i in range(7):
        (tmp_path / "a" / f"{i}.jpg").write_bytes(b"")
    assert "remove 'a/0.jpg', 'a/1.jpg', 'a/2.jpg', 'a/3.jpg', 'a/4.jpg' and 2 more, or" in (
        message_of(ValueError, load_image_folder, tmp_path)
    )


def test_skipping_everything_is_an_error(tmp_path, write_images, message_of):
    write_images("1.png", "2.png")
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"")
    message = message_of(
        ValueError, load_image_folder, tmp_path, on_unreadable="skip", labelled=False
    )
    assert message == (
        f"the images of {tmp_path} must be files that Pillow can read, got 2 of 2 that it cannot "
        "instead: repair or remove '1.png', '2.png' (the first one: cannot identify image file "
        f"'{tmp_path}/1.png')."
    )


def test_more_than_8_bits_is_not_clipped(tmp_path, message_of):
    (tmp_path / "a").mkdir()
    Image.fromarray(np.full((2, 2), 40_000, np.uint16)).save(tmp_path / "a" / "1.png")
    assert message_of(ValueError, load_image_folder, tmp_path) == (
        f"the images of {tmp_path} must be files that Pillow can read, got 1 of 1 that it cannot "
        "instead: repair or remove 'a/1.png' (the first one: its pixels have more than 8 bits a "
        "channel, Pillow's mode I;16)."
    )


def test_sizes_that_differ(tmp_path, write_images, message_of):
    write_images("a/1.png", "a/2.png", shape=(5, 4, 3))
    write_images("b/1.png", shape=(4, 5, 3))
    assert message_of(ValueError, load_image_folder, tmp_path) == (
        f"the images of {tmp_path} must be all of one size, 5 x 4 (height x width) as 'a/1.png', "
        "got 4 x 5 in 'b/1.png' instead: resize them all with image_size=(5, 4)."
    )


def test_class_folders_without_images(tmp_path, write_images, message_of):
    write_images("a/1.png")
    (tmp_path / "b").mkdir()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "notes.txt").write_text("no image")
    expected = (
        f"every class folder of {tmp_path} must be one with images that can be read, got none in "
        "'b', 'c' instead: put images directly into it, or remove it."
    )
    assert message_of(ValueError, load_image_folder, tmp_path) == expected
    for name in ("b/1.png", "c/1.png"):
        (tmp_path / name).write_bytes(b"")
    assert message_of(ValueError, load_image_folder, tmp_path, on_unreadable="skip") == expected


def test_class_folders_one_level_below(tmp_path, write_images, message_of):
    write_images("train/cat/1.png", "test/cat/1.png", "overview.png")
    assert message_of(ValueError, load_image_folder, tmp_path) == (
        f"subset must be one of the folders of {tmp_path} that hold class folders, 'test', "
        "'train', got None instead: pass the one to read, as in subset='train'."
    )


def test_missing_subset(tmp_path, write_images, message_of):
    write_images("train/cat/1.png", "test/cat/1.png")
    assert message_of(ValueError, load_image_folder, tmp_path, subset="val") == (
        f"subset must be a folder in {tmp_path}, got 'val' instead: it has 'test', 'train'."
    )
    (tmp_path / "flat").mkdir()
    assert message_of(ValueError, load_image_folder, tmp_path / "flat", subset="val") == (
        f"subset must be a folder in {tmp_path / 'flat'}, got 'val' instead: it has none; leave "
        "subset out."
    )


def test_no_class_folders(tmp_path, write_images, message_of):
    assert message_of(ValueError, load_image_folder, tmp_path) == (
        f"{tmp_path} must be one with a folder of images for each class, class/name.jpg, got no "
        "images and no folder instead: put the images of each class into a folder of that name."
    )
    assert message_of(ValueError, load_image_folder, tmp_path, labelled=False) == (
        f"{tmp_path} must be one with images, or with class folders, got no images and no folder "
        "instead: images end in .bmp, .gif, .jfif, .jpeg, .jpg, .pbm, .pgm, .png, .pnm, .ppm, "
        ".tif, .tiff, .webp."
    )
    write_images("1.png", "2.png")
    assert message_of(ValueError, load_image_folder, tmp_path) == (
        f"{tmp_path} must be one with a folder of images for each class, class/name.jpg, got 2 "
        "images and no folder instead: put the images of each class into a folder of that name, "
        "or pass labelled=False to read them without labels."
    )


@pytest.mark.parametrize("labelled", [True, False])
def test_images_beside_class_folders(labelled, tmp_path, write_images, message_of):
    write_images("cat/1.png", "1.png", "2.png", "3.png", "4.png")
    assert message_of(ValueError, load_image_folder, tmp_path, labelled=labelled) == (
        f"the images of {tmp_path} must be all in class folders, or none, got 4 beside the class "
        "folders instead: move '1.png', '2.png', '3.png' and 1 more into one."
    )


def test_paths_that_are_not_folders(tmp_path, message_of):
    path = tmp_path / "nothing"
    assert message_of(FileNotFoundError, load_image_folder, path) == (
        f"path must be a folder that exists, got '{path}' instead: check its name."
    )
    path.write_text("a file")
    assert message_of(NotADirectoryError, load_image_folder, path) == (
        f"path must be a folder, got '{path}' instead: it is a file; load reads .npz, .csv and "
        ".parquet files."
    )
    assert message_of(TypeError, load_image_folder, 3) == (
        "path must be a string or a path, got 3 instead: pass the name of a file or a folder."
    )


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"image_size": 32},
            TypeError,
            "image_size must be (height, width) in pixels, got 32 instead: None leaves images as "
            "they are.",
        ),
        (
            {"image_size": (32, 0)},
            ValueError,
            "each of image_size must be an integer of at least 1, got 0 instead: None leaves "
            "images as they are.",
        ),
        (
            {"on_unreadable": "ignore"},
            ValueError,
            "on_unreadable must be one of 'raise', 'skip', got 'ignore' instead: 'skip' leaves "
            "such images out.",
        ),
    ],
    ids=["one-number", "zero", "on-unreadable"],
)
def test_parameters(options, kind, message, tmp_path, message_of):
    assert message_of(kind, load_image_folder, tmp_path, **options) == message


def test_more_images_than_memory(tmp_path, write_images, message_of, monkeypatch):
    write_images("a/1.png", "a/2.png", shape=(100, 100, 3))
    monkeypatch.setattr(_image_folder, "memory_limit", lambda: 59_999)
    assert message_of(MemoryError, load_image_folder, tmp_path) == (
        f"the images of {tmp_path} must be at most 0.0 GB together, the memory of this machine, "
        "got 0.0 GB for (2, 100, 100, 3) instead: make them smaller, as in image_size=(64, 64), "
        "or load fewer."
    )
    monkeypatch.setattr(_image_folder, "memory_limit", lambda: 60_000)
    assert len(load_image_folder(tmp_path).X) == 2


def test_memory_is_checked_before_resizing(tmp_path, write_images, message_of, monkeypatch):
    write_images("a/1.png", "b/1.png")
    monkeypatch.setattr(_image_folder, "_decode", None)
    huge = {"image_size": (10**6, 10**6)}
    assert message_of(MemoryError, load_image_folder, tmp_path, **huge).startswith(
        f"the images of {tmp_path} must be at most"
    )


def test_memory_limit_is_that_of_the_container(tmp_path, monkeypatch):
    monkeypatch.setattr(_image_folder, "_CGROUP", str(tmp_path / "memory.max"))
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert _image_folder.memory_limit() == machine
    (tmp_path / "memory.max").write_text("max\n")
    assert _image_folder.memory_limit() == machine
    (tmp_path / "memory.max").write_text("4096\n")
    assert _image_folder.memory_limit() == 4096


def test_memory_is_allocated_once(tmp_path, write_images):
    import tracemalloc

    write_images(*[f"a/{i}.png" for i in range(20)], shape=(120, 120, 3))
    load_image_folder(tmp_path)  # whatever Pillow loads on first use
    tracemalloc.start()
    try:
        data = load_image_folder(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * data.X.nbytes
