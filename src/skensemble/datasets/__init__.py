"""Images and tables from files, as arrays that ``fit`` takes.

CIFAR-10 and CIFAR-100 come through Keras, images from folders of classes, arrays from ``.npz``,
and tables from CSV and Parquet. Keras, pandas and Pillow are imported when they are needed.
"""

from skensemble.datasets._cifar import load_cifar10, load_cifar10_split, load_cifar100
from skensemble.datasets._dataset import Dataset
from skensemble.datasets._image_folder import load_image_folder
from skensemble.datasets._load import load
from skensemble.datasets._npz import load_npz
from skensemble.datasets._rows import channel_statistics, split
from skensemble.datasets._tables import load_csv, load_parquet

__all__ = [
    "Dataset",
    "channel_statistics",
    "load",
    "load_cifar10",
    "load_cifar10_split",
    "load_cifar100",
    "load_csv",
    "load_image_folder",
    "load_npz",
    "load_parquet",
    "split",
]
