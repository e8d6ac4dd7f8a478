"""Trained generators: saved in a folder, and loaded again, by this project or by plain TensorFlow.

A saved generator is a folder with two files: saved_model.pb, a SavedModel that takes `z` and gives `images` and
`pixels`, and about.json, what belongs to it.
"""

import json
import os
import re
import tempfile
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from lesson import __version__
from lesson.files import expanded, md5, say, whole_file
from lesson.session import tf

MODEL, ABOUT, FILM, LATEST = 'saved_model.pb', 'about.json', 'training.png', 'latest'
POINTS = 200  # of the losses that are kept: each is the mean of an equal part of the steps
# Of all numbers in noise, those below each of its quantiles: 0, 0.6%, 2.4%, ..., 100%, closer at both ends.
SHARES = ((1 - np.cos(np.linspace(0, np.pi, 21))) / 2).round(4)


class Generator:
    """A trained generator: generate(z) makes images, float32 [n, height, width, channels] in [-1, 1].

    z is noise [n, z_dim], of any type of numbers; ValueError when it is something else. The same z gives bit-identical
    images in any process of this project, on the same kind of machine: it runs a graph of constants, in float32.
    TensorFlow without oneDNN (see lesson/session.py) rounds differently.

    - about: what belongs to it, as about.json contains it
    - path: the folder in which it is kept, or None
    - graph, z, images: its graph, and the two tensors
    - discriminate: the Discriminator of the run that has just ended; None for one that was loaded
    """

    def __init__(self, model, about: dict, path: Path | None = None):
        """model: a SavedModel from `freeze`."""
        self._model, self.about, self.path, self.discriminate = model, about, path, None
        with tf.Graph().as_default() as self.graph:
            tf.import_graph_def(model.meta_graphs[0].graph_def, name='')
        self.z, self.images = map(self.graph.get_tensor_by_name, ('z:0', 'images:0'))
        self._sess = tf.Session(graph=self.graph)

    def __call__(self, z) -> np.ndarray:
        return self.compute(self.images, z)

    def compute(self, tensors, z):
        """The values of one or more tensors of its graph for noise z [n, z_dim]."""
        z, z_dim = np.asarray(z), self.z.shape[1]
        if z.ndim != 2 or z.shape[1] != z_dim or z.dtype.kind not in 'fiu':
            raise ValueError(f'z is {z.dtype} {list(z.shape)}: expected numbers [n, {z_dim}], a row for each image')
        return self._sess.run(tensors, {self.z: z})

    def keep(self, folder) -> None:
        """Write it to a folder in `folder`, named by title and time, and let `latest` beside it be that one.

        It appears with all that is in it, or not at all. Raises OSError when it cannot be written; when that is true
        of `latest` alone, a line of text says so.
        """
        path = expanded(folder) / _name(self.about)
        path.parent.mkdir(parents=True, exist_ok=True)
        with nullcontext(path) if path.is_dir() else _whole(path) as new:  # kept again: nothing in it is different
            self._write(new)
        self.path = path
        latest = path.with_name(LATEST)
        try:
            with _whole(latest) as new:
                try:
                    new.symlink_to(path.name, target_is_directory=True)
                except (OSError, NotImplementedError):  # this system does not allow links
                    self._write(new)
        except OSError as error:
            say(f'{latest} could not be changed ({error.strerror or error}): load the generator from {path}.')

    def _write(self, folder):
        folder.mkdir(exist_ok=True)
        with whole_file(folder / MODEL) as file:
            file.write(self._model.SerializeToString(deterministic=True))
        self.about['md5'] = md5(folder / MODEL)
        _write_about(folder / ABOUT, self.about)


class Discriminator:
    """The discriminator of a lesson.train.Run that has ended, in its session."""

    def __init__(self, run):
        self._sess, self._input_z, self._batch_size = run.sess, run.input_z, run.batch_size

    def __call__(self, images) -> np.ndarray:
        """Its probabilities [n] that images [n, height, width, channels] in [-1, 1] are real.

        They go through it in batches of the run's size, or a little more: batch norm compares an image with those
        beside it, so pass real and generated images apart, as in training.
        Raises ValueError when it computes no tf.sigmoid of the real images.
        """
        real, probabilities = self._tensors
        parts = np.array_split(images, max(1, len(images) // self._batch_size))
        return np.concatenate([self._sess.run(probabilities, {real: part}).ravel() for part in parts])

    @cached_property
    def _tensors(self):
        """The placeholder of the real images, and the sigmoid that depends on it, and not on z."""
        definition, operations = self._sess.graph.as_graph_def(), self._sess.graph.get_operations()
        inputs = {op.name: op.outputs[0] for op in operations if op.type == 'Placeholder'}
        for op in operations:
            if op.type == 'Sigmoid' and op.name.startswith('discriminator'):
                used = tf.graph_util.extract_sub_graph(definition, [op.name]).node
                needed = [inputs[node.name] for node in used if node.name in inputs]
                if len(needed) == 1 and needed[0] is not self._input_z:
                    return needed[0], op.outputs[0]
        raise ValueError('the discriminator computes no tf.sigmoid of real images, so there are no probabilities')


def freeze(sess, input_z, images):
    """What computes images from input_z in a session, with its variables as constants: a SavedModel.

    Its signature 'serving_default' takes `z`, float32 [n, z_dim], and gives `images`, float32 in [-1, 1], and `pixels`,
    uint8, both [n, height, width, channels].
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    constants = tf.graph_util.convert_variables_to_constants(sess, sess.graph.as_graph_def(), [images.op.name])
    with tf.Graph().as_default() as graph:
        z = tf.placeholder(tf.float32, input_z.shape, name='z')
        (network,) = tf.import_graph_def(constants, {input_z.name: z}, [images.name], name='network')
        network = tf.identity(network, name='images')
        pixels = tf.cast(tf.round((tf.clip_by_value(network, -1.0, 1.0) + 1.0) * 127.5), tf.uint8, name='pixels')
    signature = tf.saved_model.predict_signature_def({'z': z}, {'images': network, 'pixels': pixels})
    model = SavedModel(saved_model_schema_version=1)
    meta = model.meta_graphs.add()
    meta.CopyFrom(tf.train.export_meta_graph(graph=graph))
    meta.meta_info_def.tags.append(tf.saved_model.tag_constants.SERVING)
    meta.signature_def['serving_default'].CopyFrom(signature)
    return model


def save(run) -> Generator:
    """The generator of a lesson.train.Run as it is in its session, which only its discriminator still needs.

    With a generators_dir it is kept there, and beside it the animation of the images that were shown. A disk that
    does not allow that costs one line of text.
    """
    generate = Generator(freeze(run.sess, run.input_z, run.images), _about(run))
    generate.discriminate = Discriminator(run)
    if run.generators_dir:
        try:
            generate.keep(run.generators_dir)
            run.film.save(generate.path / FILM)
        except OSError as error:
            reason = error.strerror or error
            lost = f'The generator could not be saved in {run.generators_dir} ({reason}): it is lost when Python ends. '
            lost += 'Make room, or choose a different folder, and call its .keep(folder).'
            say(f'The animation could not be saved beside the generator ({reason}).' if generate.path else lost)
    return generate


def _about(run):
    """What belongs to the generator of a run: a dictionary for about.json."""
    image_shape = run.settings['data_shape'][1:]
    return {
        'title': run.title,
        'made': datetime.now(UTC).isoformat(timespec='milliseconds'),
        'version': __version__,
        'tensorflow': tf.__version__,
        'image_shape': image_shape,
        'channels': image_shape[-1],
        'z_dim': run.z_dim,
        'z': describe_noise(run.noise(0, 1000), *run.switch),
        'seed': run.seed,
        'steps': run.step,
        'losses': _means(run.losses),
        'settings': run.settings,
        'scores': {},
    }


def _means(losses):
    """d_loss and g_loss [steps, 2] as a list of no more than POINTS pairs."""
    parts = np.array_split(losses, min(POINTS, len(losses)) or 1)
    return [[float(f'{loss:.4g}') for loss in part.mean(0)] for part in parts if len(part)]


def describe_noise(noise, positions: int = 0, strength: float = 0.0) -> dict:
    """What noise [n, z_dim] is like, for those who make more of it elsewhere.

    positions, strength: of its switch: one of the first `positions` numbers is `strength`, the others are 0. The rest
    are independent numbers, all distributed alike, which `quantiles` describes: see SHARES.
    """
    positions = min(int(positions), noise.shape[1])
    rest = noise[:, positions:] if positions < noise.shape[1] else np.zeros(1)
    quantiles = [float(f'{quantile:.4g}') for quantile in np.quantile(rest, SHARES)]
    return {'positions': positions, 'strength': float(strength), 'quantiles': quantiles}


def sample_like(description: dict, rng, n: int, z_dim: int) -> np.ndarray:
    """Noise [n, z_dim] from a NumPy random generator, as `describe_noise` describes it."""
    z = np.interp(rng.uniform(0, 1, [n, z_dim]), SHARES, description['quantiles'])
    if positions := description['positions']:
        z[:, :positions] = description['strength'] * np.eye(positions)[rng.integers(positions, size=n)]
    return z


def keep_scores(generate, scores: dict) -> None:
    """Add scores, {name: (of generated images, of real ones)}, to a Generator's `about`, and to its about.json.

    A disk that does not allow that costs one line of text. Of a function that is not a Generator nothing is kept.
    """
    if not isinstance(generate, Generator):
        return
    for name, (score, floor) in scores.items():
        generate.about['scores'][name] = {'generated': float(score), 'floor': float(floor)}
    if generate.path:
        try:
            _write_about(generate.path / ABOUT, generate.about)
        except OSError as error:
            say(f'The scores could not be written to {generate.path / ABOUT}: {error.strerror or error}.')


def load(path='generators/latest') -> Generator:
    """The Generator that is kept at `path`; it needs neither the notebook nor the data.

    Raises FileNotFoundError when there is none, ValueError when it is incomplete or damaged.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    path = expanded(path)
    if not path.is_dir():
        raise FileNotFoundError(
            f'there is no generator at {path}: a run saves one when generators_dir is set and train ends with '
            'generators.save(run)'
        )
    try:
        about = json.loads((path / ABOUT).read_text('utf-8'))
        if md5(path / MODEL) != about['md5']:
            raise ValueError(f'{MODEL} is not what was written')
        model = SavedModel.FromString((path / MODEL).read_bytes())
        datetime.fromisoformat(about['made']), about['z']['quantiles']  # so that others can rely on it
    except FileNotFoundError as error:
        raise ValueError(f'{path} is not a whole generator: {Path(error.filename).name} is missing') from None
    except (KeyError, TypeError, ValueError) as error:
        why = f'the generator at {path} is damaged, or of an earlier edition ({error})'
        raise ValueError(f'{why}: delete that folder, and train again') from None
    return Generator(model, about, path.resolve())


def data_of(about: dict) -> str:
    """What a generator was trained on: its title without what all titles begin with."""
    return about['title'].removeprefix('generated, trained on ')


def _name(about):
    """A folder's name that every system takes: the title without what cannot be in a name, and the time."""
    title = re.sub(r'\W+', '-', data_of(about))[:40].strip('-') or 'generated'
    return f'{title}-{re.sub("[T:.]", "-", about["made"][:23])}'


def _write_about(path, about):
    with whole_file(path) as file:
        file.write(json.dumps(about, indent=1, ensure_ascii=False).encode() + b'\n')


@contextmanager
def _whole(path):
    """A place for a link or a folder that appears at `path` at the end, with all that is in it, or not at all."""
    with tempfile.TemporaryDirectory(prefix='.unfinished-', dir=path.parent, ignore_cleanup_errors=True) as unfinished:
        new = Path(unfinished, 'new')
        yield new
        for attempt in range(10):  # a different process may do the same
            old = Path(unfinished, f'old-{attempt}')
            with suppress(FileNotFoundError):
                if path.is_dir() and not (path.is_symlink() and new.is_symlink()):
                    os.rename(path, old)
            try:
                return os.replace(new, path)
            except OSError:
                if os.path.lexists(old) and not os.path.lexists(path):
                    os.rename(old, path)
                if attempt == 9 or not path.is_dir():
                    raise
