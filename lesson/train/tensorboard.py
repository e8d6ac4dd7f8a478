"""What TensorBoard shows of a training run: losses, images and the graph."""

import os
from contextlib import contextmanager

from lesson.files import expanded, make_writable, say
from lesson.pictures import png
from lesson.session import tf


class Events:
    """A new event file in a folder, for a run that has made `step` steps already.

    It begins with a mark from which TensorBoard forgets what earlier files say of later steps: each step is there once.
    Raises OSError when no file can be written in the folder. When writing fails later (a full disk), that is printed
    once, and the run continues without events. TensorFlow's own thread then prints its traceback, too.
    """

    def __init__(self, folder, graph, step=0):
        self.folder = expanded(folder)
        make_writable(self.folder, 'pass a different log_dir, or None')
        self._writer = None
        suffix = f'.{step:08}.{os.urandom(4).hex()}'  # else, a file's name has only the second in which it was made
        with self._told(), graph.as_default():
            self._writer = tf.summary.FileWriter(str(self.folder), graph, filename_suffix=suffix)
        self._write('add_session_log', tf.SessionLog(status=tf.SessionLog.START), step + 1)

    def add_losses(self, step, d_loss, g_loss):
        """The losses of both networks at a step."""
        pair = {'d_loss': d_loss, 'g_loss': g_loss}.items()
        values = [tf.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in pair]
        self._write('add_summary', tf.Summary(value=values), step)

    def add_image(self, step, image):
        """A Pillow image, mode 'L' or 'RGB', of what was generated after a step."""
        size = {'height': image.height, 'width': image.width, 'colorspace': len(image.getbands())}
        about = tf.Summary.Image(**size, encoded_image_string=png(image))
        self._write('add_summary', tf.Summary(value=[tf.Summary.Value(tag='generated', image=about)]), step)
        self.flush()

    def flush(self):
        """Write what was added: TensorBoard can read it from now on."""
        self._write('flush')

    def close(self):
        self._write('close')

    def _write(self, method, *arguments):
        if self._writer:
            with self._told():
                getattr(self._writer, method)(*arguments)

    @contextmanager
    def _told(self):
        try:
            yield
        except Exception as error:  # what the writer's own thread raised
            say(f'Nothing more is written to {self.folder}: {error}. Training continues.')
            self._writer = None
