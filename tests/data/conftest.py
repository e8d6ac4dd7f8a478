"""A file system whose locks let everybody in, as some network file systems do."""

import filelock
import pytest


def grant_to_all():
    for name in ('_acquire', '_release'):
        setattr(filelock.FileLock, name, _grant if name == '_acquire' else lambda self: None)


def _grant(self):
    self._context.lock_file_fd = 0


@pytest.fixture
def no_locks(monkeypatch):
    for name in ('_acquire', '_release'):
        monkeypatch.setattr(filelock.FileLock, name, getattr(filelock.FileLock, name))
    grant_to_all()
