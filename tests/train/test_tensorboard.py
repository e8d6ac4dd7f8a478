"""What TensorBoard reads of a run: each step once, however often it was interrupted; images; the graph.

TensorBoard's rules (event_accumulator.py): files in the order of their names, each up to where it was cut off; a
session log START at step n purges what was read of steps from n on. Its newer reader purges when steps go back.
"""

import io
import signal
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesson.session import tf
from lesson.train import checkpoints
from lesson.train.film import Film
from lesson.train.tensorboard import Events
from tests.conftest import no_file_longer_than
from tests.forked import Forked
from tests.train.trial import Trial


def train(steps, log_dir, stop=None, number=signal.SIGINT, **options):
    """A run whose losses are (step, -step), with an image every second step; `stop`: step of a signal, twice."""
    trial = Trial()
    run = trial.run(steps, log_dir=log_dir, **options)
    with suppress(KeyboardInterrupt), run.session(trial.graph, trial.z, trial.images):
        for _ in run.batches():
            run.record(float(run.step + 1), -float(run.step + 1))
            if run.step == stop:
                signal.raise_signal(number)
                signal.raise_signal(number)
            if run.step % 2 == 0:
                run.show(image(run.step))
    return trial


def image(step):
    """Two images [2, 4, 3, 1] for a step."""
    return np.random.default_rng(step).uniform(-1, 1, [2, 4, 3, 1])


def read(folder):
    """({tag: [(step, value)]}, newest graph) as TensorBoard reads them."""
    values, graph = {}, None
    for path in sorted(folder.glob('*tfevents*')):
        try:
            for event in tf.train.summary_iterator(str(path)):
                if event.session_log.status == tf.SessionLog.START:
                    for tag, pairs in values.items():
                        values[tag] = [pair for pair in pairs if pair[0] < event.step]
                if event.HasField('graph_def'):
                    graph = tf.GraphDef.FromString(event.graph_def)
                for value in event.summary.value:
                    content = value.image if value.HasField('image') else value.simple_value
                    values.setdefault(value.tag, []).append((event.step, content))
        except tf.errors.DataLossError:  # it was cut off
            pass
    return values, graph


def check(folder, steps):
    """Each step is there once, with what belongs to it."""
    values, graph = read(folder)
    assert values['d_loss'] == [(step, step) for step in range(1, steps + 1)]
    assert values['g_loss'] == [(step, -step) for step in range(1, steps + 1)]
    assert [step for step, _ in values['generated']] == [*range(2, steps + 1, 2)]
    for step, shown in values['generated']:
        pixels = np.asarray(Image.open(io.BytesIO(shown.encoded_image_string)), float)
        assert (shown.height, shown.width, shown.colorspace) == (4, 7, 1)
        expected = np.hstack([127.5 * (each[..., 0] + 1) for each in image(step)])
        np.testing.assert_allclose(np.delete(pixels, 3, axis=1), expected, atol=0.51)
    return graph


def test_losses_images_and_the_graph_of_a_run_can_be_read_back(tmp_path, capsys):
    trial = train(10, tmp_path / 'my logs' / 'digits')
    graph = check(tmp_path / 'my logs' / 'digits', 10)
    assert {node.name for node in graph.node} == {op.name for op in trial.graph.get_operations()}
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(f"tensorboard --logdir '{tmp_path / 'my logs' / 'digits'}'")


def test_images_in_color_keep_their_colors(tmp_path):
    colors = np.float32([[1, -1, -1], [-1, 1, -1]]).reshape(2, 1, 1, 3)
    log = Events(tmp_path, tf.Graph())
    log.add_image(1, Film('generated').add(1, colors))
    ((_, shown),) = read(tmp_path)[0]['generated']  # before it is closed
    pixels = np.asarray(Image.open(io.BytesIO(shown.encoded_image_string)))
    assert shown.colorspace == 3
    np.testing.assert_array_equal(pixels[0, [0, 2]], [[255, 0, 0], [0, 255, 0]])
    log.close()


@pytest.mark.fault
@pytest.mark.parametrize('stops', [[4], [5], [1, 2, 3, 9]])
def test_a_run_that_was_interrupted_and_resumes_has_each_step_once(tmp_path, monkeypatch, stops):
    monkeypatch.setattr(checkpoints, 'EVERY', 0)  # each step but the last one is in a checkpoint
    for stop in [*stops, None]:
        train(10, tmp_path / 'logs', stop, checkpoint_dir=tmp_path / 'checkpoints')
    check(tmp_path / 'logs', 10)


def killed_at_8(arguments):
    checkpoints.EVERY = 0
    (folder,) = map(Path, arguments)
    train(10, folder / 'logs', 8, signal.SIGKILL, checkpoint_dir=folder / 'checkpoints')


@pytest.mark.long
@pytest.mark.fault
def test_a_run_that_was_killed_and_resumes_has_each_step_once_even_with_a_file_that_was_cut_off(tmp_path):
    process = Forked(killed_at_8, [tmp_path], tmp_path / 'said')
    assert process.wait(60) == -9
    (file,) = (tmp_path / 'logs').iterdir()
    with open(file, 'ab') as cut_off:
        cut_off.write(b'the beginning of an event')
    train(10, tmp_path / 'logs', checkpoint_dir=tmp_path / 'checkpoints')
    check(tmp_path / 'logs', 10)


def test_a_run_that_begins_again_has_its_own_steps_alone_and_leaves_other_files(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    train(10, tmp_path)
    time.sleep(1)  # files are named by the second
    train(4, tmp_path)
    check(tmp_path, 4)
    assert (tmp_path / 'notes.txt').read_text() == 'mine'
    both = [Events(tmp_path, tf.Graph()) for _ in range(2)]  # in the same second
    for events in both:
        events.close()
    assert len(list(tmp_path.glob('*tfevents*'))) == 4


@pytest.mark.fault
def test_a_log_dir_that_cannot_be_written_is_an_error_before_the_first_step(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match=r'no file can be written in .*logs .*: pass a different log_dir, or None'):
        train(1, tmp_path / 'file' / 'logs', batch_size=1, get_batches=lambda size, seed: 1 / 0)


@pytest.mark.fault
@pytest.mark.parametrize('size', [10, 3000])
@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')  # TensorFlow's own
def test_a_run_continues_when_its_events_cannot_be_written_and_says_so_once(tmp_path, capsys, size):
    with no_file_longer_than(size):
        trial = train(100, tmp_path)
    assert trial.graph.finalized
    said = capsys.readouterr().out
    assert said.count(f'Nothing more is written to {tmp_path}: ') == said.count('Training continues.') == 1
