"""One training run on several machines: they make each step together, on TensorFlow's own runtime.

The variable TF_CONFIG describes a cluster, as cloud platforms and Kubernetes operators set it: the addresses of one
chief and of any number of workers, and which of them this process is. All of them execute the same notebook on the same
images. Each has all weights, and computes gradients of its own part of a batch; an all-reduce (TensorFlow's: a ring,
Patarasuk and Yuan 2009) averages them, so that all members change their weights in the same way. Only the chief shows
images and writes checkpoints, events and generators.

Anyone who reaches the port of a member can run code on its machine: keep a cluster in a private network.
"""

import functools
import io
import itertools
import json
import os
import re
import socket
import time
from contextlib import contextmanager, nullcontext

import numpy as np

from lesson.progress import SettingError
from lesson.session import fingerprints, open_session, tf

WAIT = 600  # seconds until a member has to have come: to the cluster, or to the next training run
PORT_CLOSES = 5  # seconds that a killed process may take to close its port
SILENCE = 120  # seconds that a member may be late in a step; a checkpoint and a picture fit in
_AVERAGED = 'averaged'  # a graph's collection: names of the variables whose gradients are averaged
EXAMPLE = '{"cluster": {"chief": ["host:port"], "worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'


class Lost(ConnectionError):
    """A member has died, or does not answer: the run ends on all of them, and can be started again."""


def here():
    """The cluster of this process: a Member's, if TF_CONFIG describes more than one machine, else Alone's.

    A process joins its cluster once, by the first call, which waits for the other members. Raises ValueError when
    TF_CONFIG is wrong, OSError when this member's port is taken, TimeoutError, with names, when some do not come.
    """
    return _joined(os.environ.get('TF_CONFIG', ''))


@functools.cache
def _joined(text):
    addresses, name = read(text) if text else ({}, None)
    return Member(addresses, name) if len(addresses) > 1 else Alone()


def read(text):
    """({name: 'host:port'} of all members, name of this one) of a TF_CONFIG; names are 'chief', 'worker 0', ...

    The first is the chief: worker 0, if none is called so. No members: it describes no cluster.
    Raises ValueError, which says what is wrong.
    """
    try:
        config = json.loads(text)
        if not config.get('cluster'):
            return {}, None
        kind, index = config['task']['type'], config['task']['index']
        hosts = {role: list(some or ()) for role, some in config['cluster'].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _wrong(f'it does not have the form {EXAMPLE} ({error!r})') from None
    chiefs, workers = hosts.pop('chief', []), hosts.pop('worker', [])
    hosts.pop('evaluator', None)  # has no part in the steps
    for role in {kind, *(role for role in hosts if hosts[role])} - {'chief', 'worker'}:
        raise _wrong(f'its role {role!r} is not known: there is one chief, there are workers, and nothing else')
    if len(chiefs) > 1:
        raise _wrong(f'it names {len(chiefs)} chiefs: make exactly one of the machines the chief')
    names = {'chief': chiefs[0]} if chiefs else {}
    names |= {f'worker {i}': host for i, host in enumerate(workers)}
    for name, address in names.items():
        if not re.fullmatch(r'.+:\d{1,5}', str(address)) or not 0 < int(address.rpartition(':')[2]) < 65536:
            raise _wrong(f'the address of {name} is {address!r}, not host:port')
        if same := [other for other in names if other != name and names[other] == address]:
            raise _wrong(f'{name} and {same[0]} have the same address, {address}')
    own = kind if kind == 'chief' and index == 0 else f'{kind} {index}'
    if own not in names:
        raise _wrong(f'this task is {kind} {index!r}, but its cluster consists of {", ".join(names) or "no machines"}')
    return names, own


def _wrong(what):
    return SettingError(f'TF_CONFIG is wrong: {what}. Correct it, or unset it to train on this machine alone')


class Alone:
    """One machine: nothing of what Member does has to be done.

    size, index: how many members there are, and which one this is; the chief is 0. adam: a class like AdamOptimizer.
    """

    size, index, chief, adam = 1, 0, True, tf.train.AdamOptimizer

    def open_session(self, graph):
        """A session on a graph, as session.open_session makes it."""
        return open_session(graph)

    def watched(self, graph):
        """Within a with statement, a run on that graph. ValueError: it does not average its gradients."""
        return nullcontext()

    def part(self, array):
        """This member's part of an array [size * n, ...]: [n, ...]."""
        return array

    def mean(self, *numbers):
        """The means of numbers over all members."""
        return numbers

    def from_chief(self, arrays, settings, graph):
        """The chief's arrays {name: array}. ValueError: settings {name: value} or graph are not those of the chief."""
        return arrays


class Member(Alone):
    """A process in a cluster of members {name: address}, the chief first; `name` is its own."""

    def __init__(self, addresses, name):
        self.addresses, self.name = addresses, name
        self.size, self.index = len(addresses), list(addresses).index(name)
        self.chief = self.index == 0
        self.adam = functools.partial(_MeanAdam, self)
        self._keys = itertools.count(1)  # of all-reduces: all members count alike, since they build the same graphs
        _check_port(name, addresses[name])
        chief, *workers = addresses.values()
        job, task = 'chief' if self.chief else 'worker', max(0, self.index - 1)
        self._config = tf.ConfigProto(isolate_session_state=True)
        self._config.device_filters.append(f'/job:{job}/task:{task}')  # what is not an all-reduce stays on this machine
        self._config.experimental.collective_group_leader = '/job:chief/replica:0/task:0'
        self._server = tf.train.Server({'chief': [chief], 'worker': workers}, job, task, config=self._config)
        self._wait()
        with tf.Graph().as_default() as graph:
            self._floats = tf.placeholder(tf.float32, [None])
            self._mean = self.reduced(self._floats)
            self._ints, self._key = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [])
            self._sum = self.reduced(self._ints, self._key, 'Id', WAIT)
        self._control = self._connect(graph, tf.ConfigProto())

    def _wait(self):
        """Wait for the other members. TimeoutError: which of them have not come."""
        begun, said = time.monotonic(), False
        while missing := self._silent():
            names = ', '.join(f'{name} ({self.addresses[name]})' for name in missing)
            if time.monotonic() > begun + WAIT:
                raise TimeoutError(
                    f'not in the cluster after {WAIT} seconds: {names}. Is it started, with the same cluster in its '
                    f'TF_CONFIG, and can its port be reached from {self.name} ({self.addresses[self.name]})?'
                )
            if not said and time.monotonic() > begun + 10:
                print(f'Waiting for {names}')
                said = True
            time.sleep(0.2)

    def _silent(self):
        """Names of the members whose ports nothing answers at."""
        return [name for name, address in self.addresses.items() if not _answers(address)]

    def reduced(self, tensor, key=None, final='Div', seconds=None):
        """The mean of a tensor over all members; final='Id': the sum."""
        return tf.raw_ops.CollectiveReduceV2(
            input=tensor,
            group_size=self.size,
            group_key=1,
            instance_key=next(self._keys) if key is None else key,
            ordering_token=[],
            merge_op='Add',
            final_op=final,
            timeout_seconds=seconds or SILENCE,
        )

    def open_session(self, graph):
        return open_session(graph, connect=self._connect)

    def _connect(self, graph, config):
        config.MergeFrom(self._config)
        rewrite = config.graph_options.rewrite_options
        if rewrite.auto_mixed_precision_onednn_bfloat16:
            rewrite.remapping = rewrite.OFF  # it fuses convolutions, and a server refuses those in bfloat16
        return tf.Session(self._server.target, graph=graph, config=config)

    @contextmanager
    def watched(self, graph):
        trained = graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
        if {v.op.name for v in trained} - {*graph.get_collection(_AVERAGED)}:
            raise SettingError(
                'on more than one machine, gradients have to be averaged: let model_opt use Adam, as in '
                '"from lesson.train import Adam", instead of a different optimizer'
            )
        try:
            yield
        except tf.errors.OpError as error:
            if 'ollective' not in error.message:
                raise
            end = time.monotonic() + PORT_CLOSES
            while not (lost := self._silent()) and time.monotonic() < end:
                time.sleep(0.2)
            raise Lost(
                f'{" and ".join(lost) or "a member"} of the cluster is lost, so the run ends on all machines. '
                'Start all of them again: with a checkpoint_dir, it resumes from what the chief saved last'
            ) from error

    def part(self, array):
        n = len(array) // self.size
        return array[self.index * n : (self.index + 1) * n]

    def mean(self, *numbers):
        return self._control.run(self._mean, {self._floats: numbers})

    def from_chief(self, arrays, settings, graph):
        file, about = io.BytesIO(), settings | fingerprints(graph)
        np.savez(file, **(arrays if self.chief else {}), about=json.dumps(about))
        content = np.frombuffer(file.getvalue() + bytes(-file.tell() % 4), np.int32)
        (length,) = self._sum_of(np.int32([len(content) if self.chief else 0]))
        content = self._sum_of(content if self.chief else np.zeros(length, np.int32))
        with np.load(io.BytesIO(content.tobytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        chiefs = json.loads(str(arrays.pop('about')))
        if different := [name for name in chiefs | about if chiefs.get(name) != about.get(name)]:
            raise SettingError(
                f'{self.name} differs from the chief in {", ".join(different[:3])}: run the same notebook on all '
                'machines, with the same settings and the same images'
            )
        return arrays

    def _sum_of(self, array):
        return self._control.run(self._sum, {self._ints: array, self._key: 10**6 + next(self._keys)})


class _MeanAdam(tf.train.AdamOptimizer):
    """Adam on the mean of the gradients over all members: one all-reduce, of all of them in one vector."""

    def __init__(self, member, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._member = member

    def compute_gradients(self, *args, **kwargs):
        pairs = [pair for pair in super().compute_gradients(*args, **kwargs) if pair[0] is not None]
        vector = tf.concat([tf.reshape(gradient, [-1]) for gradient, _ in pairs], 0)
        parts = tf.split(self._member.reduced(vector), [v.shape.num_elements() for _, v in pairs])
        for _, v in pairs:
            v.graph.add_to_collection(_AVERAGED, v.op.name)
        return [(tf.reshape(part, v.shape), v) for part, (_, v) in zip(parts, pairs, strict=True)]


def _check_port(name, address):
    """OSError: the port is taken. TensorFlow would share it."""
    port = int(address.rpartition(':')[2])
    with socket.socket() as trial:
        try:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as TensorFlow: not delayed by the last run
            trial.bind(('', port))
        except OSError as error:
            what = f'port {port} of {name} ({address} in TF_CONFIG) cannot be used on this machine ({error.strerror})'
            raise OSError(error.errno, f'{what}: choose a different one, or end the process that has it') from None


def _answers(address):
    host, _, port = address.rpartition(':')
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:  # also a name that is not known yet
        return False
    return True
