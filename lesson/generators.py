"""Trained generators: frozen, kept in a folder, and loaded again, by this project or by plain TensorFlow.

A kept generator is a folder with two files: saved_model.pb, a SavedModel that takes `z` and gives `images` and
`pixels`, and about.json, what belongs to it.
"""

import itertools
import json
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import numpy as np

from lesson import __version__
from lesson.files import expanded, md5, whole_file
from lesson.quiet import import_tensorflow

tf = import_tensorflow()

MODEL, ABOUT, LATEST = 'saved_model.pb', 'about.json', 'latest'
UNFINISHED, FORGOTTEN = '.unfinished-', 3600  # begins the name of a folder that is being written; seconds


class Generator:
    """A trained generator: generate(z) makes images, float32 [n, height, width, channels] in [-1, 1].

    z is noise [n, z_dim], of any type of numbers; ValueError when it is something else. The same z gives the same
    images, in whatever process of this project, to the last bit on the same kind of machine: it runs a graph of
    constants, in float32. TensorFlow without oneDNN (see quiet.prepare) rounds otherwise.

    - about: what belongs to it, as about.json contains it
    - path: the folder in which it is kept, or None
    - graph, z, images: its graph, and the two tensors
    """

    def __init__(self, model, about, path=None):
        """model: a SavedModel from `freeze`."""
        self._model, self.about, self.path = model, about, path
        meta = model.meta_graphs[0]
        with tf.Graph().as_default() as self.graph:
            tf.import_graph_def(meta.graph_def, name='')
        signature = meta.signature_def['serving_default']
        self.z = self.graph.get_tensor_by_name(signature.inputs['z'].name)
        self.images = self.graph.get_tensor_by_name(signature.outputs['images'].name)
        self._sess = tf.Session(graph=self.graph)

    def __call__(self, z):
        return self.compute(self.images, z)

    def compute(self, tensors, z):
        """The values of one or more tensors of its graph for noise z [n, z_dim]."""
        z, z_dim = np.asarray(z), self.z.shape[1]
        if z.ndim != 2 or z.shape[1] != z_dim or z.dtype.kind not in 'fiu':
            raise ValueError(f'z is {z.dtype} {list(z.shape)}: expected numbers [n, {z_dim}], a row for each image')
        return self._sess.run(tensors, {self.z: z})

    def keep(self, folder):
        """Write it to a new folder in `folder`, named by title and time, and let `latest` be that one.

        The new folder appears with all that is in it, or not at all. Raises OSError when it cannot be written.
        """
        folder = expanded(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _remove_forgotten(folder)
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder, ignore_cleanup_errors=True) as unfinished:
            whole = Path(unfinished, 'whole')
            whole.mkdir()
            with whole_file(whole / MODEL) as file:
                file.write(self._model.SerializeToString(deterministic=True))
            self.about['md5'] = md5(whole / MODEL)
            _write_about(whole, self.about)
            _sync(whole)
            self.path = _renamed(whole, folder / _name(self.about))
        _sync(folder)
        _set_latest(folder / LATEST, self.path)

    def add_scores(self, scores):
        """Add scores, {name: (of generated images, of real ones)}, to `about`, and to the file if it is kept."""
        named = {name: {'generated': float(score), 'floor': float(floor)} for name, (score, floor) in scores.items()}
        self.about['scores'] = self.about.get('scores', {}) | named
        if self.path:
            about, copy = self.path / ABOUT, self.path.with_name(LATEST) / ABOUT
            try:
                same = not copy.parent.is_symlink() and copy.exists() and copy.read_bytes() == about.read_bytes()
                for folder in [self.path] + [copy.parent] * same:
                    _write_about(folder, self.about)
            except OSError as error:
                print(f'The scores could not be written to {about}: {error.strerror or error}.')


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


def describe(title, settings, steps, noise):
    """What belongs to a generator: a dictionary for about.json.

    settings: those of its training, {name: value}, with z_dim, seed and data_shape; noise: some of it, [n, z_dim].
    """
    _, *image_shape = settings['data_shape']
    return {
        'title': title,
        'made': datetime.now().isoformat(timespec='milliseconds'),
        'version': __version__,
        'tensorflow': tf.__version__,
        'image_shape': image_shape,
        'channels': image_shape[-1],
        'z_dim': settings['z_dim'],
        'z': describe_noise(noise),
        'seed': settings['seed'],
        'steps': steps,
        'settings': settings,
        'scores': {},
    }


def describe_noise(noise):
    """What noise [n, z_dim] is like, for who makes more of it elsewhere: {name: value}.

    The first numbers of a row may be `switches`: one of them is `strength`, the others are 0. The rest has the
    `distribution` 'uniform', from `low` to `high`, or 'normal', with `mean` and `deviation`.
    """
    noise = np.asarray(noise, np.float64)
    switches, strength = _switches(noise)
    rest = noise[:, switches:] if switches < noise.shape[1] else np.zeros([1, 1])
    mean, deviation = rest.mean(), rest.std()
    about = {'switches': switches, 'strength': strength}
    if np.mean((rest - mean) ** 4) < 2.4 * deviation**4:  # 1.8 for a uniform distribution, 3 for a normal one
        limits = {'low': rest.min(), 'high': rest.max()}
        return about | {'distribution': 'uniform'} | {name: round(float(limit), 3) for name, limit in limits.items()}
    moments = {'mean': round(float(mean), 2), 'deviation': round(float(deviation), 2)}
    return about | {'distribution': 'normal'} | moments


def _switches(noise):
    """(how many leading numbers are switches, their strength); (0, 0.0) when there are none."""
    strength = next(iter(noise[0][noise[0] != 0]), 0.0)
    two_values = [((column == 0) | (column == strength)).all() for column in noise.T]
    count = [*two_values, False].index(False)
    if count < 2 or not ((noise[:, :count] != 0).sum(1) == 1).all():
        return 0, 0.0
    return count, float(strength)


def load(path='generators/latest'):
    """The Generator that is kept at `path`; it needs neither the notebook nor the data.

    Raises FileNotFoundError when there is none, ValueError when it is incomplete or damaged.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    path = expanded(path)
    if not path.is_dir():
        raise FileNotFoundError(
            f'there is no generator at {path}: a training saves one when generators_dir is set and train ends with '
            'run.save_generator()'
        )
    try:
        about = json.loads((path / ABOUT).read_text('utf-8'))
        if md5(path / MODEL) != about['md5']:
            raise ValueError(f'{MODEL} is not what was written')
        model = SavedModel.FromString((path / MODEL).read_bytes())
    except FileNotFoundError as error:
        raise ValueError(f'{path} is not a whole generator: {Path(error.filename).name} is missing') from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'the generator at {path} is damaged ({error}): delete that folder, and train again') from None
    return Generator(model, about, path.resolve())


def _name(about):
    """A folder's name that every system takes: the title without what cannot be in a name, and the time."""
    title = re.sub(r'\W+', '-', about['title'].removeprefix('generated from '))[:40].strip('-') or 'generated'
    return f'{title}-{re.sub("[T:]", "-", about["made"][:19])}'


def _write_about(folder, about):
    with whole_file(folder / ABOUT) as file:
        file.write(json.dumps(about, indent=1, ensure_ascii=False).encode() + b'\n')


def _renamed(folder, path):
    """Rename a folder, to `path`, or when there is one already, to that with a number. Returns its new path."""
    for number in itertools.count(1):
        target = path if number == 1 else path.with_name(f'{path.name}-{number}')
        try:
            os.rename(folder, target)
            return target
        except OSError:
            if not target.exists():
                raise


def _set_latest(latest, folder):
    """Let `latest` be a link to a folder beside it, or a copy of that where the system does not allow links."""
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=latest.parent, ignore_cleanup_errors=True) as unfinished:
        new = Path(unfinished, 'new')
        try:
            new.symlink_to(folder.name, target_is_directory=True)
        except (OSError, NotImplementedError):
            shutil.copytree(folder, new)
        if latest.is_dir() and not latest.is_symlink():
            os.rename(latest, Path(unfinished, 'old'))
        os.replace(new, latest)


def _remove_forgotten(folder):
    """Remove what trainings that were killed while they wrote have left."""
    for unfinished in folder.glob(f'{UNFINISHED}*'):
        with suppress(OSError):
            if time.time() - unfinished.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(unfinished)


def _sync(folder):
    """Wait until the disk has the names in a folder."""
    with suppress(OSError):  # Windows opens no folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
