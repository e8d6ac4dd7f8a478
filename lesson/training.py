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
import time
import zipfile
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # fatal errors only; has to be set before the import


CHECKPOINT_SECONDS = 120  # from one checkpoint to the next
CHECKPOINTS_KEPT = 2
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


class Training:
    """What surrounds the steps of a training: it can be interrupted and go on, and trouble is pointed out.

    In use: `with Training(sess, steps, checkpoint_dir, settings) as training:`, then for each batch of
    `training.remaining(batches)` one step, whose (d_loss, g_loss) is appended to `training.losses`.

    With a checkpoint_dir, all variables and losses are kept there, at the end and every CHECKPOINT_SECONDS, and a new
    Training goes on from the newest. When the work of step n depends on n alone, the end is the same to the last bit.
    A checkpoint is one .npz file, which is written under another name first: there are no half-written ones. A damaged
    one is passed over for the one before it. ValueError: it is from other networks, or from other `settings`, a
    string of what must not change on the way. OSError: a checkpoint cannot be written.

    Ctrl-C ('interrupt kernel') ends the step, saves, and ends the loop; a second one stops at once. A loss that is
    not finite ends the loop, and brings the last good weights back.
    """

    def __init__(self, sess, steps, checkpoint_dir=None, settings=''):
        self.sess, self.steps, self.settings = sess, steps, settings
        self.folder = checkpoint_dir and Path(checkpoint_dir)
        self.variables = {v.op.name: v for v in sess.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)}
        self.losses = []
        self.interrupted = self.warned = False
        if self.folder:
            self._restore_newest()
            with self._writing():  # it is better to know now than after two minutes
                self.folder.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=self.folder).close()
        self.good = self._values()  # what a bad step is undone to

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # Python allows it nowhere else
            self._handler = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *exception):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._handler)

    def _interrupt(self, *_):
        self.interrupted = True
        signal.signal(signal.SIGINT, self._handler)  # the next one stops at once

    def remaining(self, batches):
        """Yield those of all batches of a training that are still to be used, one for each step."""
        saved_at, saved_step = time.monotonic(), len(self.losses)
        for batch in islice(batches, len(self.losses), self.steps):
            yield batch
            if not np.isfinite(self.losses[-1]).all():
                return self._undo()
            self._point_out_a_lost_game()
            if self.interrupted:
                break
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                if not self._save():
                    return self._undo()
                saved_at, saved_step = time.monotonic(), len(self.losses)
        if len(self.losses) > saved_step and not self._save():
            return self._undo()
        if self.interrupted:
            how = (
                f'it is kept in {self.folder}: call train again to go on'
                if self.folder
                else ('with checkpoint_dir=..., the next call could go on from here')
            )
            print(f'Interrupted after step {len(self.losses):,} of {self.steps:,}; {how}.')

    def _values(self):
        """Everything that a checkpoint holds: {name: array}."""
        values = dict(zip(self.variables, self.sess.run(list(self.variables.values())), strict=True))
        return values | {
            'losses': np.array(self.losses, np.float32).reshape(-1, 2),
            'settings': np.array(self.settings),
        }

    def _set(self, values):
        feed = {v.initializer.inputs[1]: values[name] for name, v in self.variables.items()}
        self.sess.run([v.initializer for v in self.variables.values()], feed)
        self.losses[:] = [tuple(pair) for pair in values['losses']]

    def _save(self):
        """Keep the present state as the last good one, unless it is not finite: False."""
        values = self._values()
        if not all(np.isfinite(values[name]).all() for name in self.variables):
            return False
        self.good = values
        if self.folder:
            path = self.folder / f'step-{len(self.losses):08}.npz'
            part = path.with_suffix('.part')
            with self._writing():
                try:
                    with open(part, 'wb') as file:
                        np.savez(file, **values)
                        file.flush()
                        os.fsync(file.fileno())
                    os.replace(part, path)
                finally:
                    part.unlink(missing_ok=True)
            for old in sorted(self.folder.glob('step-*.npz'))[:-CHECKPOINTS_KEPT]:
                old.unlink(missing_ok=True)
        return True

    @contextmanager
    def _writing(self):
        try:
            yield
        except OSError as error:
            message = (
                f'checkpoints cannot be written to {self.folder}: {error}. Make room, or pass another checkpoint_dir'
            )
            raise OSError(message) from error

    def _restore_newest(self):
        for path in sorted(self.folder.glob('step-*.npz'), reverse=True):
            try:
                with zipfile.ZipFile(path) as archive:
                    if damaged := archive.testzip():  # compares the checksums of all arrays
                        raise zipfile.BadZipFile(f'bad checksum of {damaged}')
                with np.load(path, allow_pickle=False) as file:
                    values = {name: file[name] for name in file.files}
            except Exception as error:  # damaged bytes raise nearly anything
                print(f'{path} is damaged ({error}); the one before it is used, if there is one.')
            else:
                self._compare(values)
                self._set(values)
                print(f'Going on after step {len(self.losses):,} of {self.steps:,}, from {path}.')
                return

    def _compare(self, values):
        """ValueError when a checkpoint is from something else than this training."""
        differences = [
            f'{name} is {values[name].shape if name in values else "missing"} there, {tuple(v.shape)} here'
            for name, v in self.variables.items()
            if name not in values or values[name].shape != tuple(v.shape)
        ]
        unknown = values.keys() - self.variables.keys() - {'losses', 'settings'}
        differences += [f'{name} is not in use here' for name in sorted(unknown)]
        if not differences and values['settings'] != self.settings:
            differences = [f'{values["settings"]} there, {self.settings} here']
        if differences:
            raise ValueError(
                f'{self.folder} holds the training of other networks, images or settings ({differences[0]}). '
                'Delete that folder to start anew, or pass another checkpoint_dir'
            )

    def _undo(self):
        """Back to the last good state, and say so."""
        step, _ = len(self.losses), self._set(self.good)
        print(
            f'The losses are not finite at step {step:,}: the training is stopped, with the weights of step '
            f'{len(self.losses):,}. Try a smaller learning rate; is there a logarithm of zero, or a division by it?'
        )

    def _point_out_a_lost_game(self):
        if len(self.losses) >= DECIDED and len(self.losses) % 100 == 0:
            d_loss, g_loss = np.mean(self.losses[-DECIDED:], 0)
            if d_loss < 0.05 or g_loss > 6:
                self._point_out(
                    f'the discriminator has won (d_loss {d_loss:.3f}, g_loss {g_loss:.1f} over {DECIDED} steps), so '
                    'the generator learns nothing more. Are real images in [-1, 1]? Is the learning rate too high?'
                )

    def look_at(self, images):
        """Point out if the generated images [n, height, width, channels] in [-1, 1], n > 1, are all alike."""
        spread = np.std(images, axis=0).mean()
        if len(self.losses) >= DECIDED and spread < ALIKE:
            self._point_out(
                f'the generated images are all alike (they differ by {spread:.3f} in [-1, 1]): the generator has found '
                'one that passes. If it lasts, make the discriminator stronger, or the learning rate smaller.'
            )

    def _point_out(self, what):
        if not self.warned:
            print(f'Step {len(self.losses):,}: {what}')
        self.warned = True


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
