"""Several machines train as one would: the same result, clear errors, and no process left behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest

from lesson import cluster, local_cluster

# isort: split
import helper
import problem_unittests
from tests import cluster_process
from tests.forked import Forked

tf = cluster.tf
ROOT = Path(__file__).parents[2]
MEMBERS = ('chief', 'worker-0')
STEPS = 12


def tf_config(hosts, kind, index=0):
    return json.dumps({'cluster': {'chief': hosts[:1], 'worker': hosts[1:]}, 'task': {'type': kind, 'index': index}})


def members(folder, *options, chief=(), worker=(), new=False):
    """Start tests/cluster_process.py as a chief and a worker; new: each in a new Python."""
    hosts = [f'127.0.0.1:{port}' for port in local_cluster.free_ports(2)]
    return [
        (start if new else fork)(folder, name, *options, *own, TF_CONFIG=tf_config(hosts, name.split('-')[0]))
        for name, own in zip(MEMBERS, (('--checkpoint_dir', folder / 'checkpoints', *chief), worker), strict=True)
    ]


def start(folder, name, *options, **environment):
    command = [sys.executable, ROOT / 'tests' / 'cluster_process.py', folder / f'{name}.npz', *options]
    with open(folder / f'{name}.txt', 'w') as output:
        return subprocess.Popen(
            [str(part) for part in command], env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )


def fork(folder, name, *options, **environment):
    output = folder / f'{name}.txt'
    output.write_text('')
    return Forked(cluster_process.main, [folder / f'{name}.npz', *options], output, output, **environment)


def ended(folder, processes):
    """(exit codes, what was printed) of processes."""
    codes = [process.wait(timeout=280) for process in processes]
    return codes, [(folder / f'{name}.txt').read_text() for name in MEMBERS]


def results(folder, names=MEMBERS):
    return [dict(np.load(folder / f'{name}.npz')) for name in names]


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """(folder, results of chief and worker with batches of 4, result of one process with batches of 8)."""
    folder = tmp_path_factory.mktemp('undisturbed')
    alone = start(folder, 'alone', '--plain', '--batch', 8)
    codes, texts = ended(folder, members(folder, '--plain', new=True))
    assert codes == [0, 0], texts
    assert alone.wait(timeout=280) == 0
    return folder, *results(folder, (*MEMBERS, 'alone'))


# ------------------------------------------------------------------------------------------ the same result


@pytest.mark.slow
def test_two_members_make_the_steps_of_one_process_with_the_whole_batch(undisturbed):
    _, chief, worker, alone = undisturbed
    assert len(alone['losses']) == STEPS
    np.testing.assert_allclose(chief['losses'], alone['losses'], rtol=1e-5)
    np.testing.assert_allclose(chief['generated'], alone['generated'], atol=1e-5)
    np.testing.assert_array_equal(np.concatenate([chief['fed'], worker['fed']], axis=1), alone['fed'])


@pytest.mark.slow
def test_all_members_have_the_same_weights_and_losses_to_the_last_bit(undisturbed):
    _, chief, worker, _ = undisturbed
    for name in ('losses', 'generated'):
        np.testing.assert_array_equal(chief[name], worker[name])


@pytest.mark.slow
def test_only_the_chief_shows_how_far_it_is_and_writes_checkpoints(undisturbed):
    folder, *_ = undisturbed
    assert 'epoch 2/2' in (folder / 'chief.txt').read_text()
    assert (folder / 'worker-0.txt').read_text() == ''
    assert sorted(path.name for path in (folder / 'checkpoints').iterdir())[-1] == f'step-{STEPS:08}.npz'


@pytest.mark.parametrize('count', [47, 48, 50])
def test_the_machines_parts_of_an_epoch_together_are_the_batches_of_one_machine(count):
    data = helper.Dataset(np.random.default_rng(0).integers(0, 256, [count, 2, 2, 1], np.uint8), 'noise')
    whole = list(data.get_batches(12, seed=3))
    parts = [list(data.get_batches(4, seed=3, part=(i, 3))) for i in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


# ------------------------------------------------------------------------------------------ different images


@pytest.mark.slow
def test_members_with_different_images_go_through_all_of_their_own_and_resume(tmp_path):
    worker = '--images', 32, '--noise', 1
    codes, (text, _) = ended(tmp_path, members(tmp_path, '--plain', worker=worker))
    assert codes == [0, 0], text
    assert 'The machines have different images: chief 50, worker 0 32. In an epoch each uses 32' in text
    assert 'leaves out the rest: 18, 0.\n' in text
    before = results(tmp_path)
    for count, noise, result in zip((50, 32), (0, 1), before, strict=True):
        images = np.random.default_rng(noise).integers(0, 256, [count, 28, 28, 1], np.uint8)
        known = {image.tobytes() for image in images}
        epochs = [
            {image.tobytes() for image in np.rint((epoch + 0.5) * 255).astype(np.uint8)}
            for epoch in result['fed'].reshape(2, 32, 28, 28, 1)
        ]
        assert [len(epoch) for epoch in epochs] == [32, 32]  # none twice
        assert epochs[0] <= known and epochs[1] <= known
        assert (epochs[0] == epochs[1]) == (count == 32)  # of more images, others in each epoch
    (tmp_path / 'checkpoints' / 'step-00000016.npz').unlink()
    codes, (text, _) = ended(tmp_path, members(tmp_path, '--plain', worker=worker))
    assert codes == [0, 0] and 'Resuming after step 15 of 16' in text, text
    for one, other in zip(before, results(tmp_path), strict=True):
        for name in ('losses', 'generated'):
            np.testing.assert_array_equal(one[name], other[name])


class Chief(cluster.Member):
    """The chief of two members, that knows the numbers of the other without asking."""

    size, index, chief, addresses = 2, 0, True, {'chief': 'a:1', 'worker 0': 'b:2'}

    def __init__(self, others):
        self._others = np.array([0, 0, 0, *others], np.uint32).view(np.int32)

    def _sum_of(self, array):
        return array + self._others

    def agrees(self, epochs, count, checksum):
        return self.agreed(epochs, 4, [count, 2, 2, 1], lambda size, seed: iter(range(99)), lambda n: checksum)


def test_members_with_the_same_images_share_each_batch_and_others_have_an_epoch_of_the_fewest():
    assert Chief((2, 43, 2**32 - 1)).agrees(2, 43, 2**33 - 1)[1::2] == (5, {'machines': 2})
    for count, steps in ((43, 10), (9, 2)):
        epochs, per_epoch, get_batches, settings = Chief((9, count, 8)).agrees(2, 43, 7)
        assert (epochs, per_epoch, len(list(get_batches(4, seed=0)))) == (2, steps, steps)
        expected = {'data_shape': [43 + count, 2, 2, 1], 'images_of_each': [[43, 7], [count, 8]]}
        assert settings == {'machines': 2} | expected


@pytest.mark.parametrize(('own', 'others', 'least'), [((2, 7, 5), (2, 7, 5), 7), ((2, 9, 5), (2, 3, 5), 3)])
def test_too_few_images_for_a_step_of_all_members_are_an_error(own, others, least):
    with pytest.raises(ValueError, match=rf'batch_size is 4 on each of 2 machines, .* only {least} images, so'):
        Chief(others).agrees(*own)


# ------------------------------------------------------------------------------------------ faults


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize('deaths', [[(0, 1, 9)], pytest.param([(1, 0, 5), (0, 1, 9)], marks=pytest.mark.long)])
def test_when_a_member_is_killed_the_other_ends_and_a_new_start_ends_with_the_same_bits(tmp_path, undisturbed, deaths):
    for died, survived, step in deaths:
        kill = {('chief', 'worker')[died]: ('--kill', step)}
        codes, texts = ended(tmp_path, members(tmp_path, '--plain', **kill, new=True))
        assert codes[died] == -signal.SIGKILL and codes[survived] == 1
        name = MEMBERS[died].replace('-', ' ')
        assert f'Lost: {name} of the cluster is lost' in texts[survived].splitlines()[-1]
    codes, texts = ended(tmp_path, members(tmp_path, '--plain'))
    assert codes == [0, 0], texts
    assert int(re.search(r'Resuming after step (\d+) of 12', texts[0])[1]) in (8, 9)
    for before, after in zip(undisturbed[1:3], results(tmp_path), strict=True):
        for name in ('losses', 'generated'):
            np.testing.assert_array_equal(before[name], after[name])


@pytest.mark.long
@pytest.mark.fault
def test_a_member_that_falls_silent_is_given_up_after_a_time(tmp_path):
    chief, worker = processes = members(tmp_path, '--silence', '3', worker=('--stop', '5'))
    try:
        assert chief.wait(timeout=200) == 1
    finally:
        worker.kill()
    _, (text, _) = ended(tmp_path, processes)
    assert 'Lost: a member of the cluster is lost' in text.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.fault
def test_an_interrupt_of_any_member_ends_all_after_the_same_step(tmp_path):
    codes, (text, _) = ended(tmp_path, members(tmp_path, worker=('--interrupt', '5')))
    assert codes == [0, 0]
    assert [len(result['losses']) for result in results(tmp_path)] == [6, 6]
    assert f'Interrupted after step 6 of {STEPS}; it is saved in' in text


@pytest.mark.slow
@pytest.mark.fault
def test_a_loss_that_is_not_finite_on_one_member_ends_all_with_the_weights_of_before(tmp_path):
    codes, (text, _) = ended(tmp_path, members(tmp_path, worker=('--nan', '8')))
    assert codes == [0, 0]
    assert 'not finite at step 9: the training ends, with the weights of step ' in text
    for result in results(tmp_path):
        assert np.isfinite(result['generated']).all() and np.isfinite(result['losses']).all()


@pytest.mark.slow
@pytest.mark.fault
def test_a_worker_with_another_training_than_the_chief_is_told_what_differs(tmp_path):
    codes, (_, text) = ended(tmp_path, members(tmp_path, '--silence', '10', worker=('--batch', '3')))
    assert codes == [1, 1]
    assert 'worker 0 has another training than the chief: batch_size differ' in text.splitlines()[-1]


# ------------------------------------------------------------------------------------------ TF_CONFIG


A, B = 'localhost:4001', 'localhost:4002'


@pytest.mark.parametrize(
    ('text', 'wrong'),
    [
        ('{"cluster"', 'it is not JSON'),
        ('[]', 'it has not the form {"cluster": {"chief"'),
        ('{"cluster": {"chief": ["a:1"]}}', "it has not the form .*KeyError('task')"),
        ('{"cluster": {"chief": 5}, "task": {"type": "chief", "index": 0}}', 'it has not the form'),
        (tf_config([A, B], 'boss'), "its role 'boss' is not known"),
        (tf_config([A, B], 'chief').replace('"worker"', '"ps"'), "its role 'ps' is not known"),
        (tf_config([], 'worker'), 'it names 0 chiefs'),
        (tf_config([A, B], 'worker').replace(f'["{A}"]', f'["{A}", "h:1"]'), 'it names 2 chiefs'),
        (tf_config([A, A], 'worker'), 'chief and worker 0 have the same address, localhost:4001'),
        (tf_config([A, 'localhost'], 'worker'), "the address of worker 0 is 'localhost', not host:port"),
        (tf_config([A, 'localhost:99999'], 'worker'), 'not host:port'),
        (tf_config([A, B], 'worker', 1), 'this task is worker 1, but its cluster consists of chief, worker 0'),
        (tf_config([A, B], 'chief', 1), 'this task is chief 1, but'),
    ],
)
def test_a_wrong_tf_config_is_refused_with_what_is_wrong(text, wrong):
    with pytest.raises(ValueError) as error:
        cluster.read(text)
    first, _, rest = wrong.partition('.*')
    assert str(error.value).startswith(f'TF_CONFIG is wrong: {first}' if first.startswith('it') else 'TF_CONFIG is')
    assert first in str(error.value) and rest in str(error.value)
    assert str(error.value).endswith('Correct it, or unset it to train on this machine alone')


def test_names_and_addresses_of_a_right_tf_config():
    names = {'chief': A, 'worker 0': B, 'worker 1': 'h:3'}
    assert cluster.read(tf_config([A, B, 'h:3'], 'worker', 1)) == (names, 'worker 1')
    assert cluster.read(tf_config([A, B, 'h:3'], 'chief')) == (names, 'chief')


def test_a_cluster_of_one_machine_is_like_none(monkeypatch):
    for text in ('', tf_config([A], 'chief')):
        monkeypatch.setenv('TF_CONFIG', text)
        assert type(cluster.here()) is cluster.Alone


def test_a_port_that_is_taken_is_named(monkeypatch):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv('TF_CONFIG', tf_config([f'127.0.0.1:{port}', 'h:1'], 'chief'))
        with pytest.raises(OSError, match=f'port {port} of chief .* cannot be used on this machine'):
            cluster.here()


@pytest.mark.fault
def test_a_worker_that_never_comes_is_named_after_a_time(monkeypatch):
    monkeypatch.setattr(cluster, 'WAIT', 1)
    ports = local_cluster.free_ports(3)
    monkeypatch.setenv('TF_CONFIG', tf_config([f'127.0.0.1:{port}' for port in ports], 'worker', 0))
    with pytest.raises(TimeoutError) as error:
        cluster.here()
    expected = f'not in the cluster after 1 seconds: chief (127.0.0.1:{ports[0]}), worker 1 (127.0.0.1:{ports[2]}). Is'
    assert str(error.value).startswith(expected)


def test_a_training_whose_model_opt_does_not_average_gradients_is_refused():
    refused = pytest.raises(ValueError, match=r'train has to pass on .*\*\*run.optimizer.* and model_opt to make')
    with refused, cluster.Member.watched(object(), tf.Graph()):
        pass


def test_the_contract_is_judged_by_each_machine_alone(monkeypatch):
    monkeypatch.setenv('TF_CONFIG', 'wrong')
    seen = []
    problem_unittests.judge('model_inputs', lambda *sizes: seen.append('TF_CONFIG' in os.environ))
    assert seen == [False] and os.environ['TF_CONFIG'] == 'wrong'


# ------------------------------------------------------------------------------------------ a local cluster


TRAINING = """
import os, signal, sys
sys.path.insert(0, '.')
sys.modules['rfc3987_syntax'] = None  # as in tests/cluster_process.py
from pathlib import Path
from lesson import checkpoints, notebooks, training
import helper, numpy as np
checkpoints.SECONDS = 0
training.tf.disable_eager_execution()
lesson = notebooks.definitions('dlnd_face_generation.ipynb')
lesson['recalibrate'] = lambda sess, use_averages, input_z: sess.run(use_averages)
died = Path(folder, 'died')
def get_batches(*arguments, **keywords):
    images = np.random.default_rng(0).integers(0, 256, [96, 28, 28, 1], np.uint8)
    for step, batch in enumerate(helper.Dataset(images, 'noise').get_batches(*arguments, **keywords)):
        if step == 5 and keywords['part'][0] == 1 and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield batch
losses, _ = lesson['train'](1, 4, 20, 0.001, 0.0, get_batches, (96, 28, 28, 1), 'L', checkpoint_dir=checkpoint_dir)
print(len(losses), 'steps')
"""
LISTENING = """
import json, os, socket, time
from pathlib import Path
config = json.loads(os.environ['TF_CONFIG'])
kind = config['task']['type']
server = socket.create_server(('', 0))
Path(folder, kind + '.tmp').write_text(str(server.getsockname()[1]))
os.rename(Path(folder, kind + '.tmp'), Path(folder, kind))
if kind == fails:
    raise ValueError('of the notebook')
time.sleep(1000)
"""


def local(folder, code, *options):
    """Start a local cluster of two members on a notebook with this code."""
    cells = [nbformat.v4.new_code_cell("folder = checkpoint_dir = fails = ''"), nbformat.v4.new_code_cell(code)]
    cells[0].metadata.tags = ['parameters']
    kernel = {'name': 'python3', 'display_name': 'Python 3', 'language': 'python'}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={'kernelspec': kernel})
    nbformat.write(notebook, folder / 'in.ipynb')
    options = ('-p', 'folder', folder, *options)
    command = [sys.executable, '-m', 'lesson.cluster.local', folder / 'in.ipynb', folder / 'out', '2', *options]
    with open(folder / 'printed.txt', 'w') as output:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {'CLUSTER_OF': str(folder)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def processes_of(folder):
    """All processes that a local cluster has started, and that have not ended."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get('CLUSTER_OF') == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            pass
    return found


def none_is_left(folder, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end and processes_of(folder):
        time.sleep(0.1)
    return not processes_of(folder)


@pytest.mark.slow
@pytest.mark.fault
def test_a_local_cluster_survives_the_death_of_a_kernel_and_resumes(tmp_path):
    process = local(tmp_path, TRAINING)
    assert process.wait(timeout=280) == 0, (tmp_path / 'printed.txt').read_text()
    assert (tmp_path / 'died').exists()
    assert 'A member has died. Starting all of them again (1 of' in (tmp_path / 'printed.txt').read_text()
    text = str(nbformat.read(tmp_path / 'out' / 'chief.ipynb', as_version=4).cells[-1].outputs)
    assert 'Resuming after step ' in text and '12 steps' in text
    assert none_is_left(tmp_path, 0)


@pytest.mark.long
@pytest.mark.fault
def test_a_local_cluster_whose_kernels_die_each_time_gives_up_with_a_sentence(tmp_path):
    process = local(tmp_path, 'import os\n\nos.kill(os.getpid(), 9)')
    assert process.wait(timeout=280) == 1
    text = (tmp_path / 'printed.txt').read_text()
    assert 'Starting all of them again (3 of' in text
    assert text.splitlines()[-1] == 'A member has died in each of 4 starts. Is there enough memory for 2 processes?'
    assert none_is_left(tmp_path, 0)


@pytest.mark.slow
@pytest.mark.fault
def test_an_error_in_a_notebook_ends_a_local_cluster_and_is_named(tmp_path):
    process = local(tmp_path, LISTENING, '-p', 'fails', 'worker')
    assert process.wait(timeout=280) == 1
    text = (tmp_path / 'printed.txt').read_text()
    assert 'worker 0 has ended with an error: see ' in text and 'again' not in text
    assert 'ValueError: of the notebook' in (tmp_path / 'out' / 'worker-0.log').read_text()
    assert none_is_left(tmp_path, 0)


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize(
    'number', [signal.SIGINT, signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_however_a_local_cluster_ends_no_process_is_left_and_its_ports_were_its_own(tmp_path, number):
    process = local(tmp_path, LISTENING)
    kinds = [tmp_path / 'chief', tmp_path / 'worker']
    while not all(kind.exists() for kind in kinds):
        assert process.poll() is None
        time.sleep(0.1)
    assert len(processes_of(tmp_path)) >= 5  # the launcher, and for each member papermill and a kernel
    if 'no network of its own' not in (tmp_path / 'printed.txt').read_text():
        for kind in kinds:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(('127.0.0.1', int(kind.read_text())))
    process.send_signal(number)
    process.wait(timeout=100)
    assert none_is_left(tmp_path)
