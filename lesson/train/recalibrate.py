"""Better images from the same run: the average of the generator's weights, with batch norm recalibrated for it.

A generator in training never comes to rest: each step changes a little too much. The average of its weights over the
last few hundred steps generates better images than any of the weights that went into it (Karras et al. 2018,
'Progressive Growing of GANs', appendix A).
"""

import numpy as np

from lesson.session import tf

BATCHES, IMAGES = 50, 500  # of a recalibration; a mean over few images is off by chance, and all would be too bright


class Average:
    """Averages of the weights in scope `generator` of a graph, which is not finalized yet.

    decay: how much of an average each step keeps: with 0.995 it covers about the last 200 steps. `follow` is the
    operation that updates the averages after a step.
    """

    def __init__(self, graph, decay):
        with graph.as_default():
            weights = tf.trainable_variables('generator')
            averages = tf.train.ExponentialMovingAverage(decay)
            self.follow = averages.apply(weights)
            self._use = tf.group([w.assign(averages.average(w)) for w in weights])

    def use(self, sess, input_z, noise):
        """Put the averages in the weights' place, and recalibrate batch norm: estimate its statistics for them.

        Its moving averages are statistics of what the weights of before computed. noise(rng, n): [n, z_dim]. Each batch
        replaces a part of them, in the lesson a tenth; the weights do not change.
        """
        sess.run(self._use)
        updates = sess.graph.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')
        rng = np.random.default_rng(0)
        for _ in range(BATCHES if updates else 0):
            sess.run(updates, {input_z: noise(rng, IMAGES)})
