"""What TensorBoard shows of a training: losses, images and the graph, in an event file."""

import io
import time
from contextlib import suppress

from lesson.files import expanded, make_writable
from lesson.quiet import import_tensorflow

tf = import_tensorflow()

SUFFIX = '.training'  # at the end of the names of our files
SECONDS = 10  # until TensorBoard sees what is new


class Events:
    """The event file of a training, in a folder of its own; it takes the place of an earlier one.

    losses [steps, 2] are those of a training that resumes: they are written again, and the images of these steps are
    taken over. So each step is there once, whenever and how often the training was interrupted.
    Raises OSError when no file can be written in the folder.
    """

    def __init__(self, folder, graph, losses=()):
        folder = expanded(folder)
        make_writable(folder, 'pass another log_dir, or None')
        old = sorted(folder.glob(f'events.*{SUFFIX}'))
        images = {event.step: event for path in old for event in _with_images(path)}
        self._writer = tf.summary.FileWriter(
            str(folder), graph, flush_secs=SECONDS, filename_suffix=f'.{time.time_ns()}{SUFFIX}'
        )
        started = tf.SessionLog(status=tf.SessionLog.START)  # a TensorBoard that is running forgets these steps
        self._writer.add_session_log(started, global_step=1)
        for step, pair in enumerate(losses, 1):
            self.add_losses(step, *pair)
            if step in images:
                self._writer.add_event(images[step])
        self._writer.flush()
        for path in old:
            with suppress(OSError):  # Windows removes no file that is open
                path.unlink()

    def add_losses(self, step, d_loss, g_loss):
        """The losses of both networks at a step."""
        pair = {'d_loss': d_loss, 'g_loss': g_loss}.items()
        self._add(step, [tf.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in pair])

    def add_image(self, step, image):
        """A Pillow image, mode 'L' or 'RGB', of what was generated after a step."""
        file = io.BytesIO()
        image.save(file, 'png')
        channels, png = len(image.getbands()), file.getvalue()
        about = tf.Summary.Image(height=image.height, width=image.width, colorspace=channels, encoded_image_string=png)
        self._add(step, [tf.Summary.Value(tag='generated', image=about)])
        self._writer.flush()

    def close(self):
        """Write what is left."""
        self._writer.close()

    def _add(self, step, values):
        self._writer.add_summary(tf.Summary(value=values), step)


def _with_images(path):
    """The events of a file that have images."""
    with suppress(tf.errors.DataLossError):  # a training that was killed left its last event unfinished
        for event in tf.train.summary_iterator(str(path)):
            if any(value.HasField('image') for value in event.summary.value):
                yield event
