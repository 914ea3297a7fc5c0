"""Training a compiled Keras model along the cyclic schedule."""

from skensemble.training._augmented_batches import Augmentation, augmented
from skensemble.training._engines import ENGINES, check_engine, train
from skensemble.training._progress import ProgressDisplay
from skensemble.training._run import TrainingRequest, TrainingRun
from skensemble.training._training_data import TrainingData
