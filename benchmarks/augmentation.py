"""Time the augmentation layers beside Keras's own, Pillow, and a training step.

Run ``python benchmarks/augmentation.py``. Every contender changes the same batch of 128 images of
32 × 32 pixels, layers in a graph, Pillow image by image. Pillow does what `AutoAugment` does, with
the same policy and magnitudes; Keras's layers do other things, and say what such layers cost. The
training step is that of a WRN-16-1 on such a batch. All are timed in turn, in one process: what
counts are the ratios.
"""

import argparse
import os
import platform
import random
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import PIL
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from skensemble.augmentation import AutoAugment, Cutout, standard_augmentation
from skensemble.augmentation._policy import MAGNITUDES, POLICIES
from skensemble.models import wide_resnet

GREY = (128, 128, 128)


def affine(place):
    def move(image, value):
        matrix = [1, 0, 0, 0, 1, 0]
        matrix[place] = value
        return image.transform(image.size, Image.Transform.AFFINE, matrix, fillcolor=GREY)

    return move


PILLOW = {
    "Invert": lambda image, _: ImageOps.invert(image),
    "AutoContrast": lambda image, _: ImageOps.autocontrast(image),
    "Equalize": lambda image, _: ImageOps.equalize(image),
    "Posterize": ImageOps.posterize,
    "Solarize": ImageOps.solarize,
    "Color": lambda image, value: ImageEnhance.Color(image).enhance(value),
    "Contrast": lambda image, value: ImageEnhance.Contrast(image).enhance(value),
    "Brightness": lambda image, value: ImageEnhance.Brightness(image).enhance(value),
    "Sharpness": lambda image, value: ImageEnhance.Sharpness(image).enhance(value),
    "ShearX": affine(1),
    "TranslateX": affine(2),
    "ShearY": affine(3),
    "TranslateY": affine(5),
    "Rotate": lambda image, value: image.rotate(value, fillcolor=GREY),
}


def pillow(images):
    """AutoAugment as a loop over images."""
    policy, magnitude = POLICIES["cifar10"], MAGNITUDES["reference"]
    out = np.empty(images.shape, dtype="float32")
    for i, image in enumerate(images):
        picture = Image.fromarray(image)
        for operation, probability, level in random.choice(policy):
            if random.random() < probability:
                sign = random.choice((-1, 1))
                value = magnitude(operation, level, sign, *image.shape[:2])
                picture = PILLOW[operation](picture, value)
        out[i] = picture
    return out


def in_graph(*layers):
    @tf.function
    def change(images):
        for layer in layers:
            images = layer(images, training=True)
        return images

    return change


def training_step(batch):
    model = wide_resnet((32, 32, 3), 10, depth=16, width=1, mean=120.0, std=60.0)
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    y = np.arange(len(batch)) % 10
    return lambda images: model.train_on_batch(images, y)


def contenders(batch):
    kinds = keras.layers
    return {
        "Cutout": in_graph(Cutout()),
        "  keras RandomErasing": in_graph(
            kinds.RandomErasing((1.0, 1.0), scale=(0.25, 0.25), fill_value=0.0)
        ),
        "standard: crop, flip": in_graph(standard_augmentation()),
        "standard: flip, shift": in_graph(standard_augmentation(0, shift=0.125)),
        "AutoAugment": in_graph(AutoAugment()),
        "AutoAugment, torchvision": in_graph(AutoAugment(magnitudes="torchvision")),
        "  Pillow, a loop": pillow,
        "  keras RandAugment": in_graph(kinds.RandAugment()),
        "  keras AutoContrast": in_graph(kinds.AutoContrast()),
        "policy, crop, flip, Cutout": in_graph(AutoAugment(), standard_augmentation(), Cutout()),
        "training step of WRN-16-1": training_step(batch),
    }


def timed(change, images, repeats):
    """Wall and CPU seconds of one call."""
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        np.asarray(change(images))
    return (time.perf_counter() - start) / repeats, (time.process_time() - cpu) / repeats


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=128)
    args = parser.parse_args()
    print(
        f"Python {platform.python_version()}, TensorFlow {tf.__version__}, Keras "
        f"{keras.__version__}, Pillow {PIL.__version__}, {os.cpu_count()} cores"
    )
    # Waves with some noise: levels that are neither all there nor all alike.
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:32, :32] / 7
    phases = rng.uniform(0, 6, (args.batch, 1, 1, 3))
    waves = 127 + 80 * np.sin(x[..., None] + phases) * np.cos(y[..., None] - phases)
    noise = rng.normal(0, 12, (args.batch, 32, 32, 3))
    batch = np.clip(waves + noise, 0, 255).astype("uint8")
    tensor = tf.constant(batch)

    runs = contenders(batch)
    seconds = {name: [] for name in runs}
    for run in runs.values():  # traces
        run(batch if run is pillow else tensor)
    for _ in range(args.rounds):
        for name, run in runs.items():
            images = batch if run is pillow else tensor
            seconds[name].append(timed(run, images, 1 if "step" in name else 3))
    walls = {name: np.array(took)[:, 0] for name, took in seconds.items()}
    step = np.median(walls["training step of WRN-16-1"])
    loop = np.median(walls["  Pillow, a loop"])
    print(f"\nMedian of {args.rounds} rounds, {args.batch} images of 32 × 32 × 3, uint8\n")
    print(f"{'':<28}{'µs/image':>9}{'CPU µs':>9}{'Pillow / it':>13}{'% of a step':>13}")
    for name in runs:
        median, cpu = np.median(seconds[name], axis=0)
        print(f"{name:<28}{1e6 * median / args.batch:>9.1f}{1e6 * cpu / args.batch:>9.1f}", end="")
        print(f"{loop / median:>13.2f}{100 * median / step:>13.1f}")
    ratios = walls["  Pillow, a loop"] / walls["AutoAugment"]
    quartiles = np.quantile(ratios, [0.25, 0.5, 0.75])
    print("\nPillow / AutoAugment, by round: quartiles", *(f"{q:.2f}" for q in quartiles))


if __name__ == "__main__":
    main()
