"""How well generated digits can be read: a score that knows what a digit is, as it has learned it from labels.

A `Reader` is a small network that learns to tell the classes of a labeled data set apart. What it says of generated
images becomes three numbers (`measure`), each beside its floor: what it says of real images it has not learned from.
"""

import hashlib
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from lesson.data.cache import code_of
from lesson.files import whole_file
from lesson.pictures import as_floats
from lesson.progress import progress
from lesson.scores.images import FEWEST
from lesson.session import open_session, set_variables, tf

CLASSES = 10
SURE = 0.9  # probability of a class from which on an image counts as read
FEATURES = 64
ENOUGH = 2000  # images to learn from, and to score with
STEPS, BATCH = 2400, 64
RATE = 0.003  # Adam's learning rate at the start; it falls to zero
LEAST_RIGHT = 0.8  # of the images that it has not learned from: with less, the labels are not those of the images
BETTER = {'readable': 'higher', 'Fréchet': 'lower', 'rarest class': 'higher'}


class Reader:
    """Reads images [n, 28, 28, 1] of ten classes: uint8 in [0, 255], or floats in [-1, 1].

    Reader(images, labels): learns from the first half of the images and their labels (whole numbers from 0 to 9), for
    10 to 20 seconds on two cores; what it has learned is kept in cache_dir, if there is one. `.rest` is the second
    half, a slice, of which it has seen nothing. With everything=True it learns from all images, and nothing is checked
    or kept. The same images give the same reader.
    Raises ValueError when there are no labels, or they do not fit the images: there are more or fewer, or too many are
    wrong to read the second half.
    """

    def __init__(self, images, labels, cache_dir=None, seed: int = 0, *, everything: bool = False):
        _check_labels(images, labels)
        half = len(images) if everything else len(images) // 2
        self.rest = slice(half, len(images))
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(seed)
            self._images = tf.placeholder(tf.float32, [None, 28, 28, 1])
            self._features, logits = _network(self._images)
            self._probabilities = tf.nn.softmax(logits)
            self._labels = tf.placeholder(tf.int64, [None])
            self._rate = tf.placeholder(tf.float32, [])
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self._labels, logits=logits))
            self._step = tf.train.AdamOptimizer(self._rate).minimize(loss)
            self._weights = tf.trainable_variables()
        self._sess = open_session(graph, bfloat16=False)
        if everything:
            return self._learn(images, labels, seed)
        content = [zlib.crc32(np.ascontiguousarray(each)) for each in (images, labels)]
        key = hashlib.sha256(repr([code_of(Reader), seed, *content]).encode()).hexdigest()[:12]
        path = cache_dir and Path(cache_dir) / f'reader-{key}.npz'
        if not (path and self._load(path)):
            self._learn(images[:half], labels[:half], seed)
            right = np.mean(self.read(images[self.rest])[0] == labels[self.rest])
            if right < LEAST_RIGHT:
                raise ValueError(
                    f'the labels do not fit the images: learned from one half of them, {right:.0%} of the other half '
                    'are read as their labels say. Are they the labels of these images, in the same order?'
                )
            if path:
                self._keep(path)

    def read(self, images):
        """(class [n], how sure [n], from 0.1 to 1, features [n, 64]) of images."""
        parts = [
            self._sess.run([self._probabilities, self._features], {self._images: as_floats(some)})
            for some in np.array_split(images, 1 + len(images) // 1000)
        ]
        probabilities, features = (np.concatenate(each) for each in zip(*parts, strict=True))
        return probabilities.argmax(1), probabilities.max(1), features

    def _learn(self, images, labels, seed):
        rng = np.random.default_rng(seed)
        for step in progress(range(STEPS), desc='Learning to read', unit='batch'):
            some = np.sort(rng.integers(len(images), size=BATCH))
            # Moved by up to a pixel, all of them together, so that a place is not memorized.
            shifted = np.roll(as_floats(images[some]), rng.integers(-1, 2, 2), (1, 2))
            feed = {self._images: shifted, self._labels: labels[some], self._rate: RATE * (1 - step / STEPS)}
            self._sess.run(self._step, feed)

    def _load(self, path):
        try:
            with self._sess.graph.as_default(), np.load(path) as file:
                set_variables(self._sess, {v: file[v.op.name] for v in self._weights})
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):  # missing or damaged
            return False
        return True

    def _keep(self, path):
        with suppress(OSError):  # then it learns again the next time
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as file:
                np.savez(file, **self._sess.run({v.op.name: v for v in self._weights}))


def can_learn(images, labels) -> bool:
    """Whether there are labels, and enough images to learn from; says so if not."""
    try:
        _check_labels(images, labels)
    except ValueError as error:
        print(f'How well the digits can be read is not scored: {error}.')
        return False
    return True


def two_sets(images, most: int = 2500, seed: int = 0):
    """Two sets of up to `most` images each, chosen at random, that share none: uint8 [n, 28, 28, 1]."""
    n = min(most, len(images) // 2)
    chosen = np.random.default_rng(seed).permutation(len(images))[: 2 * n]
    return images[chosen[:n]], images[chosen[n:]]


def measure(reader: Reader, real, generated, other_real) -> dict:
    """What a reader says of generated images, as {name: (value, floor)}, see `BETTER` for the directions.

    - readable: the share that is read with more than 90 % certainty
    - Fréchet: the distance of two normal distributions, fitted to the features of real and of generated images (Heusel
      et al. 2017, 'GANs Trained by a Two Time-Scale Update Rule', section 3); it sees a lack of quality and of variety
    - rarest class: the share of the class that is read least often; 0.1 if all ten are equally frequent

    Each set is [n, 28, 28, 1], n >= 100, uint8 in [0, 255] or floats in [-1, 1]. The distance depends on n:
    ValueError when the three differ in it.
    """
    sets = real, generated, other_real
    sizes = [len(images) for images in sets]
    if len(set(sizes)) > 1 or len(real) < FEWEST:
        raise ValueError(f'the sets have {sizes} images: pass equally many, from {FEWEST}')
    read = [reader.read(images) for images in sets]
    values = [
        (np.mean(sure > SURE), frechet(read[0][2], features), counts(classes).min() / len(classes))
        for classes, sure, features in read[1:]
    ]
    return {name: (float(value), float(floor)) for name, value, floor in zip(BETTER, *values, strict=True)}


def taught_by_generated(reader: Reader, fake, positions, images, labels):
    """How well real digits are read after learning from generated ones alone: (share right, the same of `reader`).

    A second reader learns from fake images [n, 28, 28, 1] with ten labels in all, one for each position of the switch:
    the digit as which `reader` reads most of its images; positions [n] says which image is of which. Then both read
    images [m, 28, 28, 1], of which neither has seen any. What is missing among the generated digits, what is always the
    same, and positions that mix digits cost right answers (GAN-train of Shmelkov, Schmid and Alahari 2018, 'How good is
    my GAN?'). Learning takes as long as a Reader's. Raises ValueError when n is below ENOUGH.
    """
    classes, digit = reader.read(fake)[0], np.zeros(positions.max() + 1, int)
    for position in np.unique(positions):
        digit[position] = counts(classes[positions == position]).argmax()
    taught = Reader(fake, digit[positions], everything=True)
    return tuple(float(np.mean(each.read(images)[0] == labels)) for each in (taught, reader))


def counts(classes):
    """How often each of the ten classes occurs: [10]."""
    return np.bincount(classes, minlength=CLASSES)


def frechet(one, other):
    """The squared Fréchet distance of the normal distributions fitted to points [n, d] and [m, d].

    |difference of the means|^2 + trace(A + B - 2 (A B)^0.5), A and B the covariances (Dowson and Landau 1982).
    """
    (a_mean, a), (b_mean, b) = (
        (points.mean(0), np.cov(points, rowvar=False)) for points in map(np.float64, (one, other))
    )
    values, axes = np.linalg.eigh(a)
    root = axes * np.sqrt(np.maximum(values, 0)) @ axes.T  # of A; the trace of (A B)^0.5 is that of (root B root)^0.5
    mixed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    return ((a_mean - b_mean) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * mixed


def _network(images):
    """(features [n, 64], logits [n, 10]) of images in [-1, 1]."""
    x = images
    for number, (size, filters) in enumerate(((5, 24), (3, 48))):
        w = _variable(f'conv{number}', [size, size, x.shape[-1], filters])
        x = tf.nn.relu(tf.nn.conv2d(x, w, strides=2, padding='SAME') + _variable(f'bias{number}', [filters]))
    x = tf.reshape(x, [-1, 7 * 7 * 48])
    features = tf.nn.relu(x @ _variable('dense', [7 * 7 * 48, FEATURES]) + _variable('dense_bias', [FEATURES]))
    return features, features @ _variable('logits', [FEATURES, CLASSES]) + _variable('logits_bias', [CLASSES])


def _variable(name, shape):
    start = tf.glorot_uniform_initializer() if len(shape) > 1 else tf.zeros_initializer()
    return tf.get_variable(name, shape, initializer=start)


def _check_labels(images, labels):
    if labels is None:
        raise ValueError('these images have no labels, so nothing can learn from them what they show')
    if not len(labels) == len(images) >= ENOUGH or labels.min() < 0 or labels.max() >= CLASSES:
        expected = f'expected at least {ENOUGH:,} images, and for each a label from 0 to {CLASSES - 1}'
        raise ValueError(f'there are {len(labels):,} labels for {len(images):,} images: {expected}')
