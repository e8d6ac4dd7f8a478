"""What the judge says of one function, and of a notebook that cannot be read."""

import json

import pytest

from lesson.grade import judge, limits
from lesson.notebook.definitions import definitions


@pytest.fixture
def two_seconds(monkeypatch):
    monkeypatch.setattr(limits, 'FUNCTION', 2)


def test_a_verdict_has_the_message_that_the_learner_would_see_and_the_ids_of_its_faults(write):
    path = write('wrong', 'def model_inputs(*sizes):\n    return 1')
    found, stopped = judge._judged('model_inputs', definitions(path)['model_inputs'])
    assert not found['passed'] and not stopped
    ((fault, seen),) = found['faults'].items()
    assert fault == 'model_inputs.count'
    assert found['message'].startswith(f'model_inputs: {seen}\n') and found['seconds'] < 60


def test_an_endless_loop_is_stopped_and_its_place_is_told(write, two_seconds):
    path = write('endless', 'def model_inputs(*sizes):\n    while True:\n        pass')
    found, stopped = judge._judged('model_inputs', definitions(path)['model_inputs'])
    assert stopped and list(found['faults']) == ['model_inputs.too_slow']
    assert 'stopped after 2 s of computing' in found['message']
    assert any(f'line {line} of endless.ipynb, cell 1' in found['message'] for line in (2, 3))


@pytest.mark.parametrize(
    ('error', 'fault'),
    [
        (BlockingIOError(11, 'Resource temporarily unavailable'), 'too_many_processes'),
        (RuntimeError("can't start new thread"), 'too_many_processes'),
        (KeyboardInterrupt(), 'raises'),
        (SystemExit(0), 'raises'),
        (ValueError('text ' * 10**6), 'raises'),
    ],
)
def test_an_error_is_a_fault_and_by_which_a_process_is_refused_one_of_its_own(error, fault):
    def model_inputs(*sizes):
        raise error

    found, stopped = judge._judged('model_inputs', model_inputs)
    assert not stopped and list(found['faults']) == [f'model_inputs.{fault}']
    assert len(json.dumps(found)) < limits.MESSAGE
