"""Random edits of right solutions end in a message, and not in an exception."""

import pytest

from tests.contract.fuzz import problem


@pytest.mark.parametrize('seed', [*range(20), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(20, 150))])
def test_an_edited_solution_is_judged_in_the_form_of_a_message_within_ten_seconds(seed):
    assert problem(seed) == ''
