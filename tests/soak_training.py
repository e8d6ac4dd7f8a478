"""Trainings killed at random moments, and checkpoints damaged at random places: a part of soak.py."""

import random
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
from lesson import training  # noqa: E402

tf = training.tf
tf.disable_eager_execution()
# Long enough to be killed many times: a checkpoint after each of 240 steps.
COMMAND = [sys.executable, ROOT / 'tests' / 'training_process.py', '--epochs', '20']


def start(folder):
    return subprocess.Popen([*COMMAND, folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def killed(kills, seed=0):
    """(number of kills, trainings that came to their end, those that ended with other bits)."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        expected = start(folder).communicate()[0].splitlines()[-3:]
        length = time.monotonic() - began
    done = ended = wrong = 0
    while done < kills:
        with tempfile.TemporaryDirectory() as folder:
            process = start(folder)
            while process.returncode is None:
                try:
                    process.wait(rng.uniform(0, length) if done < kills else None)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    done += 1
                    process = start(folder)
            ended += 1
            wrong += process.communicate()[0].splitlines()[-3:] != expected
    return done, ended, wrong


def damaged(mutants, seed=0):
    """Flip, cut or insert bytes in a newest checkpoint: {what happened: how often}."""
    rng = random.Random(seed)
    with tf.Graph().as_default() as graph:
        weights = tf.get_variable('weights', [50, 50], initializer=tf.zeros_initializer())
    sess = training.session(graph)
    outcomes = dict.fromkeys(('not noticed, and harmless', 'the one before', 'refused in one sentence', 'wrong'), 0)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        for step in (1, 2):
            weights.load(np.full([50, 50], step), sess)
            training = training.Training(sess, 2)
            training.folder = Path(folder)
            training.losses[:] = [(1.0, 1.0)] * step
            training._save()
        newest = Path(folder) / 'step-00000002.npz'
        whole = newest.read_bytes()
        for _ in range(mutants):
            content, place = bytearray(whole), rng.randrange(len(whole))
            match rng.choice(('flip', 'cut', 'insert', 'zeros')):
                case 'flip':
                    content[place] ^= 1 << rng.randrange(8)
                case 'cut':
                    del content[place:]
                case 'insert':
                    content[place:place] = rng.randbytes(rng.randrange(1, 100))
                case 'zeros':
                    content[place : place + 500] = bytes(len(content[place : place + 500]))
            newest.write_bytes(content)
            try:
                restored = training.Training(sess, 2, folder)
            except ValueError as error:
                outcomes['refused in one sentence' if 'start anew' in str(error) else 'wrong'] += 1
                continue
            values, step = sess.run(weights), len(restored.losses)
            right = step in (1, 2) and (values == step).all()
            outcomes[('the one before', 'not noticed, and harmless')[step - 1] if right else 'wrong'] += 1
    return outcomes


def rows(kills, mutants, seed=0):
    """Yield (fault, times, how many went wrong, outcome) of all kills and mutants."""
    done, ended, wrong = killed(kills, seed)
    outcome = f'{ended} trainings came to their end, {wrong} of them with other bits than one never killed'
    yield 'training killed at a random moment', done, wrong, outcome
    for outcome, times in damaged(mutants, seed).items():
        if times:
            yield 'mutated checkpoint, the newest of two', times, times if outcome == 'wrong' else 0, outcome
