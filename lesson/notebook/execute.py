"""Runs a notebook with papermill, and shows how far it is: python -m lesson.notebook.execute, papermill's arguments.

A bar of lesson.progress is an output that the kernel updates. On a terminal it is shown below papermill's own bar,
which counts cells. Nothing else is printed when all goes well; what the kernel's process writes to standard error is
printed when the kernel dies. Where an output is a page and a picture, the notebook that is written has the picture.

    python -m lesson.notebook.execute save executed.ipynb saved.ipynb

makes of one that was executed what is kept in the project: without papermill's notes, and without photographs.
"""

import os
import re
import shutil
import sys
import tempfile

import nbformat
from papermill.cli import papermill
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger
from tqdm import tqdm

from lesson.files import whole_file

NOT_SHOWN = 'With CelebA, photographs appear here when you run this cell. They may not be passed on, so none is saved.'
LOST = 138  # exit code: the kernel, or another machine of its cluster, has died; Kubeflow starts what ends so again


class Client(PapermillNotebookClient):
    """A client that shows what the kernel updates, if it is plain text, in a line of a terminal."""

    def execute(self):
        self._bar = tqdm(bar_format='{desc}', position=1, leave=False, disable=not sys.stderr.isatty())
        with tempfile.TemporaryFile() as said, self._bar as bar:
            try:
                return super().execute(stderr=said)
            except Exception:
                said.seek(0)
                bar.write(said.read().decode(errors='replace'), sys.stderr)
                raise

    def process_message(self, message, cell, cell_index):
        data = message['content'].get('data', {})
        if 'image/png' in data:
            data.pop('text/html', None)
        if message['msg_type'] == 'update_display_data' and list(data) == ['text/plain']:
            text = re.sub(r'\|.*\|', '', data['text/plain'])  # the numbers, without the bar
            self._bar.set_description_str(text[: shutil.get_terminal_size().columns - 1])
        elif message['msg_type'] == 'execute_input':
            self._bar.set_description_str('')
        return super().process_message(message, cell, cell_index)


class Engine(NBClientEngine):
    """papermill's own engine with this client."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, start_timeout=60, execution_timeout=None, **options):
        options = {name: options.get(name) for name in ('log_output', 'stdout_file', 'stderr_file')}
        options |= {'timeout': execution_timeout, 'startup_timeout': start_timeout}
        return Client(nb_man, kernel_name=kernel_name, log=logger, **options).execute()


def save(executed: str, saved: str) -> None:
    """Copy an executed notebook. Cells tagged 'photographs' say why they show none, if it was run on photographs."""
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.pop('papermill', None)
    source = next(cell for cell in notebook.cells if cell.id == 'get-faces')
    photographs = 'Using CelebA' in str(source.outputs)
    for cell in notebook.cells:
        tags = [tag for tag in cell.metadata.get('tags', []) if tag != 'injected-parameters']
        cell.metadata = {'tags': tags} if tags else {}
        if photographs and 'photographs' in tags:
            texts = [output for output in cell.outputs if output.output_type == 'stream']
            cell.outputs = [nbformat.v4.new_output('stream', text=f'{NOT_SHOWN}\n'), *texts]
    with whole_file(saved) as file:
        file.write(nbformat.writes(notebook).encode())


def main(arguments):
    """Run a notebook with papermill's arguments. Ends with LOST when it is worth while to start it again.

    The kernel is that of this environment, whatever the notebook was saved with, and shows figures as pictures.
    """
    os.environ.pop('MPLBACKEND', None)  # of a terminal, or a container: a kernel that finds none takes its own
    arguments = ['--kernel', 'python3', '--language', 'python', *arguments]  # of those given twice, the last counts
    papermill_engines.register('lesson', Engine)
    try:
        papermill(['--engine', 'lesson', '--log-level', 'WARNING', *arguments])
    except PapermillExecutionError as error:
        print(error, file=sys.stderr)
        sys.exit(LOST if error.ename == 'Lost' else 1)


if __name__ == '__main__':
    save(*sys.argv[2:]) if sys.argv[1:2] == ['save'] else main(sys.argv[1:])
