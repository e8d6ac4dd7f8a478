"""Progress bars, in a notebook and elsewhere."""

from nbclient import NotebookClient
from nbformat import v4

from lesson.progress import progress
from tests.data.process import ROOT


def test_a_bar_in_a_notebook_is_one_plain_text_output_with_its_last_state():
    source = (
        'from lesson.progress import progress\n'
        'for i in progress(range(3), desc="first", mininterval=0):\n'
        '    pass\n'
        'with progress(total=7, desc="second") as bar:\n'
        '    bar.update(7)\n'
        '    bar.set_postfix(loss="1.0")'
    )
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=60, resources={'metadata': {'path': str(ROOT)}}).execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ['display_data', 'display_data']
    assert [list(output.data) for output in outputs] == [['text/plain'], ['text/plain']]
    first, second = (output.data['text/plain'] for output in outputs)
    assert 'first: 100%' in first and '3/3' in first
    assert 'second: 100%' in second and '7/7' in second and 'loss=1.0' in second


def test_a_bar_outside_a_notebook_is_on_standard_error(capsys):
    assert list(progress([1, 2], desc='bar')) == [1, 2]
    captured = capsys.readouterr()
    assert captured.out == '' and '2/2' in captured.err
