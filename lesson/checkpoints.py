"""The checkpoints of a training: whole ones only, and only of the training that they are asked for."""

import json
import time
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from filelock import Timeout

from lesson.files import one_process_at_a_time, whole_file

SECONDS = 120  # from one checkpoint to the next
KEPT = 2


class Checkpoints:
    """The checkpoints in a folder, for the training that `settings` describe: {name: number or text}.

    A checkpoint is one .npz file: {name: array}, among them `losses`, one row per step.
    """

    def __init__(self, folder, settings):
        self.folder, self.settings = Path(folder), settings
        self.saved = time.monotonic()

    @contextmanager
    def locked(self):
        """Keep the folder to oneself. RuntimeError: another training is using it; OSError: it cannot be written."""
        with self._explained():  # before the first step, and not two minutes later
            self.folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self.folder / 'writable'):
                pass
            (self.folder / 'writable').unlink()
        lock = one_process_at_a_time(self.folder)
        try:
            lock.__enter__()
        except Timeout:
            raise RuntimeError(
                f'another training is using {self.folder}. Wait until it is done, or pass another checkpoint_dir'
            ) from None
        try:
            for part in self.folder.glob('step-*.part'):  # of a training that was killed while it saved
                part.unlink(missing_ok=True)
            yield self
        finally:
            lock.__exit__(None, None, None)

    def newest(self):
        """The arrays of the newest undamaged checkpoint, or None. ValueError: it is of another training."""
        for path in sorted(self.folder.glob('step-*.npz'), reverse=True):
            try:
                with zipfile.ZipFile(path) as archive:
                    if damaged := archive.testzip():  # compares the checksums of all arrays
                        raise zipfile.BadZipFile(f'bad checksum of {damaged}')
                with np.load(path, allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files}
                settings = json.loads(str(arrays.pop('settings')))
            except Exception as error:  # damaged bytes raise nearly anything
                print(f'{path} is damaged ({error}): skipped.')
            else:
                self._compare(settings)
                return arrays

    def _compare(self, there):
        differences = [
            f'{name} is {there.get(name, "not known")} there, {here} here'
            for name, here in self.settings.items()
            if there.get(name) != here
        ]
        if differences:
            raise ValueError(
                f'{self.folder} contains the checkpoint of another training: {"; ".join(differences)}. '
                'Delete that folder to start anew, or pass another checkpoint_dir'
            )

    def due(self):
        """Whether it is time for the next one."""
        return time.monotonic() - self.saved > SECONDS

    def save(self, arrays):
        """Write a checkpoint, and remove all but the newest KEPT. OSError: it cannot be written."""
        with (
            self._explained(),
            whole_file(self.folder / f'step-{len(arrays["losses"]):08}.npz') as file,
        ):
            np.savez(file, settings=np.array(json.dumps(self.settings)), **arrays)
        for old in sorted(self.folder.glob('step-*.npz'))[:-KEPT]:
            with suppress(OSError):
                old.unlink()
        self.saved = time.monotonic()

    @contextmanager
    def _explained(self):
        try:
            yield
        except OSError as error:
            message = f'checkpoints cannot be written to {self.folder}: {error}. '
            raise OSError(error.errno, f'{message}Make room, or pass another checkpoint_dir') from error
