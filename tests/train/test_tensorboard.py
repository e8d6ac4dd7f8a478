"""What TensorBoard reads of a training: each step once, however often it was interrupted; images; the graph."""

import io
import shutil
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from lesson import checkpoints, events, training
from lesson.train.film import Film
from tests.conftest import no_file_longer_than
from tests.test_training import Trial

tf = training.tf


def train(steps, log_dir, stop=None, **options):
    """A training whose losses are (step, -step), with an image every second step; ends after `stop` as if killed."""
    trial = Trial()
    run = trial.run(steps, log_dir=log_dir, **options)
    try:
        with run.session(trial.graph, trial.z, trial.images) as sess:
            for _ in run.batches():
                sess.run(trial.add)
                run.record(float(run.step + 1), -float(run.step + 1))
                if run.step % 2 == 0:
                    run.show(image(run.step))
                if run.step == stop:
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    return trial


def image(step):
    """Two images [2, 4, 3, 1] for a step."""
    return np.random.default_rng(step).uniform(-1, 1, [2, 4, 3, 1])


def read(folder):
    """({tag: [(step, value)] in the order of all files}, [graphs])."""
    values, graphs = {}, []
    for path in sorted(folder.glob('*tfevents*')):
        for event in tf.train.summary_iterator(str(path)):
            if event.HasField('graph_def'):
                graphs.append(tf.GraphDef.FromString(event.graph_def))
            for value in event.summary.value:
                content = value.image if value.HasField('image') else value.simple_value
                values.setdefault(value.tag, []).append((event.step, content))
    return values, graphs


def check(folder, steps):
    """Each step is there once, with what belongs to it."""
    values, (graph,) = read(folder)
    assert values['d_loss'] == [(step, step) for step in range(1, steps + 1)]
    assert values['g_loss'] == [(step, -step) for step in range(1, steps + 1)]
    assert [step for step, _ in values['generated']] == [*range(2, steps + 1, 2)]
    for step, shown in values['generated']:
        pixels = np.asarray(Image.open(io.BytesIO(shown.encoded_image_string)), float)
        assert (shown.height, shown.width, shown.colorspace) == (4, 7, 1)
        expected = np.hstack([127.5 * (each[..., 0] + 1) for each in image(step)])
        np.testing.assert_allclose(np.delete(pixels, 3, axis=1), expected, atol=0.51)
    return graph


def test_losses_images_and_the_graph_of_a_training_can_be_read_back(tmp_path, capsys):
    trial = train(10, tmp_path / 'my logs' / 'digits')
    graph = check(tmp_path / 'my logs' / 'digits', 10)
    assert {node.name for node in graph.node} == {op.name for op in trial.graph.get_operations()}
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(f"tensorboard --logdir '{tmp_path / 'my logs' / 'digits'}'")


def test_images_in_color_keep_their_colors(tmp_path):
    colors = np.float32([[1, -1, -1], [-1, 1, -1]]).reshape(2, 1, 1, 3)
    log = events.Events(tmp_path, tf.Graph())
    log.add_image(1, Film('generated').add(1, colors))
    log.close()
    ((_, shown),) = read(tmp_path)[0]['generated']
    pixels = np.asarray(Image.open(io.BytesIO(shown.encoded_image_string)))
    assert shown.colorspace == 3
    np.testing.assert_array_equal(pixels[0, [0, 2]], [[255, 0, 0], [0, 255, 0]])


@pytest.mark.fault
@pytest.mark.parametrize('stops', [[4], [5], [1, 2, 3, 9]])
def test_a_training_that_was_interrupted_and_resumes_has_each_step_once(tmp_path, monkeypatch, stops):
    monkeypatch.setattr(checkpoints, 'SECONDS', 0)  # each step but the last one is in a checkpoint
    for stop in [*stops, None]:
        train(10, tmp_path / 'logs', stop, checkpoint_dir=tmp_path / 'checkpoints')
    check(tmp_path / 'logs', 10)
    assert len([*(tmp_path / 'logs').iterdir()]) == 1


@pytest.mark.fault
def test_events_that_are_newer_than_the_checkpoint_and_cut_off_are_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, 'SECONDS', 0)
    train(10, tmp_path / 'logs', 5, checkpoint_dir=tmp_path / 'checkpoints')
    shutil.copytree(tmp_path / 'checkpoints', tmp_path / 'older')
    train(10, tmp_path / 'logs', 9, checkpoint_dir=tmp_path / 'checkpoints')
    (file,) = (tmp_path / 'logs').iterdir()
    file.write_bytes(file.read_bytes()[:-7])
    train(10, tmp_path / 'logs', checkpoint_dir=tmp_path / 'older')
    check(tmp_path / 'logs', 10)


def test_a_log_dir_that_is_set_later_has_the_losses_from_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, 'SECONDS', 0)
    train(10, None, 6, checkpoint_dir=tmp_path / 'checkpoints')
    train(10, tmp_path / 'logs', checkpoint_dir=tmp_path / 'checkpoints')
    assert [step for step, _ in read(tmp_path / 'logs')[0]['d_loss']] == [*range(1, 11)]


def test_a_training_that_begins_anew_replaces_its_own_file_alone(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    (tmp_path / 'events.out.tfevents.1.host').write_bytes(b'')
    train(10, tmp_path)
    train(4, tmp_path)
    check(tmp_path, 4)
    assert (tmp_path / 'notes.txt').exists() and (tmp_path / 'events.out.tfevents.1.host').exists()


@pytest.mark.fault
def test_a_log_dir_that_cannot_be_written_is_an_error_before_the_first_step(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match=r'no file can be written in .*logs .*: pass another log_dir, or None'):
        train(1, tmp_path / 'file' / 'logs', batch_size=1, get_batches=lambda size, seed: 1 / 0)


@pytest.mark.fault
def test_a_training_goes_on_when_its_events_cannot_be_written_any_more(tmp_path, capsys):
    with no_file_longer_than(3000):
        trial = train(100, tmp_path)
    assert trial.graph.finalized
    said = capsys.readouterr().out
    assert said.count(f'Nothing more is written to {tmp_path}: ') == said.count('The training goes on.') == 1


@pytest.mark.fault
def test_a_full_disk_at_the_start_leaves_the_earlier_file(tmpfs, tmp_path, capsys):
    disk = tmpfs(200_000)
    train(10, disk, 6, checkpoint_dir=tmp_path)
    before = {path: path.read_bytes() for path in disk.iterdir()}
    with suppress(OSError), open(disk / 'large', 'wb', buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    train(10, disk, checkpoint_dir=tmp_path)
    assert 'Nothing more is written' in capsys.readouterr().out
    assert all(path.read_bytes() == content for path, content in before.items())


def test_without_a_log_dir_no_event_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(events, 'Events', None)
    monkeypatch.setattr(training, 'Events', None)
    monkeypatch.chdir(tmp_path)
    train(4, None)
    assert [*tmp_path.iterdir()] == []
