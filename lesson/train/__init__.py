"""What surrounds the steps of a training run."""

from lesson.cluster.members import here
from lesson.session import tf
from lesson.train.augment import augmented
from lesson.train.run import Run

__all__ = ['Adam', 'Run', 'augmented']


def Adam(learning_rate, beta1: float) -> tf.train.Optimizer:
    """TensorFlow's AdamOptimizer; on several machines one that averages the gradients of all of them first."""
    return here().adam(learning_rate, beta1)
