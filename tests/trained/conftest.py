"""The playground with four generators in a real browser, for all tests of its page."""

from functools import partial

import numpy as np
import pytest

from lesson.trained import playground
from tests.builders import chromium
from tests.trained import networks
from tests.trained.networks import like_the_lesson, normal, of_other_shapes, one_place_first, saved, switched
from tests.trained.pages import Page


@pytest.fixture(scope='module')
def all_kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp('generators')
    seeds, networks.SEEDS = networks.SEEDS, np.random.default_rng(0)  # the same weights, whatever was made before
    kept = [
        saved(of_other_shapes, folder, 'gray <b>things</b> & </script>', normal, 23),
        saved(one_place_first, folder, 'other faces', z_dim=12),
        saved(partial(like_the_lesson, channels=1), folder, 'generated, trained on synthetic digits', switched),
        saved(like_the_lesson, folder, 'generated, trained on synthetic faces', switched),
    ]
    networks.SEEDS = seeds
    return kept


@pytest.fixture(scope='module')
def path(all_kept, tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'playground.html'
    path.write_text(playground.page(all_kept), 'utf-8')
    return path


@pytest.fixture(scope='module')
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope='module')
def page(browser, path):
    """A window that all tests share: each begins by choosing a generator."""
    with Page(browser, path) as page:
        page.open_all()
        yield page


@pytest.fixture
def faces(page):
    page.press('#tabs button:last-child')
    return page


@pytest.fixture
def digits(page):
    page.press('#tabs button:nth-child(3)')
    return page
