"""Where a graph runs: the session, and what surrounds the steps of a training.

Importing this module loads TensorFlow without its start-up messages. TensorFlow writes some notes (which processor
instructions it uses, that there is no graphics card) straight to file descriptor 2 while it is being imported, before
any setting could silence it. A notebook would show them as an alarming red box. They are held back here, and printed
after all if the import fails.
"""

import os
import re
import signal
import sys
import tempfile
import threading
import zlib
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from lesson.checkpoints import Checkpoints
from lesson.progress import progress

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # fatal errors only; has to be set before the import


DECIDED = 300  # after so many steps one can tell whether the game is lost
ALIKE = 0.05  # standard deviation over images that are all alike; digits have 0.4, faces 0.5


def session(graph, bfloat16=None):
    """A tf.Session on a graph, its variables initialised; convolutions in bfloat16 (None: where that is faster).

    The graph is finalised: from now on, adding something to it is an error.

    bfloat16 is float32 with 8 bits of precision in place of 24. TensorFlow's own graph rewrite casts what goes into
    convolutions and matrix products, and sums in float32; weights, batch norm, losses and Adam stay float32.
    """
    with graph.as_default():
        initialise = tf.global_variables_initializer()
    graph.finalize()
    config = tf.ConfigProto()
    if has_fast_bfloat16() if bfloat16 is None else bfloat16:
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = 1  # ON
    sess = tf.Session(graph=graph, config=config)
    sess.run(initialise)
    return sess


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

    In use: `with run.session(graph, input_z, images) as sess:`, then for each `(batch, z)` of `run.batches()` one step,
    and `run.record(d_loss, g_loss)` after it. Step n gets the same images and noise whenever it is made: they depend on
    seed and n alone, so a training that was interrupted ends with the same weights to the last bit as one that was not.

    - get_batches(batch_size, seed=...) yields the images of one epoch, float32 in [-0.5, 0.5]; data_shape is (images,
      height, width, channels); sample_z(rng, n, z_dim) gives noise [n, z_dim].
    - title: of the generated images, for their captions.
    - checkpoint_dir: a folder. All variables and losses are saved there every checkpoints.SECONDS and at the end, and
      the next Run with the same graph, settings and data resumes from the newest. More epochs are a continuation.

    Ctrl-C ('interrupt kernel') ends the step, saves, and ends the loop; a second one stops at once. A loss that is
    not finite ends the loop as well, and brings back weights from before. Raises TypeError or ValueError when a
    setting is not usable or a training would make no step, FloatingPointError when the losses are not finite
    from the start, and what Checkpoints raises.
    """

    def __init__(
        self, epoch_count, batch_size, z_dim, learning_rate, get_batches, data_shape, sample_z, *,
        seed=0, title='generated', checkpoint_dir=None,
    ):  # fmt: skip
        self.batch_size, self.z_dim, self.learning_rate = batch_size, z_dim, learning_rate
        self.get_batches, self.data_shape, self.sample_z = get_batches, data_shape, sample_z
        self.epoch_count, self.seed, self.title, self.checkpoint_dir = epoch_count, seed, title, checkpoint_dir
        self.steps = epoch_count * (data_shape[0] // batch_size)
        self._losses = []
        self._interrupted = self._warned = False

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
        """For a picture of what is generated now."""
        return f'{self.title}, batch {self.step}'

    @contextmanager
    def session(self, graph, input_z, images):
        """A session on the graph, with the newest checkpoint in place; it stays open afterwards.

        images: the generated images, computed from input_z.
        """
        self._check_sizes(images)
        self.sess, self.input_z, self.images = session(graph), input_z, images
        self._variables = {v.op.name: v for v in graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)}
        with ExitStack() as stack:
            self._checkpoints = None
            if self.checkpoint_dir:
                checkpoints = Checkpoints(self.checkpoint_dir, self._settings(graph))
                self._checkpoints = stack.enter_context(checkpoints.locked())
                self._resume()
            self._good = self._values()  # what a bad step is undone to
            if threading.current_thread() is threading.main_thread():  # Python allows it nowhere else
                handler = signal.signal(signal.SIGINT, self._interrupt)
                stack.callback(signal.signal, signal.SIGINT, handler)
            yield self.sess

    def batches(self):
        """Yield (images, noise) for each step that is still to be made, under a progress bar."""
        everything = (
            b for epoch in range(self.epoch_count) for b in self.get_batches(self.batch_size, seed=[self.seed, epoch])
        )
        saved = self.step
        with progress(total=self.steps, initial=self.step, unit='batch') as self._bar:
            for images in islice(everything, self.step, self.steps):
                z = self.sample_z(np.random.default_rng([self.seed, self.step]), len(images), self.z_dim)
                yield images, z
                self._bar.update()
                if not np.isfinite(self._losses[-1]).all():
                    return self._undo()
                if self.step % 100 == 0:
                    if not self._keep():
                        return self._undo()
                    self._point_out_a_lost_game()
                    self._look_at(self.sess.run(self.images, {self.input_z: z}))
                if self._interrupted:
                    break
                if self._checkpoints and self._checkpoints.due():
                    if not self._keep():
                        return self._undo()
                    self._checkpoints.save(self._good)
                    saved = self.step
        if self.step > saved:
            if not self._keep():
                return self._undo()
            if self._checkpoints:
                self._checkpoints.save(self._good)
        if self._interrupted:
            how = (
                f'it is kept in {self.checkpoint_dir}: call train again to resume'
                if self.checkpoint_dir
                else 'with checkpoint_dir=..., the next call could resume from here'
            )
            print(f'Interrupted after step {self.step:,} of {self.steps:,}; {how}.')

    def record(self, d_loss, g_loss):
        """To be called after each step, with its losses."""
        self._losses.append((d_loss, g_loss))
        self._bar.set_postfix(d_loss=d_loss, g_loss=g_loss, refresh=False)

    def _interrupt(self, *_):
        self._interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the next one stops at once

    def _check_sizes(self, images):
        if not images.shape[1:].is_compatible_with(self.data_shape[1:]):
            raise ValueError(
                f'the real images are {list(self.data_shape[1:])}, the generated ones {images.shape[1:].as_list()}: '
                'prepare the images in the size that generator gives, or change its layers'
            )

    def _settings(self, graph):
        nodes = b''.join(node.SerializeToString(deterministic=True) for node in graph.as_graph_def().node)
        n_images = self.data_shape[0]
        most = next(n for n in range(min(512, n_images), 0, -1) if n_images % n == 0)
        content = 0
        for batch in self.get_batches(most, seed=[self.seed, 0]):
            content = zlib.crc32(np.ascontiguousarray(batch), content)
        noise = self.sample_z(np.random.default_rng(self.seed), 10, self.z_dim)
        return {
            'graph': f'{zlib.crc32(nodes):08x}',
            'learning_rate': float(self.learning_rate),
            'batch_size': self.batch_size,
            'z_dim': self.z_dim,
            'seed': self.seed,
            'data_shape': list(self.data_shape),
            'images': f'{content:08x}',
            'noise': f'{zlib.crc32(np.ascontiguousarray(noise)):08x}',
        }

    def _values(self):
        """Everything that a checkpoint contains: {name: array}."""
        values = dict(zip(self._variables, self.sess.run(list(self._variables.values())), strict=True))
        return values | {'losses': self.losses}

    def _set(self, values):
        feed = {v.initializer.inputs[1]: values[name] for name, v in self._variables.items()}
        self.sess.run([v.initializer for v in self._variables.values()], feed)
        self._losses[:] = [tuple(pair) for pair in values['losses']]

    def _keep(self):
        """Keep the present state as the last good one, unless it is not finite: False."""
        values = self._values()
        if not all(np.isfinite(value).all() for value in values.values()):
            return False
        self._good = values
        return True

    def _resume(self):
        values = self._checkpoints.newest()
        if values:
            self._set(values)
            print(f'Resuming after step {self.step:,} of {self.steps:,}, from {self.checkpoint_dir}.')

    def _undo(self):
        """Back to the last good state, and say so."""
        step, _ = self.step, self._set(self._good)
        print(
            f'The losses are not finite at step {step:,}: the training is stopped, with the weights of step '
            f'{self.step:,}. Try a smaller learning rate; is there a logarithm of zero, or a division by it?'
        )

    def _point_out_a_lost_game(self):
        if self.step >= DECIDED:
            d_loss, g_loss = self.losses[-DECIDED:].mean(0)
            if d_loss < 0.05 or g_loss > 6:
                self._point_out(
                    f'the discriminator has won (d_loss {d_loss:.3f}, g_loss {g_loss:.1f} over {DECIDED} steps), so '
                    'the generator learns nothing more. Are real images in [-1, 1]? Is the learning rate too high?'
                )

    def _look_at(self, images):
        """Point out if the generated images [n, height, width, channels] in [-1, 1], n > 1, are all alike."""
        spread = np.std(images, axis=0).mean()
        if self.step >= DECIDED and len(images) > 1 and spread < ALIKE:
            self._point_out(
                f'the generated images are all alike (they differ by {spread:.3f} in [-1, 1]): the generator has found '
                'one that passes. If it lasts, make the discriminator stronger, or the learning rate smaller.'
            )

    def _point_out(self, what):
        if not self._warned:
            print(f'Step {self.step:,}: {what}')
        self._warned = True


def _import_tensorflow_quietly():
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            import tensorflow.compat.v1 as tf
        except BaseException:
            notes.seek(0)
            os.write(stderr, notes.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    tf.logging.set_verbosity(tf.logging.ERROR)  # Python's side: no deprecation notices for the graph API
    return tf


tf = _import_tensorflow_quietly()
