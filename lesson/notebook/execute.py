"""Runs a notebook with papermill, and shows how far its running cell is: python -m lesson.notebook.execute, papermill's arguments.

What it writes contains no widgets, since they are dead without their kernel: the image in their place is shown.

A bar of lesson.progress is an output that the kernel updates. On a terminal it is shown below papermill's own bar,
which counts cells. Where standard error is a file, as in continuous integration, nothing is added to what papermill
prints.
"""

import re
import shutil
import sys

from nbclient.exceptions import DeadKernelError
from papermill.cli import papermill
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger
from tqdm import tqdm

LOST = 138  # exit code: the kernel, or another machine of its cluster, has died; Kubeflow starts what ends so again


class Client(PapermillNotebookClient):
    """A client that shows what the kernel updates, if it is plain text, in a line of a terminal; without widgets."""

    def execute(self):
        with tqdm(bar_format='{desc}', position=1, leave=False, disable=not sys.stderr.isatty()) as self._line:
            return super().execute()

    def process_message(self, message, cell, cell_index):
        message['content'].get('data', {}).pop('application/vnd.jupyter.widget-view+json', None)
        if message['msg_type'] == 'update_display_data' and list(message['content']['data']) == ['text/plain']:
            text = re.sub(r'\|.*\|', '', message['content']['data']['text/plain'])  # the numbers, without the bar
            self._line.set_description_str(text[: shutil.get_terminal_size().columns - 1])
        elif message['msg_type'] == 'execute_input':
            self._line.set_description_str('')
        return super().process_message(message, cell, cell_index)


class Engine(NBClientEngine):
    """papermill's own engine with this client."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, start_timeout=60, execution_timeout=None, **options):
        options = {name: options.get(name) for name in ('log_output', 'stdout_file', 'stderr_file')}
        options |= {'timeout': execution_timeout, 'startup_timeout': start_timeout, 'store_widget_state': False}
        return Client(nb_man, kernel_name=kernel_name, log=logger, **options).execute()


def main(arguments):
    """Run a notebook with papermill's arguments. Ends with LOST when it is worth while to start it again."""
    papermill_engines.register('lesson', Engine)
    try:
        papermill(['--engine', 'lesson', *arguments])
    except (PapermillExecutionError, DeadKernelError) as error:
        if getattr(error, 'ename', 'Lost') != 'Lost':
            raise
        print(error, file=sys.stderr)
        sys.exit(LOST)


if __name__ == '__main__':
    main(sys.argv[1:])
