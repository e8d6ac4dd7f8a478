"""Trained generators: saved in a folder, and loaded again, by this project or by plain TensorFlow.

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
from lesson.session import tf

MODEL, ABOUT, LATEST = 'saved_model.pb', 'about.json', 'latest'
UNFINISHED, FORGOTTEN = '.unfinished-', 3600  # begins the name of a folder that is being written; seconds


class Generator:
    """A trained generator: generate(z) makes images, float32 [n, height, width, channels] in [-1, 1].

    z is noise [n, z_dim], of any type of numbers; ValueError when it is something else. The same z gives the same
    images in any process of this project, bit-identical on the same kind of machine: it runs a graph of constants,
    in float32. TensorFlow without oneDNN (see lesson/session.py) rounds differently.

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


def save(run) -> Generator:
    """The generator of a lesson.train.Run as it is in its session, which is not needed any longer.

    With a generators_dir it is kept there, and beside it the animation of the images that were shown. A disk that
    does not allow that is said in one line.
    """
    generate = Generator(freeze(run.sess, run.input_z, run.images), _about(run))
    if run.generators_dir:
        try:
            generate.keep(run.generators_dir)
        except OSError as error:
            print(
                f'The generator could not be saved in {run.generators_dir} ({error.strerror or error}): it is '
                'lost when Python ends. Make room, or choose another folder, and call its .keep(folder).'
            )
            return generate
        try:
            run.film.save(generate.path / 'training.png')
        except OSError as error:
            print(f'The animation could not be saved beside the generator ({error.strerror or error}).')
    return generate


def _about(run):
    """What belongs to the generator of a run: a dictionary for about.json."""
    _, *image_shape = run.settings['data_shape']
    return {
        'title': run.title,
        'made': datetime.now().isoformat(timespec='milliseconds'),
        'version': __version__,
        'tensorflow': tf.__version__,
        'image_shape': image_shape,
        'channels': image_shape[-1],
        'z_dim': run.z_dim,
        'z': describe_noise(run.noise(0, 1000), *run.switch),
        'seed': run.seed,
        'steps': run.step,
        'settings': run.settings,
        'scores': {},
    }


def describe_noise(noise, positions: int = 0, strength: float = 0.0) -> dict:
    """What noise [n, z_dim] is like, for those who make more of it elsewhere.

    positions, strength: of its switch: one of the first `positions` numbers is `strength`, the others are 0. The rest
    are independent numbers, all distributed alike, which `quantiles` describes: 0 %, 5 %, ..., 100 % of some of them
    are below these values.
    """
    positions = min(int(positions), noise.shape[1])
    rest = noise[:, positions:] if positions < noise.shape[1] else np.zeros([1, 1])
    quantiles = np.quantile(rest, np.linspace(0, 1, 21)).round(3)
    return {'positions': positions, 'strength': float(strength), 'quantiles': quantiles.tolist()}


def sample_like(about: dict, rng, n: int, z_dim: int) -> np.ndarray:
    """Noise [n, z_dim] from a NumPy random generator, as `describe_noise` describes it."""
    quantiles = about['quantiles']
    z = np.interp(rng.uniform(0, 1, [n, z_dim]), np.linspace(0, 1, len(quantiles)), quantiles)
    if positions := about['positions']:
        z[:, :positions] = about['strength'] * np.eye(positions)[rng.integers(positions, size=n)]
    return z


def keep_scores(generate, scores: dict) -> None:
    """Write scores of a generator's images, {name: (of generated images, of real ones)}, beside it, if it is kept."""
    if isinstance(generate, Generator):
        generate.add_scores(scores)


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
    """Remove what runs that were killed while they wrote have left."""
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
