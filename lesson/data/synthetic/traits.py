"""Who the synthetic faces are of: tables of skin, eyes and hair, with odds. They are a choice, as every data set is."""

import numpy as np

SKIN = ((84, 54, 42), (130, 86, 62), (172, 122, 92), (210, 160, 124), (230, 184, 152), (240, 204, 180))
# Brown, hazel, green and blue eyes: color; how often with dark skin, with light skin.
IRIS = ((70, 42, 26), 8, 4), ((104, 78, 42), 1, 2), ((84, 108, 76), 0, 2), ((84, 122, 160), 0, 3)
HAIR = (  # color; how often with dark skin, with light skin, in old age
    ((26, 22, 22), 9, 4, 1),  # black
    ((56, 38, 30), 4, 4, 1),  # dark brown
    ((98, 66, 44), 1.5, 4, 1),  # brown
    ((120, 58, 36), 0.3, 1.5, 0),  # auburn
    ((176, 96, 48), 0, 1, 0),  # ginger
    ((182, 142, 88), 0.2, 2.5, 0.5),  # blond
    ((222, 188, 128), 0.1, 2, 0.5),  # light blond
    ((150, 148, 146), 0, 0, 4),  # gray
    ((222, 218, 212), 0, 0, 4),  # white
)
# Heights count down from the eyes: `line` is the hairline above the nose, `side` how far hair covers the
# face's sides, `back` how long it is behind. `bend` is how late the hairline falls towards the sides (4 a
# curtain, 9 a fringe), `volume` the hair's outline against the skull's, `curl` straight (0) to curly (1).
STYLES = (  # (line, side, back, bend, volume, curl); how often men, women wear it
    ((-99, -99, -99, 4, 1, 0), 2, 0.1),  # bald
    ((-64, -10, 0, 2, 1.04, 0), 2, 0),  # receding
    ((-47, -10, 0, 6, 1.04, 0), 4, 0.5),  # cropped
    ((-43, -4, 10, 5, 1.12, 0), 7, 1),  # short
    ((-50, -6, 10, 5, 1.24, 0.3), 4, 1),  # combed up
    ((-22, 0, 20, 9, 1.13, 0), 3, 1.5),  # short, with a fringe
    ((-42, 50, 55, 5, 1.16, 0), 0.3, 4),  # down to the chin
    ((-21, 50, 55, 8, 1.16, 0), 0.3, 3),  # down to the chin, with a fringe
    ((-46, 90, 120, 5, 1.15, 0.1), 0.8, 6),  # long
    ((-44, 80, 120, 4, 1.25, 0.6), 0.4, 5),  # long and wavy
    ((-48, -6, 0, 3.5, 1.06, 0), 0.5, 3),  # tied back
    ((-42, 10, 30, 4, 1.26, 1), 2, 3),  # curly
    ((-45, 0, 30, 5, 1.42, 1), 1.2, 2),  # a round cloud of curls
)


def color(*parts):
    """float32 [n, 1, 1], to be combined with images of n channels."""
    return np.float32(parts)[:, None, None]


def choose(chance, table, column):
    """The first entry of a random row of `table`, with odds as in its `column`."""
    return chance.choices(table, [row[column] for row in table])[0][0]


def tint(chance, low, high, gray):
    """A random color between `low` and `high`, of which `gray` (0 to 1) is the same in red, green and blue."""
    same = gray * chance.uniform(low, high)
    return color(*[same + (1 - gray) * chance.uniform(low, high) for _ in range(3)])
