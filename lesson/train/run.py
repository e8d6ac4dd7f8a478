"""A training run: what surrounds its steps."""

import shlex
import signal
import threading
import zlib
from contextlib import contextmanager
from functools import cached_property
from itertools import islice

import numpy as np

from lesson.cluster import members
from lesson.files import expanded, say
from lesson.progress import SettingError, progress
from lesson.session import fingerprints, set_variables, tf
from lesson.train import checks
from lesson.train.checkpoints import Checkpoints
from lesson.train.film import Film
from lesson.train.recalibrate import Average
from lesson.train.tensorboard import Events

LOOK_EVERY = 100  # steps: then the weights are kept, and compared with what usually goes wrong
DECIDED = 300  # after this many steps one can tell whether the discriminator has won


def uniform(rng: np.random.Generator, n: int, z_dim: int) -> np.ndarray:
    """Noise [n, z_dim], uniform in [-1, 1]."""
    return rng.uniform(-1, 1, [n, z_dim])


class Run:
    """What surrounds the steps of a training run: what they are fed with, checkpoints, interruption, checks.

    In use: `with run.session(graph, input_z, images) as sess:`, then for each `(batch, z)` of `run.batches()` one step
    and one `run.record(d_loss, g_loss)`. Step n is fed with the same images and noise whenever it is made: they
    depend on seed and n alone. So an interrupted run that resumes ends with bit-identical weights.

    - get_batches(batch_size, seed=...) yields the images of an epoch, float32 in [-0.5, 0.5], data_shape is (images,
      height, width, channels); sample_z(rng, n, z_dim) returns noise [n, z_dim] from a NumPy random generator, by
      default `uniform`.
    - switch: (positions, strength): of the first `positions` numbers of a z one is `strength`, the others are 0.
    - average: keep averages of the generator's weights, of which each step replaces 1 - average; at the end they take
      the place of the weights, and batch norm is recalibrated (see recalibrate.py). None: the last weights stay.
    - title: what the generated images are called in captions.
    - checkpoint_dir: a folder for checkpoints, written every checkpoints.EVERY seconds and at the end. A Run resumes
      from the newest; more epochs are a continuation, a different graph, setting or data set is not.
    - log_dir: a folder of this run alone, for what TensorBoard shows of it: losses, images and the graph.
    - generators_dir: a folder in which generators.save keeps the trained generator; None: it keeps none.

    Ctrl-C ('interrupt kernel') ends the step, saves, and ends the loop; a second one stops at once. Losses that are
    not finite end the loop as well, and weights from before are put back.

    On several machines (docs/scaling.md), batch_size is that of each. Together, they are fed in step n with what one
    machine with the whole batch would be fed with. model_opt then has to use lesson.train.Adam.

    Raises ValueError when a setting is not usable, a run would make no step, or images differ in size;
    FloatingPointError when there are no weights from before; and what Checkpoints and lesson.cluster.members raise.
    """

    def __init__(
        self,
        epoch_count: int,
        batch_size: int,
        z_dim: int,
        learning_rate: float,
        beta1: float,
        get_batches,
        data_shape,
        *,
        sample_z=uniform,
        switch: tuple[int, float] = (0, 0.0),
        average: float | None = None,
        seed: int = 0,
        title: str = 'generated',
        checkpoint_dir=None,
        log_dir=None,
        generators_dir=None,
    ):
        checks.whole(1, epoch_count=epoch_count, batch_size=batch_size, z_dim=z_dim)
        checks.whole(0, seed=seed)
        checks.number('learning_rate', learning_rate, 'above 0', lambda value: 0 < value < float('inf'))
        checks.number('beta1', beta1, 'from 0 to less than 1', lambda value: 0 <= value < 1)
        if average is not None:
            checks.number('average', average, 'from 0 to less than 1, or None', lambda value: 0 <= value < 1)
        self._machines = members.here()
        n_images, machines = int(data_shape[0]), self._machines.size
        checks.batch_size(batch_size, n_images, machines)
        self.get_batches, self.sample_z, self.switch, self.average = get_batches, sample_z, switch, average
        self.batch_size, self.z_dim, self.seed, self.title = int(batch_size), int(z_dim), int(seed), title
        self.epoch_count, self.data_shape = int(epoch_count), [int(size) for size in data_shape]
        self.steps = self.epoch_count * (n_images // (machines * self.batch_size))
        rates = {'learning_rate': float(learning_rate), 'beta1': float(beta1)}
        sizes = {name: getattr(self, name) for name in ('batch_size', 'z_dim', 'seed', 'data_shape')}
        self.settings = rates | sizes | {'machines': machines}
        folders = (checkpoint_dir, log_dir, generators_dir) if self._machines.chief else (None, None, None)
        self.checkpoint_dir, self.log_dir, self.generators_dir = (folder and expanded(folder) for folder in folders)
        self.film, self._losses, self._shown = Film(title), [], 0  # _shown: images in a row
        self.sess = self._average = self._checkpoints = self._events = self._bar = self._good = self._warned = None
        self._interrupted = self._stopped = self._due = False

    @property
    def step(self) -> int:
        """How many steps have been made."""
        return len(self._losses)

    @property
    def losses(self) -> np.ndarray:
        """d_loss and g_loss of each step: float32 [steps, 2]."""
        return np.array(self._losses, np.float32).reshape(-1, 2)

    @contextmanager
    def session(self, graph, input_z, images):
        """A session in which to train, with the newest checkpoint in place; it stays open afterwards.

        In a notebook, an animation of the images that were shown comes last.
        images: the generated images, which are computed from input_z.
        """
        real, generated = self.data_shape[1:], images.shape[1:]
        if not generated.is_compatible_with(real):
            raise SettingError(
                f'the real images are {real} (height, width, channels), but the generated ones '
                f'{generated.as_list()}: prepare the images in the size that generator returns, or change its layers'
            )
        if self.average is not None:
            self._average = Average(graph, self.average)
        self.sess, self.input_z, self.images = self._machines.open_session(graph), input_z, images
        self._follow = self.sess.make_callable(self._average.follow) if self._average else lambda: None
        self._variables = {v.op.name: v for v in graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)}
        with self._machines.watched(graph), self._resumed(graph), self._logged(graph), self._interruptible():
            about = self._content | {'epoch_count': self.epoch_count} if self._machines.size > 1 else {}
            self._good = self._machines.from_chief(self._values(), about, graph)  # what a bad step is undone to
            if not self._machines.chief:
                self._set(self._good)
            yield self.sess
            if self._average:
                self._use_average()
                self._show_average()
        self.film.show_animation()

    def batches(self):
        """Yield (images, noise) for each step that is still to be made, under a progress bar."""
        size, part = self._machines.size * self.batch_size, self._machines.part
        epochs = (self.get_batches(size, seed=[self.seed, epoch]) for epoch in range(self.epoch_count))
        everything = ((epoch, images) for epoch, batches in enumerate(epochs, 1) for images in batches)
        begun, hidden = self.step, not self._machines.chief
        with progress(total=self.steps, initial=begun, unit='batch', disable=hidden) as self._bar:
            for epoch, images in islice(everything, begun, self.steps):
                self._bar.set_description(f'epoch {epoch}/{self.epoch_count}', refresh=False)
                made, z = self.step, part(self.noise(self.step, len(images)))
                yield part(images), z
                if self.step != made + 1:
                    raise RuntimeError('call run.record(d_loss, g_loss) once for each batch')
                self._bar.update()
                if not self._in_order(z):
                    return
                if self._stopped:
                    break
        if not self.step:
            raise SettingError(f'get_batches({size}) yields no batch, so nothing was trained')
        if self.step > begun and self._keep(save=True) and self._stopped:
            how = 'with checkpoint_dir=..., the next call could resume from here'
            if self.checkpoint_dir:
                how = f'it is saved in {self.checkpoint_dir}: call train again to resume'
            say(f'Interrupted after step {self.step:,} of {self.steps:,}; {how}.')

    def record(self, d_loss, g_loss) -> None:
        """Count a step as made, with its losses: on several machines, with their means. RuntimeError: none is due."""
        if self._bar is None:
            raise RuntimeError('run.record(d_loss, g_loss) belongs in the loop over run.batches()')
        if d_loss is None or g_loss is None:
            raise TypeError('run.record(d_loss, g_loss) got None: a step returns that, a loss returns a number')
        self._follow()
        due = bool(self._checkpoints and self._checkpoints.due())
        d_loss, g_loss, self._stopped, self._due = self._machines.mean(d_loss, g_loss, self._interrupted, due)
        self._losses.append((d_loss, g_loss))
        if self._events:
            self._events.add_losses(self.step, d_loss, g_loss)
        self._bar.set_postfix(d_loss=d_loss, g_loss=g_loss, refresh=False)

    def show(self, images) -> None:
        """Show a row of generated images [n, height, width, channels] in [-1, 1] as the present state."""
        if not self._machines.chief:
            return
        image, self._shown = self.film.add(self.step, images), len(images)
        if self._events:
            self._events.add_image(self.step, image)

    @contextmanager
    def averaged(self):
        """During a run with an average: within this, the averages are in the place of the weights, as at the end."""
        values = self._values()
        self._use_average()
        yield
        self._set(values)

    def _use_average(self):
        self._average.use(self.sess, self.input_z, lambda rng, n: self.sample_z(rng, n, self.z_dim))

    def _show_average(self):
        """Below the last row, what the average makes of the same noise: that of show_generator_output."""
        if self._shown and self._machines.chief:
            z = self.sample_z(np.random.default_rng(0), self._shown, self.z_dim)
            self.film.add('average', self.sess.run(self.images, {self.input_z: z}))

    def noise(self, step: int, n: int) -> np.ndarray:
        """The noise [n, z_dim] of a step."""
        return self.sample_z(np.random.default_rng([self.seed, step]), n, self.z_dim)

    def _in_order(self, z):
        """Look after the run, following a step with the noise z. False: it has to end."""
        if not np.isfinite(self._losses[-1]).all():
            return self._undo()
        look = self.step % LOOK_EVERY == 0
        if (look or self._due) and not self._keep(save=self._due):
            return False
        if look and self.step >= DECIDED and not self._warned:  # what usually goes wrong is pointed out once
            self._warned = checks.trouble(self.losses[-DECIDED:], self.sess.run(self.images, {self.input_z: z}))
            if self._warned:
                print(f'Step {self.step:,}: {self._warned}')
        return True

    def _keep(self, save):
        """Keep the present state as the last good one, in memory or also in a checkpoint. False: it is not good."""
        values = self._values()
        if not all(np.isfinite(value).all() for value in values.values()):
            return self._undo()
        self._good = values
        if save and self._checkpoints:
            if self._events:
                self._events.flush()
            self._checkpoints.save(values)
        return True

    @contextmanager
    def _resumed(self, graph):
        """With a checkpoint_dir: lock it, and put the newest checkpoint in place."""
        if not self.checkpoint_dir:
            yield
            return
        self._checkpoints = Checkpoints(self.checkpoint_dir, self._content, fingerprints(graph))
        with self._checkpoints.locked():
            values = self._checkpoints.newest()
            if values:
                self._set(values)
                done = ', which is all of them' if self.step >= self.steps else ''
                say(f'Resuming after step {self.step:,} of {self.steps:,}{done}, from {self.checkpoint_dir}.')
            yield

    @contextmanager
    def _logged(self, graph):
        """With a log_dir: write events, and say how to look at them."""
        if self.log_dir:
            self._events = Events(self.log_dir, graph, self.step)
            how = f'tensorboard --logdir {shlex.quote(str(self.log_dir))}'
            say(f'Losses, images and the graph, in TensorBoard (pip install tensorboard): {how}')
        try:
            yield
        finally:
            if self._events:
                self._events.close()

    @cached_property
    def _content(self):
        """The settings, and checksums of all images, in whatever order, and of the first step's noise."""
        n_images = self.data_shape[0]
        most = next(n for n in range(min(512, n_images), 0, -1) if n_images % n == 0)  # so that none is left over
        images = sum(_checksum(image) for batch in self.get_batches(most, seed=[self.seed, 0]) for image in batch)
        return self.settings | {'images': images, 'sample_z': _checksum(self.noise(0, 10))}

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

    def _values(self):
        """Everything that a checkpoint contains: {name: array}."""
        values = self.sess.run(list(self._variables.values()))
        return dict(zip(self._variables, values, strict=True)) | {'losses': self.losses}

    def _set(self, values):
        set_variables(self.sess, {v: values[name] for name, v in self._variables.items()})
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


def _checksum(array):
    return zlib.crc32(np.ascontiguousarray(array))
