"""What a run says: progress bars, one plain-text output each in a notebook, and settings that cannot be used."""

import io
import sys

from tqdm import tqdm

WIDTH = 100  # characters of a bar in a notebook


def progress(iterable=None, **kwargs):
    """A tqdm bar, with tqdm's arguments: on standard error, or as one plain-text output in a notebook.

    A saved notebook then contains the bar's last line, without widgets and without standard error.
    """
    kwargs.setdefault('mininterval', 0.5)
    if not in_notebook():
        return tqdm(iterable, **kwargs)
    return _NotebookBar(iterable, **{'file': io.StringIO(), 'ascii': False, 'ncols': WIDTH, **kwargs})


def in_notebook():
    """Whether this process is the kernel of a notebook, in which outputs can be shown and updated."""
    ipython = sys.modules.get('IPython')
    return ipython is not None and getattr(ipython.get_ipython(), 'kernel', None) is not None


class SettingError(ValueError):
    """A setting that cannot be used, and what to do: a notebook shows that one sentence, without frames above it."""

    def _render_traceback_(self):  # IPython asks for it
        return [str(self)]


class _NotebookBar(tqdm):
    @staticmethod
    def status_printer(file):
        from IPython.display import display

        handle = display({'text/plain': ''}, raw=True, display_id=True)
        return lambda line: handle.update({'text/plain': line}, raw=True)
