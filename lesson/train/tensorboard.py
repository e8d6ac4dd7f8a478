"""What TensorBoard shows of a training run: losses, images and the graph."""

from contextlib import contextmanager

from lesson.files import expanded, make_writable
from lesson.pictures import png
from lesson.session import tf


class Events:
    """An event file in a folder, for a run that has made `step` steps already.

    The file says so: TensorBoard then forgets what earlier files of the folder say of later steps, so each step is
    there once. Raises OSError when no file can be written in the folder. When that fails later, it is printed, and
    nothing more is written: a run does not end for that.
    """

    def __init__(self, folder, graph, step=0):
        self.folder = expanded(folder)
        make_writable(self.folder, 'pass another log_dir, or None')
        with graph.as_default():
            self._writer = tf.summary.FileWriter(str(self.folder), graph)
        self._writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), step + 1)

    def add_losses(self, step, d_loss, g_loss):
        """The losses of both networks at a step."""
        pair = {'d_loss': d_loss, 'g_loss': g_loss}.items()
        values = [tf.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in pair]
        with self._open() as writer:
            writer.add_summary(tf.Summary(value=values), step)

    def add_image(self, step, image):
        """A Pillow image, mode 'L' or 'RGB', of what was generated after a step. What was added can be read now."""
        size = {'height': image.height, 'width': image.width, 'colorspace': len(image.getbands())}
        about = tf.Summary.Image(**size, encoded_image_string=png(image))
        with self._open() as writer:
            writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag='generated', image=about)]), step)
            writer.flush()

    def close(self):
        """Write what is left."""
        with self._open() as writer:
            writer.close()

    @contextmanager
    def _open(self):
        try:
            yield self._writer
        except Exception as error:  # what the writer's own thread raised
            print(f'Nothing more is written to {self.folder}: {error}. Training continues.')
            self._writer = _Nothing()


class _Nothing:
    def add_summary(self, summary, step): ...

    def flush(self): ...

    def close(self): ...
