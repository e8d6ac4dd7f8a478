"""What a verdict is worth: points per function, and what each fault takes off them."""

import difflib
import tomllib
from pathlib import Path
from typing import NamedTuple

from lesson.notebook.definitions import FUNCTIONS

# Faults that cost half of a function's points: networks still train, and what suffers is how good the images or the
# numbers are. All others cost all: nothing is trained, or what is trained is not what was asked for.
HALF = (
    *('*.activation_unused', '*.no_convolution', '*.norm_not_training', 'discriminator.part_of_the_image'),
    *('generator.random', 'generator.no_averages', 'generator.averages_unused', 'generator.depends_on_batch'),
    *('generator.part_of_z', '*.sum', '*.scaled', 'model_loss.halves_differ', 'model_loss.smoothing_idle'),
    *('model_loss.g_label_smoothed', 'model_loss.label_by_numpy', 'model_loss.inexact', 'model_opt.beta1'),
    *('train.batches_unused', 'train.part_of_a_batch', 'train.noise_in_a_batch', 'train.noise_size'),
    *('train.graph_grows', 'train.losses_recorded', 'train.never_shown'),
)


class Rule(NamedTuple):
    points: dict  # {function: its points}
    weights: dict  # {id of a fault: the share of these points that it costs}; a fault without one costs all

    @property
    def most(self) -> float:
        return sum(self.points.values())

    def of(self, record: dict) -> dict[str, float]:
        """{function: points} for what the judge says of a notebook. The most serious fault counts; hints do not."""
        points = {}
        for name, verdict in record['functions'].items():
            kinds = [(fault, f'*.{fault.partition(".")[2]}') for fault in verdict['faults']]
            costs = [self.weights.get(fault, self.weights.get(every, 1.0)) for fault, every in kinds]
            cost = max(costs, default=1 - verdict['passed'])
            points[name] = round(self.points[name] * (1 - cost), 2)
        return points


def rule(path: Path | None = None) -> Rule:
    """The rule of points: the default, or as a file changes it. Raises ValueError that says what to change there.

    The file has tables [points], of functions, and [weights], of ids of faults: the share, 0 to 1, that each costs.
    """
    default = Rule(dict.fromkeys(FUNCTIONS, 1.0), dict.fromkeys(HALF, 0.5))
    if path is None:
        return default
    try:
        settings = tomllib.loads(path.read_text('utf-8-sig'))
    except (OSError, ValueError) as error:
        raise ValueError(f'{path} cannot be read as TOML: {error}') from None
    tables = ('points', 'weights')
    if others := [name for name, each in settings.items() if name not in tables or not isinstance(each, dict)]:
        raise ValueError(f'{path}: put {", ".join(others)} into the table [points] or [weights]')
    points, weights = settings.get('points', {}), {}
    for name, value in settings.get('weights', {}).items():  # generator.random without quotes is a table in a table
        inner = value.items() if isinstance(value, dict) else ()
        weights |= {f'{name}.{fault}': each for fault, each in inner} or {name: value}
    _check(path, points, FUNCTIONS, 'function', float('inf'))
    _check(path, weights, _faults() if weights else (), 'fault', 1)
    changed = Rule(default.points | points, default.weights | weights)
    if not changed.most:
        raise ValueError(f'{path}: no function has any points')
    return changed


def _faults():
    """The ids of all faults that a test may tell, without those of hints."""
    from lesson import session  # noqa: F401  (loads TensorFlow quietly, so it comes first)

    # isort: split
    from problem_unittests import FAULTS

    faults = [fault for fault, each in FAULTS.items() if each['kind'] != 'hints']
    return [*faults, *(f.replace('*', name) for f in faults if f.startswith('*') for name in FUNCTIONS)]


def _check(path, values, known, kind, most):
    for name, value in values.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1) or known[:1]
            raise ValueError(f'{path}: there is no {kind} {name!r}. Do you mean {close[0]!r}? (Hints cost nothing.)')
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
            raise ValueError(f'{path}: {name} = {value!r} has to be a number from 0 to {most}')
