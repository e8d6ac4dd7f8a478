"""What TensorBoard shows of a training: losses, images and the graph, in an event file."""

import time
from contextlib import suppress

from lesson.files import expanded, make_writable
from lesson.pictures import png
from lesson.quiet import import_tensorflow

tf = import_tensorflow()

FILES = 'events.out.tfevents.*.training'


class Events:
    """The event file of a training, in a folder of its own; it takes the place of an earlier one.

    losses [steps, 2] are those of a training that resumes: they are written again, and the images of these steps are
    taken over. So each step is there once, whenever and how often the training was interrupted.

    Raises OSError when no file can be written in the folder. When that fails later, it is printed, and nothing more is
    written: a training does not end for that.
    """

    def __init__(self, folder, graph, losses=()):
        self.folder = expanded(folder)
        make_writable(self.folder, 'pass another log_dir, or None')
        old = sorted(self.folder.glob(FILES))
        images = {event.step: event for path in old for event in _with_images(path)}
        self._file = tf.io.TFRecordWriter(str(self.folder / FILES.replace('*', str(time.time_ns()))))
        self._add(file_version='brain.Event:2')
        self._add(step=1, session_log=tf.SessionLog(status=tf.SessionLog.START))  # a TensorBoard that runs starts anew
        self._add(graph_def=graph.as_graph_def(add_shapes=True).SerializeToString())
        for step, pair in enumerate(losses, 1):
            self.add_losses(step, *pair)
            if step in images:
                self._write(images[step])
        self.flush()
        for path in old if self._file else ():
            with suppress(OSError):  # Windows removes no file that is open
                path.unlink()

    def add_losses(self, step, d_loss, g_loss):
        """The losses of both networks at a step."""
        pair = {'d_loss': d_loss, 'g_loss': g_loss}.items()
        values = [tf.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in pair]
        self._add(step=step, summary=tf.Summary(value=values))

    def add_image(self, step, image):
        """A Pillow image, mode 'L' or 'RGB', of what was generated after a step."""
        size = {'height': image.height, 'width': image.width, 'colorspace': len(image.getbands())}
        about = tf.Summary.Image(**size, encoded_image_string=png(image))
        self._add(step=step, summary=tf.Summary(value=[tf.Summary.Value(tag='generated', image=about)]))
        self.flush()

    def flush(self):
        """Let others read what was added."""
        self._try(lambda file: file.flush())

    def close(self):
        """Write what is left."""
        self._try(lambda file: file.close())
        self._file = None

    def _add(self, **content):
        self._write(tf.Event(wall_time=time.time(), **content))

    def _write(self, event):
        self._try(lambda file: file.write(event.SerializeToString()))

    def _try(self, write):
        if self._file:
            try:
                write(self._file)
            except tf.errors.OpError as error:
                print(f'Nothing more is written to {self.folder}: {error.message}. The training goes on.')
                self._file = None


def _with_images(path):
    """The events of a file that have images."""
    with suppress(tf.errors.DataLossError):  # a training that was killed left its last event unfinished
        for event in tf.train.summary_iterator(str(path)):
            if any(value.HasField('image') for value in event.summary.value):
                yield event
