"""Checkpoints of a training run: whole ones or none, and only for a continuation of the same run."""

import io
import json
import os
import time
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from filelock import Timeout

from lesson.files import make_writable, one_process_at_a_time, say, whole_file
from lesson.progress import SettingError

EVERY = 120  # seconds from one checkpoint to the next
KEPT = 2
LEFT = 24 * 3600  # seconds after which what a run has not finished writing is of one that was killed
_ADVICE = 'make room, or pass a different checkpoint_dir'


class Checkpoints:
    """The checkpoints in a folder, of a run that has settings {name: value} and a graph {operation: checksum}.

    A checkpoint is one .npz file with all arrays, among them `losses`, one row per step.
    """

    def __init__(self, folder, settings, graph):
        self.folder, self.settings, self.graph = Path(folder), settings, graph

    @contextmanager
    def locked(self):
        """Keep other runs out of the folder. RuntimeError: one is in it; OSError: it cannot be written."""
        make_writable(self.folder, _ADVICE)  # now, and not after two minutes
        with ExitStack() as stack:
            try:
                stack.enter_context(one_process_at_a_time(self.folder))
            except Timeout:
                raise RuntimeError(
                    f'another run is using {self.folder}: wait until it ends, or pass a different checkpoint_dir'
                ) from None
            for unfinished in self.folder.glob('step-*.part'):  # of a living run, where locks are granted to all
                with suppress(OSError):
                    if time.time() - unfinished.stat().st_mtime > LEFT:
                        unfinished.unlink()
            self._last = time.monotonic()
            yield

    def newest(self):
        """The arrays of the newest undamaged checkpoint, or None. ValueError: it is of a different run."""
        for path in sorted(self.folder.glob('step-*.npz'), reverse=True):
            try:
                content = path.read_bytes()
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    if damaged := archive.testzip():  # compares the checksums of all arrays
                        raise zipfile.BadZipFile(f'bad checksum of {damaged}')
                with np.load(io.BytesIO(content), allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files}
                settings, graph = (json.loads(str(arrays.pop(name))) for name in ('settings', 'graph'))
            except Exception as error:  # damaged bytes raise nearly anything
                if not os.path.lexists(path):  # a run beside this one has written newer ones, and removed it
                    return self.newest()
                say(f'{path} is damaged ({error}); the one before it is used, if there is one.')
            else:
                self._compare(settings, graph)
                return arrays

    def due(self):
        """Whether it is time for the next one."""
        return time.monotonic() - self._last > EVERY

    def save(self, arrays):
        """Write a checkpoint, and remove all but the newest KEPT. OSError: it cannot be written."""
        about = {'settings': json.dumps(self.settings), 'graph': json.dumps(self.graph)}
        path = self.folder / f'step-{len(arrays["losses"]):08}.npz'
        try:
            with whole_file(path) as file:
                np.savez(file, **arrays, **about)
        except OSError as error:
            raise OSError(f'a checkpoint cannot be written to {self.folder} ({error}): {_ADVICE}') from error
        for old in sorted(self.folder.glob('step-*.npz'))[:-KEPT]:
            with suppress(OSError):
                old.unlink()
        self._last = time.monotonic()

    def _compare(self, settings, graph):
        """ValueError when a checkpoint is not of this run: what differs, and what to do."""
        named = {'images': 'the content of the images', 'sample_z': 'the noise of sample_z'}
        differences = [
            f'{named[name]} was different' if name in named else f'{name} was {settings.get(name)}, and is {value}'
            for name, value in self.settings.items()
            if settings.get(name) != value
        ]
        names = [name for name in {**self.graph, **graph} if self.graph.get(name) != graph.get(name)]
        if names:
            more = f' and {len(names) - 3:,} more' if len(names) > 3 else ''
            differences.append(f'the graph was different, at {", ".join(names[:3])}{more}')
        if differences:
            raise SettingError(
                f'{self.folder} contains a different run: {"; ".join(differences)}. '
                'Delete that folder to start again, or pass a different checkpoint_dir'
            )
