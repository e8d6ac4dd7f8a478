"""The tables of what synthetic faces look like, and how an entry is chosen."""

import random
from collections import Counter

import numpy as np
import pytest

from lesson.data.synthetic.traits import HAIR, IRIS, SKIN, STYLES, choose, color, tint


@pytest.mark.parametrize(('table', 'columns'), [(IRIS, 3), (HAIR, 4), (STYLES, 3)])
def test_each_row_has_odds_for_each_column_and_none_is_impossible(table, columns):
    assert {len(row) for row in table} == {columns}
    assert all(min(row[1:]) >= 0 and max(row[1:]) > 0 for row in table)


@pytest.mark.parametrize('column', [1, 2, 3])
def test_entries_are_chosen_as_often_as_their_odds_say(column):
    chance, n = random.Random(0), 20_000
    counts = Counter(choose(chance, HAIR, column) for _ in range(n))
    odds = np.array([row[column] for row in HAIR])
    expected = odds / odds.sum()
    deviation = np.sqrt(expected * (1 - expected) / n)
    seen = np.array([counts[row[0]] for row in HAIR]) / n
    assert (np.abs(seen - expected) <= 4 * deviation).all()


def test_skin_goes_from_dark_to_light_and_a_color_can_be_combined_with_images():
    assert np.all(np.diff([sum(skin) for skin in SKIN]) > 0)
    assert (color(1, 2, 3) * np.ones([3, 4, 5], np.float32)).shape == (3, 4, 5)
    some = tint(random.Random(0), 10, 240, 0.5)
    assert some.shape == (3, 1, 1) and some.min() >= 10 and some.max() <= 240
