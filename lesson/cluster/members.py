"""One training on several machines: the members of a cluster make each step together, on TensorFlow's own runtime.

The variable TF_CONFIG describes a cluster, as cloud platforms and Kubernetes operators set it: the addresses of one
chief and of any number of workers, and which of them this process is. All of them execute the same notebook. Each has
all weights, and computes gradients of its own part of a batch; an all-reduce (TensorFlow's: a ring, Patarasuk and
Yuan 2009) makes them their mean, so that all members change their weights in the same way. Only the chief shows images
and writes checkpoints, events and generators.

Whoever reaches the port of a member can run anything on its machine: keep a cluster in a private network.
"""

import functools
import io
import itertools
import json
import os
import socket
import time
from contextlib import contextmanager, nullcontext

import numpy as np

from lesson.session import fingerprints, open_session, tf

WAIT = 600  # seconds until a member has to have come: to the cluster, or to a next training run
PORT_CLOSES = 5  # seconds that a killed process may take to close its port
COMPARED = 1000  # images by which machines see whether they have the same ones
SILENCE = 120  # seconds that a member may be late in a step; a checkpoint and a picture fit in
EXAMPLE = '{"cluster": {"chief": ["host:port"], "worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'


class Lost(ConnectionError):
    """A member has died, or does not answer: the training ends on all of them, and can be started again."""


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

    Raises ValueError, which says what is wrong.
    """
    try:
        config = json.loads(text)
        cluster, task = config['cluster'], config['task']
        kind, index = task['type'], task['index']
        roles = {role: list(hosts) for role, hosts in cluster.items()}
    except ValueError as error:
        raise _wrong(f'it is not JSON ({error})') from None
    except (KeyError, TypeError, AttributeError) as error:
        raise _wrong(f'it has not the form {EXAMPLE} ({error!r})') from None
    for role in (*roles, kind):
        if role not in ('chief', 'worker'):
            raise _wrong(f'its role {role!r} is not known: there is one chief, there are workers, and nothing else')
    if len(roles.get('chief', [])) != 1:
        raise _wrong(f'it names {len(roles.get("chief", []))} chiefs: make exactly one of the machines the chief')
    names = {'chief': roles['chief'][0]} | {f'worker {i}': host for i, host in enumerate(roles.get('worker', []))}
    for name, address in names.items():
        port = str(address).rpartition(':')[2]
        if ':' not in str(address) or not port.isdecimal() or not 0 < int(port) < 65536:
            raise _wrong(f'the address of {name} is {address!r}, not host:port')
        if same := [other for other in names if other != name and names[other] == address]:
            raise _wrong(f'{name} and {same[0]} have the same address, {address}')
    own = kind if kind == 'chief' and index == 0 else f'{kind} {index}'
    if own not in names:
        raise _wrong(f'this task is {kind} {index!r}, but its cluster consists of {", ".join(names)}')
    return names, own


def _wrong(what):
    return ValueError(f'TF_CONFIG is wrong: {what}. Correct it, or unset it to train on this machine alone')


class Alone:
    """One machine: what Member does is nothing to be done.

    size, index: how many members there are, and which one this is; the chief is 0. adam: a class like AdamOptimizer.
    """

    size, index, chief, adam = 1, 0, True, tf.train.AdamOptimizer

    def open_session(self, graph):
        """A session on a graph, as session.open_session makes it."""
        return open_session(graph)

    def watched(self, graph):
        """Within a with statement, a training on that graph."""
        return nullcontext()

    def agreed(self, epoch_count, batch_size, data_shape, get_batches, checksum):
        """What all members agree on: (epochs, steps of each, get_batches of this member, settings of the training).

        With the same images on all, each takes its part of every batch. With different ones, a part of a large data set
        on each, all go through their own: as far as the one with the fewest, the others each time through other ones.
        checksum(n): a whole number, the same for the same images, of about n of them.
        """
        return epoch_count, data_shape[0] // batch_size, get_batches, {}

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
        job, task = name.split()[0], max(0, self.index - 1)
        self._device = f'/job:{job}/task:{task}'
        cluster = {'chief': [addresses['chief']], 'worker': list(addresses.values())[1:]}
        self._server = tf.train.Server(cluster, job_name=job, task_index=task, config=self._configured())
        self._wait()
        with tf.Graph().as_default() as graph:
            self._floats = tf.placeholder(tf.float32, [None])
            self._mean = self.reduced(self._floats)
            self._ints, self._key = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [])
            self._sum = self.reduced(self._ints, self._key, 'Id', WAIT)
        self._control = self._connect(graph, tf.ConfigProto())

    def _configured(self, config=None):
        config = config or tf.ConfigProto()
        config.isolate_session_state = True
        config.device_filters.append(self._device)  # what is not an all-reduce stays on this machine
        config.experimental.collective_group_leader = '/job:chief/replica:0/task:0'
        return config

    def _wait(self):
        """Wait for the other members. TimeoutError: which of them have not come."""
        missing, begun, said = dict(self.addresses), time.monotonic(), False
        while missing := {name: address for name, address in missing.items() if not _answers(address)}:
            names = ', '.join(f'{name} ({address})' for name, address in missing.items())
            if time.monotonic() > begun + WAIT:
                raise TimeoutError(
                    f'not in the cluster after {WAIT} seconds: {names}. Is it started, with the same cluster in its '
                    f'TF_CONFIG, and can its port be reached from {self.name} ({self.addresses[self.name]})?'
                )
            if not said and time.monotonic() > begun + 10:
                print(f'Waiting for {names}')
                said = True
            time.sleep(0.2)

    def _gone(self, seconds):
        """Names of the members that do not answer; empty if all of them still do after so many seconds."""
        end, gone = time.monotonic() + seconds, []
        while not gone and time.monotonic() < end:
            time.sleep(0.2)
            gone = [name for name, address in self.addresses.items() if not _answers(address)]
        return gone

    def reduced(self, tensor, key=None, final='Div', seconds=None):
        """The operation that makes a tensor of this member the mean over all members; final='Id': the sum."""
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
        return tf.Session(self._server.target, graph=graph, config=self._configured(config))

    @contextmanager
    def watched(self, graph):
        if not any(op.type == 'CollectiveReduceV2' for op in graph.get_operations()):
            raise ValueError(
                'on more than one machine, gradients have to be averaged: let model_opt use Adam, as in '
                '"from lesson.train import Adam", instead of another optimizer'
            )
        with self._named():
            yield

    @contextmanager
    def _named(self):
        """Within a with statement, an all-reduce that fails is Lost, with the names of the members that are."""
        try:
            yield
        except tf.errors.OpError as error:
            if 'ollective' not in error.message:
                raise
            lost = self._gone(PORT_CLOSES)
            raise Lost(
                f'{" and ".join(lost) or "a member"} of the cluster is lost, so the training ends on all machines. '
                'Start all of them again: with a checkpoint_dir, it resumes from what the chief saved last'
            ) from error

    def agreed(self, epoch_count, batch_size, data_shape, get_batches, checksum):
        mine = np.zeros([self.size, 3], np.uint32)
        mine[self.index] = epoch_count, data_shape[0], checksum(COMPARED) % 2**32
        with self._named():
            everyones = self._sum_of(mine.ravel().view(np.int32)).view(np.uint32).reshape(-1, 3).tolist()
        epoch_count, images_of_each = everyones[0][0], [numbers[1:] for numbers in everyones]
        settings, least = {'machines': self.size}, min(images_of_each)[0]
        if all(images == images_of_each[0] for images in images_of_each):
            steps = least // (self.size * batch_size)
            get_batches = functools.partial(self._parts_of, get_batches)
        else:
            steps = least // batch_size
            get_batches = functools.partial(_first, steps, get_batches)
            total = sum(count for count, _ in images_of_each)
            settings |= {'data_shape': [total, *data_shape[1:]], 'images_of_each': images_of_each}
            if self.chief:
                self._say_who_has_what([count for count, _ in images_of_each], steps * batch_size)
        if not steps:
            raise ValueError(
                f'batch_size is {batch_size:,} on each of {self.size} machines, but there are only {least:,} images, '
                'so an epoch would have no step: choose a smaller one'
            )
        return epoch_count, steps, get_batches, settings

    def _parts_of(self, get_batches, batch_size, seed):
        """This member's part of each batch of all machines."""
        return map(self.part, get_batches(self.size * batch_size, seed=seed))

    def _say_who_has_what(self, counts, used):
        each = ', '.join(f'{name} {count:,}' for name, count in zip(self.addresses, counts, strict=True))
        left = ', '.join(f'{count - used:,}' for count in counts)
        print(
            f'The machines have different images: {each}. In an epoch each uses {used:,} of its own, '
            f'others every time, and leaves out the rest: {left}.'
        )

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
            names = ', '.join(different[:3])
            raise ValueError(f'{self.name} has another training than the chief: {names} differ. Run the same on both')
        return arrays

    def _sum_of(self, array):
        return self._control.run(self._sum, {self._ints: array, self._key: 10**6 + next(self._keys)})


def _first(steps, get_batches, batch_size, seed):
    """The first batches of an epoch."""
    return itertools.islice(get_batches(batch_size, seed=seed), steps)


class _MeanAdam(tf.train.AdamOptimizer):
    """Adam on the mean of the gradients of all members: one all-reduce of all of them, in one vector."""

    def __init__(self, member, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._member = member

    def compute_gradients(self, *args, **kwargs):
        pairs = [pair for pair in super().compute_gradients(*args, **kwargs) if pair[0] is not None]
        vector = tf.concat([tf.reshape(gradient, [-1]) for gradient, _ in pairs], 0)
        parts = tf.split(self._member.reduced(vector), [v.shape.num_elements() for _, v in pairs])
        return [(tf.reshape(part, v.shape), v) for part, (_, v) in zip(parts, pairs, strict=True)]


def _check_port(name, address):
    port = int(address.rpartition(':')[2])
    with socket.socket() as trial:
        try:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as TensorFlow: not delayed by the last run
            trial.bind(('', port))
        except OSError as error:
            raise OSError(
                error.errno,
                f'port {port} of {name} ({address} in TF_CONFIG) cannot be used on this machine ({error.strerror}): '
                'choose another one, or end the process that has it',
            ) from None


def _answers(address):
    host, _, port = address.rpartition(':')
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:  # also a name that is not known yet
        return False
    return True
