"""What a verdict is worth."""

import pytest

from lesson.grade import points
from problem_unittests import FAULTS, FUNCTIONS
from tests.grade.conftest import record, verdict


def of(rule, *faults):
    return rule.of(record(generator=verdict(not faults, dict.fromkeys(faults, 'seen'))))['generator']


def test_every_fault_that_costs_half_is_one_of_the_contract():
    assert {FAULTS[fault]['kind'] for fault in points.HALF} == {'faults'}


@pytest.mark.parametrize(
    ('faults', 'expected'),
    [
        ((), 1),
        (('generator.random',), 0.5),
        (('generator.activation_unused', 'generator.random'), 0.5),
        (('generator.random', 'generator.shape'), 0),
        (('generator.unverified',), 0),
        (('notebook.unreadable',), 0),
    ],
)
def test_a_function_with_lesser_faults_only_gets_half(faults, expected):
    assert of(points.rule(), *faults) == expected


def test_a_function_that_was_not_judged_right_without_a_fault_gets_nothing():
    assert points.rule().of(record(train=verdict(False)))['train'] == 0


def test_a_file_changes_points_and_weights(tmp_path):
    path = tmp_path / 'points.toml'
    path.write_text('[points]\ngenerator = 4\n[weights]\ngenerator.random = 0.25\n"*.shape" = 0.75\n', 'utf-8')
    rule = points.rule(path)
    assert (of(rule), of(rule, 'generator.random'), of(rule, 'generator.shape')) == (4, 3, 1)
    assert rule.most == 9


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('[weights]\n"generator.randon" = 1', "no fault 'generator.randon'. Do you mean 'generator.random'"),
        ('[weights]\n"generator.half_range" = 1', 'Hints cost nothing'),
        ('[weights]\n"generator.random" = 2', 'a number from 0 to 1'),
        ('[points]\ngenerate = 1', "Do you mean 'generator'"),
        ('[points]\ntrain = "two"', 'train = .two. has to be a number'),
        ('generator = 2', r'put generator into the table \[points\]'),
        ('[points', 'cannot be read as TOML'),
        ('[points]\n' + ''.join(f'{name} = 0\n' for name in FUNCTIONS), 'no function has any points'),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path, text, said):
    path = tmp_path / 'points.toml'
    path.write_text(text, 'utf-8')
    with pytest.raises(ValueError, match=said):
        points.rule(path)
