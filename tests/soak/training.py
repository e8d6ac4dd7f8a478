"""Trainings killed at random moments, and checkpoints damaged at random places: a part of the soak test."""

import random
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

from lesson import training
from lesson.train.checkpoints import Checkpoints

ROOT = Path(__file__).parent.parent.parent
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
    outcomes = dict.fromkeys(('not noticed, and harmless', 'the one before', 'refused in one sentence', 'wrong'), 0)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        checkpoints = Checkpoints(folder, {'seed': 0}, {'weights': 1})
        for step in (1, 2):
            checkpoints.save({'weights': np.full([50, 50], step, np.float32), 'losses': np.ones([step, 2], np.float32)})
        newest = Path(folder) / 'step-00000002.npz'
        whole = newest.read_bytes()
        for _ in range(mutants):
            newest.write_bytes(damage(whole, rng))
            try:
                arrays = checkpoints.newest()
            except ValueError as error:
                outcomes['refused in one sentence' if 'start anew' in str(error) else 'wrong'] += 1
                continue
            step = len(arrays['losses'])
            right = step in (1, 2) and (arrays['weights'] == step).all()
            outcomes[('the one before', 'not noticed, and harmless')[step - 1] if right else 'wrong'] += 1
    return outcomes


def damage(whole, rng):
    """The bytes `whole` with one random change."""
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
    return bytes(content)


def rows(kills, mutants, seed=0):
    """Yield (fault, times, how many went wrong, outcome) of all kills and mutants."""
    done, ended, wrong = killed(kills, seed)
    outcome = f'{ended} trainings came to their end, {wrong} of them with other bits than one never killed'
    yield 'training killed at a random moment', done, wrong, outcome
    for outcome, times in damaged(mutants, seed).items():
        if times:
            yield 'mutated checkpoint, the newest of two', times, times if outcome == 'wrong' else 0, outcome
