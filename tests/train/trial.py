"""Training runs that take milliseconds."""

import numpy as np

from lesson.session import tf
from lesson.train import Run

tf.disable_eager_execution()


class Trial:
    """Runs on a graph whose only variable counts its steps; losses are given."""

    def __init__(self):
        with tf.Graph().as_default() as self.graph:
            self.z = tf.placeholder(tf.float32, [None, 2])
            self.images = tf.reshape(tf.tile(self.z, [1, 2]), [-1, 2, 2, 1])
            self.count = tf.get_variable('generator/count', [], initializer=tf.zeros_initializer())
            self.add = self.count.assign_add(1)

    def run(self, steps, **changed):
        settings = {
            'epoch_count': 1,
            'batch_size': 3,
            'z_dim': 2,
            'learning_rate': 0.1,
            'beta1': 0.5,
            'get_batches': lambda size, seed: (np.zeros([size, 2, 2, 1], 'float32') for _ in range(steps)),
            'data_shape': (3 * steps, 2, 2, 1),
            'sample_z': lambda rng, n, z_dim: rng.uniform(-1, 1, [n, z_dim]),
        }
        return Run(**settings | changed)

    def train(self, losses, between=lambda step: None, **changed):
        """(run, final value of the variable, session) of a run with these losses."""
        run = self.run(len(losses), **changed)
        with run.session(self.graph, self.z, self.images) as sess:
            for _ in run.batches():
                between(run.step)
                sess.run(self.add)
                run.record(*losses[run.step])
        return run, sess.run(self.count), sess
