"""Where a graph runs: the session, and what surrounds the steps of a training."""

import numbers
import os
import re
import shlex
import signal
import threading
import zlib
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from lesson import cluster, generators
from lesson.checkpoints import Checkpoints, fingerprints
from lesson.events import Events
from lesson.files import expanded
from lesson.film import Film
from lesson.progress import progress
from lesson.quiet import import_tensorflow

tf = import_tensorflow()
load_generator = generators.load

LOOK_EVERY = 100  # steps: then the weights are kept, and compared with what usually goes wrong
DECIDED = 300  # after so many steps one can tell whether the discriminator has won
ALIKE = 0.05  # standard deviation over images that are all alike; digits have 0.4, faces 0.5


def session(graph, bfloat16=None, machines=None):
    """A tf.Session on a graph, its variables initialized; convolutions in bfloat16 (None: where that is faster).

    The graph is finalised: from now on, adding something to it is an error. machines: a cluster.Alone or Member.

    bfloat16 is float32 with 8 bits of precision in place of 24. TensorFlow's own graph rewrite casts what goes into
    convolutions and matrix products, and sums in float32; weights, batch norm, losses and Adam stay float32.
    """
    with graph.as_default():
        initialize = tf.global_variables_initializer()
    graph.finalize()
    config = tf.ConfigProto()
    if has_fast_bfloat16() if bfloat16 is None else bfloat16:
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = 1  # ON
    sess = (machines or cluster.Alone()).session(graph, config)
    sess.run(initialize)
    return sess


def keep_scores(generate, scores):
    """Write scores of a generator's images, {name: (of generated images, of real ones)}, beside it, if it is kept."""
    if isinstance(generate, generators.Generator):
        generate.add_scores(scores)


def has_fast_bfloat16():
    """Whether the processor multiplies bfloat16 natively (AVX512-BF16 or AMX), and oneDNN may use that; Linux only.

    Elsewhere bfloat16 is emulated, and slower than float32. ONEDNN_MAX_CPU_ISA is oneDNN's own limit.
    """
    cpuinfo = Path('/proc/cpuinfo')
    native = cpuinfo.exists() and re.search(r'\b(avx512_bf16|amx_bf16)\b', cpuinfo.read_text())
    limit = os.environ.get('ONEDNN_MAX_CPU_ISA', 'ALL').upper()
    return bool(native and re.search('ALL|DEFAULT|512.*BF16|FP16|AMX|AVX10', limit))


class Run:
    """What surrounds the steps of a training: what they are fed with, checkpoints, interruption, checks.

    In use: `with run.session(graph, input_z, images) as sess:`, then for each `(batch, z)` of `run.batches()` one step
    and one `run.record(d_loss, g_loss)`. Step n is fed with the same images and noise whenever it is made: they
    depend on seed and n alone. So an interrupted training that resumes ends with the same weights to the last bit.

    - get_batches(batch_size, seed=...) yields the images of an epoch, float32 in [-0.5, 0.5], data_shape is (images,
      height, width, channels); sample_z(rng, n, z_dim) returns noise [n, z_dim] from a NumPy random generator.
    - title: what the generated images are called in captions.
    - checkpoint_dir: a folder for checkpoints, written every checkpoints.SECONDS and at the end. A Run resumes from
      the newest; more epochs are a continuation, another graph, setting or data set is not.
    - log_dir: a folder of this training alone, for what TensorBoard shows of it: losses, images and the graph.
    - generators_dir: a folder in which `save_generator` keeps the trained generator; None: it keeps none.

    Ctrl-C ('interrupt kernel') ends the step, saves, and ends the loop; a second one stops at once. Losses that are
    not finite end the loop as well, and weights from before are put back.

    On several machines (see lesson.cluster), batch_size is that of each, and epoch_count that of the chief. If all have
    the same images, step n is fed with what one machine with the whole batch would be fed with; if they have different
    ones, each goes through its own. model_opt then needs the arguments `optimizer` as well.

    Raises ValueError when a setting is not usable, a training would make no step, or images differ in size;
    FloatingPointError when there are no weights from before; and what Checkpoints and cluster.here raise.
    """

    def __init__(
        self,
        epoch_count,
        batch_size,
        z_dim,
        learning_rate,
        beta1,
        get_batches,
        data_shape,
        sample_z,
        seed=0,
        title='generated',
        checkpoint_dir=None,
        log_dir=None,
        generators_dir=None,
    ):
        _check_whole(1, epoch_count=epoch_count, batch_size=batch_size, z_dim=z_dim)
        _check_whole(0, seed=seed)
        _check_number('learning_rate', learning_rate, 'above 0', lambda value: 0 < value < float('inf'))
        _check_number('beta1', beta1, 'from 0 to less than 1', lambda value: 0 <= value < 1)
        self._machines = cluster.here()
        self.optimizer = self._machines.optimizer  # arguments for model_opt: none on one machine
        data_shape = [int(size) for size in data_shape]
        self._n_images = data_shape[0]  # on this machine
        _check_batch_size(batch_size, self._n_images)
        self.get_batches, self.sample_z = get_batches, sample_z
        self.batch_size, self.z_dim, self.seed, self.title = batch_size, z_dim, seed, title
        self.epoch_count, steps, self._epoch, agreed = self._machines.agreed(
            epoch_count, batch_size, data_shape, get_batches, self._images_sum
        )
        self.steps = self.epoch_count * steps
        rates = {'learning_rate': float(learning_rate), 'beta1': float(beta1)}
        sizes = {'batch_size': int(batch_size), 'z_dim': int(z_dim), 'seed': int(seed), 'data_shape': data_shape}
        self.settings = rates | sizes | agreed
        folders = (checkpoint_dir, log_dir, generators_dir) if self._machines.chief else (None, None, None)
        self.checkpoint_dir, self.log_dir, self.generators_dir = (folder and expanded(folder) for folder in folders)
        self.film, self._losses, self._checkpoints, self._events = Film(title), [], None, None
        self._interrupted = self._stopped = self._warned = False

    @property
    def step(self):
        """How many steps have been made."""
        return len(self._losses)

    @property
    def losses(self):
        """d_loss and g_loss of each step: float32 [steps, 2]."""
        return np.array(self._losses, np.float32).reshape(-1, 2)

    @property
    def caption(self):
        """What a picture of the present state is called, where it is not a row of the film."""
        return f'{self.title}, batch {self.step}'

    @contextmanager
    def session(self, graph, input_z, images):
        """A session in which to train, with the newest checkpoint in place; it stays open afterwards.

        In a notebook, an animation of the images that were shown comes last.
        images: the generated images, which are computed from input_z.
        """
        real, generated = self.settings['data_shape'][1:], images.shape[1:]
        if not generated.is_compatible_with(real):
            raise ValueError(
                f'the real images are {real} (height, width, channels), but the generated ones '
                f'{generated.as_list()}: prepare the images in the size that generator returns, or change its layers'
            )
        self.sess, self._input_z, self._images = session(graph, machines=self._machines), input_z, images
        self._variables = {v.op.name: v for v in graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)}
        with self._machines.watched(graph), self._resumed(graph), self._logged(graph), self._interruptible():
            self._good = self._machines.from_chief(self._values(), self.settings, graph)  # what a bad step is undone to
            if not self._machines.chief:
                self._set(self._good)
            yield self.sess
        self.film.show_animation()

    def batches(self):
        """Yield (images, noise) for each step that is still to be made, under a progress bar."""
        seeds = ([self.seed, epoch] for epoch in range(self.epoch_count))
        epochs = (self._epoch(self.batch_size, seed=seed) for seed in seeds)
        everything = ((epoch, images) for epoch, batches in enumerate(epochs, 1) for images in batches)
        begun = self.step
        hidden = not self._machines.chief
        with progress(total=self.steps, initial=begun, unit='batch', disable=hidden) as self._bar:
            for epoch, images in islice(everything, begun, self.steps):
                self._bar.set_description(f'epoch {epoch}/{self.epoch_count}', refresh=False)
                made, z = self.step, self._machines.part(self._noise(self.step, self._machines.size * len(images)))
                yield images, z
                if self.step != made + 1:
                    raise RuntimeError('call run.record(d_loss, g_loss) once for each batch')
                self._bar.update()
                if not self._in_order(z):
                    return
                if self._stopped:
                    break
        if not self.step:
            raise ValueError(f'get_batches({self.batch_size}) yields no batch, so nothing was trained')
        if self.step > begun and self._keep(save=True) and self._stopped:
            self._say_how_to_resume()

    def record(self, d_loss, g_loss):
        """Count a step as made, with its losses: on several machines, with their means."""
        due = bool(self._checkpoints and self._checkpoints.due())
        d_loss, g_loss, self._stopped, self._due = self._machines.mean(d_loss, g_loss, self._interrupted, due)
        self._losses.append((d_loss, g_loss))
        if self._events:
            self._events.add_losses(self.step, d_loss, g_loss)
        self._bar.set_postfix(d_loss=d_loss, g_loss=g_loss, refresh=False)

    def show(self, images):
        """Show a row of generated images [n, height, width, channels] in [-1, 1] as the present state."""
        if not self._machines.chief:
            return
        image = self.film.add(self.step, images)
        if self._events:
            self._events.add_image(self.step, image)

    def save_generator(self):
        """generate(z), a generators.Generator: the network as it is in the session now, which is not needed any longer.

        With a generators_dir it is kept there, and beside it the animation of the images that were shown. A disk that
        does not allow that is said in one line.
        """
        about = generators.describe(self.title, self.settings, self.step, self._noise(0, 1000))
        generate = generators.Generator(generators.freeze(self.sess, self._input_z, self._images), about)
        if self.generators_dir:
            try:
                generate.keep(self.generators_dir)
            except OSError as error:
                print(
                    f'The generator could not be saved in {self.generators_dir} ({error.strerror or error}): it is '
                    'lost when Python ends. Make room, or choose another folder, and call .keep(folder) of it.'
                )
                return generate
            try:
                self.film.save(generate.path / 'training.png')
            except OSError as error:
                print(f'The animation could not be saved beside the generator ({error.strerror or error}).')
        return generate

    def _noise(self, step, n):
        return self.sample_z(np.random.default_rng([self.seed, step]), n, self.z_dim)

    def _in_order(self, z):
        """Look after the training, following a step with the noise z. False: it has to end."""
        if not np.isfinite(self._losses[-1]).all():
            return self._undo()
        look = self.step % LOOK_EVERY == 0
        if (look or self._due) and not self._keep(save=self._due):
            return False
        if look and self.step >= DECIDED and not self._warned:
            self._look_for_trouble(z)
        return True

    def _keep(self, save):
        """Keep the present state as the last good one, in memory or also in a checkpoint. False: it is not good."""
        values = self._values()
        if not all(np.isfinite(value).all() for value in values.values()):
            return self._undo()
        self._good = values
        if save and self._checkpoints:
            self._checkpoints.save(values)
        return True

    @contextmanager
    def _resumed(self, graph):
        """With a checkpoint_dir: lock it, and put the newest checkpoint in place."""
        if not self.checkpoint_dir:
            yield
            return
        self._checkpoints = Checkpoints(self.checkpoint_dir, self.settings | self._content(), fingerprints(graph))
        with self._checkpoints.locked():
            values = self._checkpoints.newest()
            if values:
                self._set(values)
                done = ', which is all of them' if self.step >= self.steps else ''
                print(f'Resuming after step {self.step:,} of {self.steps:,}{done}, from {self.checkpoint_dir}.')
            yield

    @contextmanager
    def _logged(self, graph):
        """With a log_dir: write events, and say how to look at them."""
        if self.log_dir:
            self._events = Events(self.log_dir, graph, self.losses)
            how = f'tensorboard --logdir {shlex.quote(str(self.log_dir))}'
            print(f'Losses, images and the graph, in TensorBoard (pip install tensorboard): {how}')
        try:
            yield
        finally:
            if self._events:
                self._events.close()

    def _content(self):
        """Checksums of what the steps are fed with: of all images, in whatever order, and of the first step's noise."""
        return {'images': self._images_sum(), 'sample_z': _checksum(self._noise(0, 10))}

    def _images_sum(self, count=None):
        """A checksum of this machine's images, in whatever order; count: of about so many, as an epoch begins."""
        n_images = self._n_images
        most = next(n for n in range(min(512, n_images), 0, -1) if n_images % n == 0)  # so that none is left over
        batches = islice(self.get_batches(most, seed=[self.seed, 0]), count and -(-count // most))
        return sum(_checksum(image) for batch in batches for image in batch)

    @contextmanager
    def _interruptible(self):
        if threading.current_thread() is not threading.main_thread():  # Python allows it nowhere else
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def interrupt(*_):
            self._interrupted = True
            signal.signal(signal.SIGINT, before)  # the next one stops at once

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _say_how_to_resume(self):
        how = 'with checkpoint_dir=..., the next call could resume from here'
        if self.checkpoint_dir:
            how = f'it is saved in {self.checkpoint_dir}: call train again to resume'
        print(f'Interrupted after step {self.step:,} of {self.steps:,}; {how}.')

    def _values(self):
        """Everything that a checkpoint contains: {name: array}."""
        values = self.sess.run(list(self._variables.values()))
        return dict(zip(self._variables, values, strict=True)) | {'losses': self.losses}

    def _set(self, values):
        feed = {v.initializer.inputs[1]: values[name] for name, v in self._variables.items()}
        self.sess.run([v.initializer for v in self._variables.values()], feed)
        self._losses[:] = [tuple(pair) for pair in values['losses']]

    def _undo(self):
        """Put the last good state back, say so, return False. FloatingPointError: it was before the first step."""
        step, _ = self.step, self._set(self._good)
        what = f'Losses or weights are not finite at step {step:,}'
        hint = 'Try a smaller learning rate. Is there a logarithm of zero, or a division by it?'
        if not self.step:
            raise FloatingPointError(f'{what}, so nothing was trained. {hint}')
        print(f'{what}: the training ends, with the weights of step {self.step:,}. {hint}')
        return False

    def _look_for_trouble(self, z):
        """Point out, once, a discriminator that has won, or generated images that are all alike."""
        d_loss, g_loss = self.losses[-DECIDED:].mean(0)
        spread = np.std(self.sess.run(self._images, {self._input_z: z}), axis=0).mean()
        if d_loss < 0.05 or g_loss > 6:
            what = (
                f'the discriminator has won (d_loss {d_loss:.3f}, g_loss {g_loss:.1f} over {DECIDED} steps), so '
                'the generator learns nothing more. Are real images in [-1, 1]? Is the learning rate too high?'
            )
        elif len(z) > 1 and spread < ALIKE:
            what = (
                f'the generated images are all alike (they differ by {spread:.3f} in [-1, 1]): the generator has found '
                'one that passes. If it lasts, make the discriminator stronger, or the learning rate smaller.'
            )
        else:
            return
        print(f'Step {self.step:,}: {what}')
        self._warned = True


def _check_whole(least, **settings):
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(f'{name} is {value!r}: choose a whole number from {least}')


def _check_number(name, value, allowed, fits):
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not fits(value):
        raise ValueError(f'{name} is {value!r}: choose a number {allowed}')


def _check_batch_size(batch_size, n_images):
    if batch_size > n_images:
        raise ValueError(
            f'batch_size is {batch_size:,}, but there are only {n_images:,} images, so an epoch would have no step: '
            f'choose a batch_size from 1 to {n_images:,}'
        )


def _checksum(array):
    return zlib.crc32(np.ascontiguousarray(array))
