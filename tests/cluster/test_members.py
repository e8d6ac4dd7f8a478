"""Several machines train as one would: the same result, and clear errors."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

import problem_unittests
from lesson.cluster import members
from lesson.cluster.local import free_ports
from lesson.session import tf
from tests.forked import Forked
from tests.train import process

MEMBERS = ('chief', 'worker-0')
FLOAT32 = {'ONEDNN_MAX_CPU_ISA': 'AVX2'}  # read by lesson.session: sums in bfloat16 depend on the size of a batch


def tf_config(hosts, kind, index=0):
    return json.dumps({'cluster': {'chief': hosts[:1], 'worker': hosts[1:]}, 'task': {'type': kind, 'index': index}})


# ---------------------------------------------------------------- TF_CONFIG

A, B = 'localhost:4001', 'localhost:4002'


@pytest.mark.parametrize(
    ('text', 'wrong'),
    [
        ('{"cluster"', 'it does not have the form {"cluster": {"chief": ["host:port"], "worker"'),
        ('{"cluster": {"chief": ["a:1"]}}', "KeyError('task')"),
        ('{"cluster": {"chief": 5}, "task": {"type": "chief", "index": 0}}', 'it does not have the form'),
        (tf_config([A, B], 'evaluator'), "its role 'evaluator' is not known"),
        (tf_config([A, B], 'chief').replace('"worker"', '"ps"'), "its role 'ps' is not known"),
        (tf_config([], 'worker'), 'this task is worker 0, but its cluster consists of no machines'),
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
        members.read(text)
    assert str(error.value).startswith('TF_CONFIG is wrong: ') and wrong in str(error.value)
    assert str(error.value).endswith('Correct it, or unset it to train on this machine alone')


def test_names_and_addresses_of_a_right_tf_config_in_which_worker_0_is_the_chief_if_none_is_called_so():
    names = {'chief': A, 'worker 0': B, 'worker 1': 'h:3'}
    assert members.read(tf_config([A, B, 'h:3'], 'worker', 1)) == (names, 'worker 1')
    assert members.read(tf_config([A, B, 'h:3'], 'chief')) == (names, 'chief')
    text = json.dumps({'cluster': {'worker': [A, B], 'ps': []}, 'task': {'type': 'worker', 'index': 1}})
    names, own = members.read(text)
    assert (list(names.items()), own) == ([('worker 0', A), ('worker 1', B)], 'worker 1')


def test_a_cluster_of_one_machine_is_like_none(monkeypatch):
    worker = {'type': 'worker', 'index': 0}
    alone = [  # as operators of Kubernetes and cloud platforms write it
        {'cluster': {'worker': ['job-worker-0.ns.svc:2222'], 'ps': [], 'chief': None}, 'task': worker},
        {'cluster': {'worker': [A], 'evaluator': [B]}, 'task': worker},
        {'cluster': {}, 'task': worker},
        {'environment': 'cloud'},
    ]
    for text in ('', tf_config([A], 'chief'), *map(json.dumps, alone)):
        monkeypatch.setenv('TF_CONFIG', text)
        assert type(members.here()) is members.Alone


def test_the_contract_is_judged_by_each_machine_alone(monkeypatch):
    monkeypatch.setenv('TF_CONFIG', 'wrong')
    seen = []
    problem_unittests.judge('model_inputs', lambda *sizes: seen.append('TF_CONFIG' in os.environ))
    assert seen == [False] and os.environ['TF_CONFIG'] == 'wrong'


# ---------------------------------------------------------------- a member


def test_a_port_that_is_taken_is_named(monkeypatch):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv('TF_CONFIG', tf_config([f'127.0.0.1:{port}', 'h:1'], 'chief'))
        with pytest.raises(OSError, match=f'port {port} of chief .* cannot be used on this machine'):
            members.here()


@pytest.mark.fault
def test_a_member_that_never_comes_is_named_after_a_time(monkeypatch):
    monkeypatch.setattr(members, 'WAIT', 1)
    ports = free_ports(3)
    monkeypatch.setenv('TF_CONFIG', tf_config([f'127.0.0.1:{port}' for port in ports], 'worker', 0))
    with pytest.raises(TimeoutError) as error:
        members.here()
    expected = f'not in the cluster after 1 seconds: chief (127.0.0.1:{ports[0]}), worker 1 (127.0.0.1:{ports[2]}). Is'
    assert str(error.value).startswith(expected)


class Unconnected(members.Member):
    """One of three members, before it is connected."""

    def __init__(self, index):
        self.size, self.index = 3, index

    def reduced(self, tensor):
        return 0 * tensor


def test_the_members_parts_together_are_the_whole():
    whole = np.arange(24).reshape(12, 2)
    np.testing.assert_array_equal(np.concatenate([Unconnected(i).part(whole) for i in range(3)]), whole)


def test_a_model_opt_that_does_not_average_the_gradients_of_both_networks_is_refused_in_a_cluster_only():
    def minimize(*optimizers):
        with tf.Graph().as_default() as graph:
            for name, optimizer in zip(('discriminator', 'generator'), optimizers, strict=True):
                weight = tf.get_variable(name, initializer=2.0)
                optimizer.minimize(tf.square(weight), var_list=[weight])
        return graph

    member, plain = Unconnected(0), tf.train.AdamOptimizer(0.1)
    averaging = [members._MeanAdam(member, 0.1) for _ in range(2)]
    with member.watched(minimize(*averaging)):
        pass
    for optimizers in ((plain, plain), (averaging[0], plain)):
        graph = minimize(*optimizers)
        with pytest.raises(ValueError, match=r'let model_opt use Adam, as in "from lesson\.train import Adam"'):
            member.watched(graph).__enter__()
        with members.Alone().watched(graph):
            pass


# ---------------------------------------------------------------- two processes


def start(folder, *options, chief=(), worker=(), **environment):
    """A chief and a worker that execute tests/train/process.py, with options of both and of each."""
    hosts = [f'127.0.0.1:{port}' for port in free_ports(2)]
    processes = []
    for name, own in zip(MEMBERS, (('--checkpoint_dir', folder / 'checkpoints', *chief), worker), strict=True):
        (folder / f'{name}.txt').write_text('')
        environment['TF_CONFIG'] = tf_config(hosts, name.split('-')[0])
        arguments = [folder / f'{name}.npz', *options, *own]
        processes.append(Forked(process.main, arguments, folder / f'{name}.txt', **environment))
    return processes


def ended(folder, processes):
    """(exit codes, what was printed) of processes."""
    codes = [process.wait(timeout=280) for process in processes]
    return codes, [(folder / f'{name}.txt').read_text() for name in MEMBERS]


def results(folder):
    return [dict(np.load(folder / f'{name}.npz')) for name in MEMBERS]


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """(folder, results of chief and worker with batches of 4, result of one new Python with batches of 8)."""
    folder = tmp_path_factory.mktemp('undisturbed')
    command = [sys.executable, process.__file__, folder / 'alone.npz', '--plain', '--batch', '8']
    alone = subprocess.Popen(command, env=os.environ | FLOAT32)
    codes, texts = ended(folder, start(folder, '--plain', **FLOAT32))
    assert codes == [0, 0], texts
    assert alone.wait(timeout=280) == 0
    return folder, *results(folder), dict(np.load(folder / 'alone.npz'))


@pytest.mark.long
def test_two_members_make_the_steps_of_one_process_with_the_whole_batch_and_end_with_equal_bits(undisturbed):
    folder, chief, worker, alone = undisturbed
    assert len(alone['losses']) == 12
    np.testing.assert_allclose(chief['losses'], alone['losses'], rtol=1e-5)
    np.testing.assert_allclose(chief['generated'], alone['generated'], atol=1e-5)
    for name in ('losses', 'generated'):
        np.testing.assert_array_equal(chief[name], worker[name])
    assert 'epoch 2/2' in (folder / 'chief.txt').read_text()
    assert (folder / 'worker-0.txt').read_text() == ''  # only the chief shows how far it is, and writes checkpoints
    assert sorted(path.name for path in (folder / 'checkpoints').iterdir())[-1] == 'step-00000012.npz'


@pytest.mark.long
@pytest.mark.fault
@pytest.mark.parametrize('deaths', [[(0, 1, 9)], [(1, 0, 5), (0, 1, 9)]])
def test_when_a_member_is_killed_the_other_ends_and_a_new_start_ends_with_the_same_bits(tmp_path, undisturbed, deaths):
    for died, survived, step in deaths:
        kill = {('chief', 'worker')[died]: ('--kill', step)}
        codes, texts = ended(tmp_path, start(tmp_path, '--plain', **kill, **FLOAT32))
        assert codes[died] == -signal.SIGKILL and codes[survived] == 1
        name = MEMBERS[died].replace('-', ' ')
        assert f'Lost: {name} of the cluster is lost' in texts[survived].splitlines()[-1]
    codes, texts = ended(tmp_path, start(tmp_path, '--plain', **FLOAT32))
    assert codes == [0, 0], texts
    assert int(re.search(r'Resuming after step (\d+) of 12', texts[0])[1]) in (8, 9)
    for before, after in zip(undisturbed[1:3], results(tmp_path), strict=True):
        for name in ('losses', 'generated'):
            np.testing.assert_array_equal(before[name], after[name])


@pytest.mark.long
@pytest.mark.fault
def test_a_member_that_falls_silent_is_given_up_after_a_time(tmp_path):
    chief, worker = processes = start(tmp_path, '--silence', '3', worker=('--stop', '5'))
    try:
        assert chief.wait(timeout=200) == 1
    finally:
        worker.kill()
    _, (text, _) = ended(tmp_path, processes)
    assert 'Lost: a member of the cluster is lost' in text.splitlines()[-1]


@pytest.mark.long
@pytest.mark.fault
def test_an_interrupt_of_any_member_ends_all_after_the_same_step(tmp_path):
    codes, (text, _) = ended(tmp_path, start(tmp_path, worker=('--interrupt', '5')))
    assert codes == [0, 0], text
    assert [len(result['losses']) for result in results(tmp_path)] == [6, 6]
    assert 'Interrupted after step 6 of 12; it is saved in' in text


@pytest.mark.long
@pytest.mark.fault
def test_a_loss_that_is_not_finite_on_one_member_ends_all_with_the_weights_of_before(tmp_path):
    codes, (text, _) = ended(tmp_path, start(tmp_path, '--bfloat16', worker=('--nan', '8')))
    assert codes == [0, 0], text
    assert 'not finite at step 9: the training ends, with the weights of step ' in text
    for result in results(tmp_path):
        assert np.isfinite(result['generated']).all() and np.isfinite(result['losses']).all()


@pytest.mark.long
@pytest.mark.fault
@pytest.mark.parametrize(
    ('options', 'different'),
    [
        (('--batch', '3'), 'batch_size'),
        (('--epochs', '3'), 'epoch_count'),
        (('--images', '32'), 'data_shape, images'),
        (('--noise', '1'), 'images'),
    ],
)
def test_a_worker_whose_run_or_images_differ_from_the_chiefs_is_told_what_differs(tmp_path, options, different):
    codes, (_, text) = ended(tmp_path, start(tmp_path, '--silence', '10', worker=options))
    assert codes == [1, 1]
    expected = f'worker 0 differs from the chief in {different}: run the same notebook on all machines, with the same'
    assert expected in text.splitlines()[-1]
