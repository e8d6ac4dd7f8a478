"""How a step grows with the number of machines: this project, a parameter server, PyTorch's DDP (gloo), same networks.

    python benchmarks/scaling.py [--members 1 2 4] [--networks 10000,0.1 1000,0.1 100,0.1 1000,2] [--batch-size 32]

Linux and root only: each member is a process on one core, in a network namespace of its own. What it sends goes through
this process, which delays it as a network would: a network is a number of Mbit/s, in and out of each machine, and of
milliseconds. With more members than cores, cores are shared: the model says so. Needs benchmarks/requirements.txt.
"""

import argparse
import fcntl
import heapq
import json
import os
import selectors
import statistics
import struct
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CHANNELS, Z_DIM, LEARNING_RATE, BETA1 = 3, 100, 0.001, 0.0
WARM_UP, BLOCKS, STEPS = 5, 5, 6
TUN_SET, TUN_FLAGS, MTU = 0x400454CA, 0x1001, 60000  # ioctl(2), if_tun.h: packets without a header
PORT = 4222


# ------------------------------------------------------------------------------------------ what a member does


def this_project(index, members, batch_size, together=True):
    """(a step, its synchronization alone, weights in it) of the notebook's train."""
    from lesson.cluster import members as cluster
    from lesson.notebook.definitions import definitions
    from lesson.session import open_session, tf
    from lesson.train.recalibrate import Average

    tf.disable_eager_execution()
    hosts = [f'{address(i)}:{PORT}' for i in range(members)]
    task = {'type': 'worker' if index else 'chief', 'index': max(0, index - 1)}
    if together:
        os.environ['TF_CONFIG'] = json.dumps({'cluster': {'chief': hosts[:1], 'worker': hosts[1:]}, 'task': task})
    here, defined = cluster.here(), definitions(ROOT / 'dlnd_face_generation.ipynb')
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(0)
        inputs = defined['model_inputs'](28, 28, CHANNELS, Z_DIM)
        losses = defined['model_loss'](*inputs[:2], CHANNELS)
        d_step, g_step = defined['model_opt'](*losses, inputs[2], BETA1)
        average = Average(graph, 0.995)
        sizes = [sum(v.shape.num_elements() for v in tf.trainable_variables(n)) for n in ('discriminator', 'generator')]
        reduced = [here.reduced(tf.zeros([size])).op for size in sizes] if here.size > 1 else []
    sess = open_session(graph, bfloat16=False, connect=getattr(here, '_connect', tf.Session))
    feed, follow = feeding(inputs, index, batch_size), sess.make_callable(average.follow)

    def step():
        follow()
        here.mean(*sess.run([*losses, d_step, g_step], feed())[:2], False, False)

    def synchronize():
        sess.run(reduced)
        here.mean(0, 0, 0, 0)

    return step, synchronize if here.size > 1 else None, sum(sizes)


def feeding(inputs, index, batch_size):
    """A function of what a step is fed with: always the same images, but new noise."""
    rng = np.random.default_rng(index)
    batch = rng.uniform(-1, 1, [batch_size, 28, 28, CHANNELS]).astype('float32')
    return lambda: dict(zip(inputs, (batch, rng.uniform(-1, 1, [batch_size, Z_DIM]), LEARNING_RATE), strict=True))


def parameter_server(index, members, batch_size):
    """The same networks with SyncReplicasOptimizer: all variables, and Adam, on one more machine, the last one."""
    from lesson.notebook.definitions import definitions
    from lesson.session import tf
    from lesson.train.recalibrate import Average

    tf.disable_eager_execution()
    hosts = [f'{address(i)}:{PORT}' for i in range(members + 1)]
    own = {'job_name': 'worker', 'task_index': index} if index < members else {'job_name': 'ps', 'task_index': 0}
    server = tf.train.Server({'worker': hosts[:-1], 'ps': hosts[-1:]}, **own)
    if index == members:
        sys.stdin.read()  # until all have measured
        os._exit(0)
    defined = definitions(ROOT / 'dlnd_face_generation.ipynb')
    place = tf.train.replica_device_setter(1, worker_device=f'/job:worker/task:{index}')
    with tf.Graph().as_default() as graph, tf.device(place):
        tf.set_random_seed(0)
        inputs = defined['model_inputs'](28, 28, CHANNELS, Z_DIM)
        losses = defined['model_loss'](*inputs[:2], CHANNELS)
        # One optimizer for both networks, since two would share one queue of tokens; its rate is a number, since Adam
        # runs in a thread of the first worker, which feeds nothing.
        sync = tf.train.SyncReplicasOptimizer(tf.train.AdamOptimizer(LEARNING_RATE, BETA1), members, members)
        pairs = []
        for loss, name in zip(losses, ('discriminator', 'generator'), strict=True):
            pairs += sync.compute_gradients(loss, tf.trainable_variables(name))
        train = sync.apply_gradients(pairs, tf.train.get_or_create_global_step())
        if index == 0:
            with tf.device('/job:ps'), tf.control_dependencies([train]):
                train = Average(graph, 0.995).follow
            train = tf.group(train, tf.get_collection(tf.GraphKeys.UPDATE_OPS))
        initialize = tf.global_variables_initializer()
        sess = tf.Session(server.target, config=tf.ConfigProto(device_filters=['/job:ps', f'/job:worker/task:{index}']))
    if index == 0:
        sess.run(initialize)
        sess.run(sync.chief_init_op)
        sync.get_chief_queue_runner().create_threads(sess, daemon=True, start=True)
    while len(sess.run(sync.ready_for_local_init_op)):
        time.sleep(0.1)
    sess.run(sync.local_step_init_op)
    feed = feeding(inputs, index, batch_size)
    return lambda: sess.run([*losses, train], feed()), None, sum(v.shape.num_elements() for _, v in pairs)


def pytorch(index, members, batch_size):
    """The same of PyTorch: DistributedDataParallel with gloo, as its tutorials write it, without bfloat16."""
    import torch
    from torch import distributed
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy
    from torch.nn.parallel import DistributedDataParallel

    from benchmarks.throughput import torch_networks

    torch.set_num_threads(1)
    os.environ['GLOO_SOCKET_IFNAME'] = f'm{index}'
    distributed.init_process_group('gloo', f'tcp://{address(0)}:{PORT}', rank=index, world_size=members)
    d, g = (DistributedDataParallel(network, broadcast_buffers=False) for network in torch_networks(CHANNELS))
    d_adam, g_adam = (torch.optim.Adam(n.parameters(), LEARNING_RATE, (BETA1, 0.999), fused=True) for n in (d, g))
    vectors = [torch.zeros(sum(p.numel() for p in n.parameters())) for n in (d, g)]
    real = torch.rand(batch_size, CHANNELS, 28, 28) * 2 - 1

    def step():
        fake = g(torch.rand(batch_size, Z_DIM) * 2 - 1)
        a, b = d(real), d(fake.detach())
        d_adam.zero_grad()
        (entropy(a, torch.full_like(a, 0.9)) + entropy(b, torch.zeros_like(b))).backward()
        d_adam.step()
        d.requires_grad_(False)
        b = d.module(fake)
        g_adam.zero_grad()
        entropy(b, torch.ones_like(b)).backward()
        g_adam.step()
        d.requires_grad_(True)

    def synchronize():
        for vector in vectors:
            distributed.all_reduce(vector)

    return step, synchronize if members > 1 else None, sum(len(vector) for vector in vectors)


ROWS = {
    'this project': this_project,
    'this project, each for itself': partial(this_project, together=False),  # what sharing the cores costs
    'parameter server': parameter_server,
    'PyTorch DDP, gloo': pytorch,
}


def address(index):
    return f'10.77.0.{index + 1}'


def member(row, index, members, batch_size):
    """Measure in this process, and print one line of JSON: milliseconds, and bytes sent per step."""
    index, members = int(index), int(members)
    if index < members:  # a parameter server may use all cores
        os.sched_setaffinity(0, [sorted(os.sched_getaffinity(0))[index % os.cpu_count()]])
    step, synchronize, weights = ROWS[row](index, members, int(batch_size))

    def milliseconds(call):
        times = []
        for _ in range(WARM_UP):
            call()
        sent = bytes_sent(index)
        for _ in range(BLOCKS):
            begun = time.perf_counter()
            for _ in range(STEPS):
                call()
            times.append((time.perf_counter() - begun) / STEPS * 1000)
        return statistics.median(times), (bytes_sent(index) - sent) / (BLOCKS * STEPS)

    step_ms, sent = milliseconds(step)
    synchronize_ms = milliseconds(synchronize)[0] if synchronize else 0
    print(json.dumps({'step': step_ms, 'synchronize': synchronize_ms, 'sent': sent, 'weights': weights}), flush=True)
    sys.stdin.read()  # until all have measured
    os._exit(0)


def bytes_sent(index):
    lines = Path('/proc/net/dev').read_text().splitlines()
    return next(int(line.split()[9]) for line in lines if line.strip().startswith(f'm{index}:'))


# ------------------------------------------------------------------------------------------ the network


class Network:
    """Namespaces m0, m1, ... with an interface each; packets between them take their time."""

    def __init__(self, members, mbits, delay):
        self.members, self.rate, self.delay = members, mbits * 1e6 / 8, delay / 1000
        self.queue, self.busy_out, self.busy_in = [], [0] * members, [0] * members

    def __enter__(self):
        self.ends, self.done = [], False
        for i in range(self.members):
            end = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(end, TUN_SET, struct.pack('16sH14x', f'm{i}'.encode(), TUN_FLAGS))
            self.ends.append(end)
            for command in (
                f'netns add m{i}',
                f'link set m{i} netns m{i}',
                f'-n m{i} addr add {address(i)}/24 dev m{i}',
                f'-n m{i} link set m{i} mtu {MTU} up',
                f'-n m{i} link set lo up',
            ):
                subprocess.run(['ip', *command.split()], check=True)
        self.thread = threading.Thread(target=self.forward, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done = True
        self.thread.join()
        for i, end in enumerate(self.ends):
            os.close(end)
            subprocess.run(['ip', 'netns', 'del', f'm{i}'], check=True)

    def forward(self):
        """Pass packets on when they are due: after those before them on both lines, and the delay."""
        ready = selectors.DefaultSelector()
        for i, end in enumerate(self.ends):
            ready.register(end, selectors.EVENT_READ, i)
        count = 0
        while not self.done:
            now = time.perf_counter()
            wait = max(0, self.queue[0][0] - now) if self.queue else 0.05
            for key, _ in ready.select(wait if wait > 0.001 or not wait else 0):
                packet, sender = os.read(key.fd, MTU + 100), key.data
                receiver = packet[19] - 1 if packet[0] >> 4 == 4 else -1
                if 0 <= receiver < self.members:
                    self.busy_out[sender] = max(self.busy_out[sender], now) + len(packet) / self.rate
                    sent = self.busy_out[sender] - len(packet) / self.rate
                    self.busy_in[receiver] = max(self.busy_in[receiver], sent) + len(packet) / self.rate
                    count += 1
                    heapq.heappush(self.queue, (self.busy_in[receiver] + self.delay, count, receiver, packet))
            while self.queue and self.queue[0][0] <= time.perf_counter():
                _, _, receiver, packet = heapq.heappop(self.queue)
                os.write(self.ends[receiver], packet)


def measure(row, members, mbits, delay, batch_size):
    """What the members of one training print, as the mean of each."""
    machines = members + (ROWS[row] is parameter_server)
    with Network(machines, mbits, delay):
        here = [sys.executable, str(Path(__file__).resolve()), 'member', row]
        processes = [
            subprocess.Popen(
                ['ip', 'netns', 'exec', f'm{i}', *here, str(i), str(members), str(batch_size)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for i in range(machines)
        ]
        results = [json.loads(next(line for line in p.stdout if line[0] == '{')) for p in processes[:members]]
        for process in processes:
            process.communicate()
    return {name: statistics.mean(result[name] for result in results) for name in results[0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--members', type=int, nargs='*', default=[1, 2, 4])
    parser.add_argument('--networks', nargs='*', default=['10000,0.1', '1000,0.1', '100,0.1', '1000,2'])
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--rows', nargs='*', default=list(ROWS))
    arguments = parser.parse_args()
    print('| | members | network | step, ms | synchronization alone, ms | MB sent | images/s |')
    print('|---|---|---|---|---|---|---|')
    for row in arguments.rows:
        for members in arguments.members:
            for network in arguments.networks if members > 1 else arguments.networks[:1]:
                mbits, delay = map(float, network.split(','))
                got = measure(row, members, mbits, delay, arguments.batch_size)
                speed = members * arguments.batch_size / got['step'] * 1000
                name = f'{mbits:,.0f} Mbit/s, {delay} ms' if members > 1 else '-'
                print(
                    f'| {row} | {members} | {name} | {got["step"]:.1f} | {got["synchronize"]:.1f} | '
                    f'{got["sent"] / 1e6:.2f} | {speed:,.0f} |',
                    flush=True,
                )


if __name__ == '__main__':
    if sys.argv[1:2] == ['member']:
        member(*sys.argv[2:])
    else:
        main()
