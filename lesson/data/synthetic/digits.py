"""Draws handwritten digits: strokes, a pen that wobbles, ink. Seeded, nothing downloaded."""

import math

import numpy as np

# How people write each digit. A string is one way: strokes are separated by '/', and a stroke is a row of
# points 'x y' in a box of 100 x 100 (y points down), joined by a smooth curve. A sharp corner ends a stroke.
STROKES = {
    0: (
        '58 1, 40 2, 22 14, 9 38, 9 64, 23 90, 50 100, 77 90, 91 64, 91 38, 76 12, 54 1, 42 2',
        '70 12, 45 1, 22 16, 8 46, 12 78, 34 98, 62 95, 86 70, 92 38, 78 10, 54 2, 34 10',
        '42 4, 22 24, 12 56, 22 88, 46 99, 72 86, 88 54, 84 20, 62 2, 40 6, 32 14',
    ),
    1: (
        '50 0, 51 50, 50 100',
        '50 0, 49 50, 51 100',
        '30 24, 52 0 / 52 0, 50 50, 50 100',
        '28 22, 52 0 / 52 0, 52 50, 50 100 / 22 100, 80 98',
    ),
    2: (
        '12 25, 25 5, 55 0, 80 18, 75 45, 45 75, 8 98 / 8 98, 40 97, 95 98',
        '12 22, 35 2, 70 5, 80 30, 60 62, 28 92, 8 94, 12 78, 34 80, 60 96, 95 90',
        '10 28, 30 4, 65 3, 82 25, 65 60, 10 97 / 10 97, 35 90, 65 98, 95 92',
    ),
    3: (
        '12 12, 45 0, 78 15, 70 38, 38 47 / 38 47, 75 55, 85 78, 60 98, 30 98, 8 85',
        '12 3, 82 3 / 82 3, 42 42 / 42 42, 78 50, 86 78, 55 100, 10 88',
        '15 12, 45 0, 75 15, 66 38, 42 47, 40 43, 52 43, 80 58, 80 85, 45 100, 8 86',
    ),
    4: (
        '18 0, 12 35, 16 56, 50 58, 85 52 / 75 0, 72 50, 68 100',
        '62 0, 8 65 / 8 65, 92 65 / 62 0, 62 100',
        '28 5, 8 55 / 8 55, 92 52 / 72 8, 62 100',
        '20 2, 12 48 / 12 48, 50 54, 80 44 / 82 0, 72 50, 66 100',
    ),
    5: (
        '28 2, 20 42 / 20 42, 50 34, 82 50, 82 80, 50 100, 10 90 / 28 2, 85 2',
        '88 4, 32 4 / 32 4, 24 44 / 24 44, 60 40, 82 65, 65 95, 30 100, 8 90',
        '95 2, 62 6, 38 4 / 38 4, 22 42 / 22 42, 52 44, 72 66, 52 94, 8 98',
    ),
    6: (
        '70 0, 35 25, 12 62, 22 95, 55 100, 80 80, 70 55, 40 52, 15 72',
        '55 0, 30 30, 20 70, 38 100, 68 92, 75 68, 52 52, 25 72',
        '82 2, 45 15, 15 55, 18 90, 50 100, 85 82, 72 58, 42 55, 18 72',
    ),
    7: (
        '10 5, 88 3 / 88 3, 60 45, 42 100',
        '8 18, 12 4 / 12 4, 50 8, 88 4 / 88 4, 62 45, 50 100',
        '8 6, 86 4 / 86 4, 60 45, 40 100 / 28 52, 80 48',
        '8 10, 45 10, 85 2 / 85 2, 55 45, 48 100',
    ),
    8: (
        '78 15, 50 0, 22 15, 30 38, 60 52, 80 78, 50 100, 20 80, 38 52, 68 35, 78 15',
        '50 0, 25 10, 25 35, 50 46, 75 35, 75 10, 50 0 / 50 46, 20 60, 18 88, 50 100, 82 88, 80 60, 50 46',
        '85 10, 50 0, 25 18, 40 42, 70 60, 76 85, 45 100, 18 85, 35 55, 70 28, 86 8',
    ),
    9: (
        '78 20, 50 2, 20 20, 22 45, 52 48, 78 20 / 78 20, 75 60, 70 100',
        '78 22, 50 0, 20 18, 24 44, 54 46, 78 22 / 78 22, 80 55, 62 95, 22 94',
        '75 12, 45 2, 18 28, 30 52, 60 42, 76 12 / 76 12, 60 60, 45 100',
    ),
}


def spline(points, steps=16):
    """A smooth curve through points [n, 2]: its points [(n - 1) * steps, 2] (Catmull-Rom)."""
    p = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    t = np.linspace(0, 1, steps)[:, None]
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d)))
    return curve.reshape(-1, 2)


def curve(way):
    """One way to write a digit, as in STROKES -> the places of its ink, [n, (x, y)], in [-0.5, 0.5]."""
    strokes = [np.array([xy.split() for xy in stroke.split(',')], float) for stroke in way.split('/')]
    return np.concatenate([spline(points) for points in strokes]) / 100 - 0.5


CURVES = {digit: [curve(way) for way in ways] for digit, ways in STROKES.items()}
PIXELS = np.stack(np.mgrid[:28, :28][::-1], -1).reshape(-1, 2).astype(np.float32)  # [784, (x, y)]


def draw_digit(digit, rng):
    """`digit` (0 to 9) written by hand: uint8 [28, 28], white on black, laid out as in MNIST."""
    pen = CURVES[digit][rng.integers(len(CURVES[digit]))]
    for size, wave in ((0.08, 4), (0.05, 6), (0.015, 12)):  # elastic wobble: strokes that touch still touch
        phase = pen @ rng.uniform(-wave, wave, (2, 2)) + rng.uniform(0, 6.3, 2)
        pen = pen + rng.uniform(-size, size, 2) * np.sin(phase)
    slant, turn, aspect = rng.normal(0.2, 0.22), rng.normal(0, 0.07), rng.uniform(0.6, 1)
    pen = pen @ np.array([[aspect, turn], [-slant, 1]])

    # As in MNIST the digit fits a box of 20 x 20 pixels and its center of mass is the middle of the image.
    width = np.clip(rng.lognormal(math.log(1.28), 0.26), 0.84, 2.1)  # half of the stroke's, in pixels
    pen = pen * (rng.uniform(18.5, 20.5) - 2 * width) / np.ptp(pen, axis=0).max()
    pen = (pen + 13.5 - pen.mean(axis=0) + rng.normal(0, 0.4, 2)).astype(np.float32)
    pressure = 1 + 0.15 * np.sin(np.linspace(0, rng.uniform(2, 9), len(pen)) + rng.uniform(0, 6.3))

    # A pixel is the whiter the deeper it is inside the stroke: squared distances [784, n] by the binomial rule.
    square = (PIXELS**2).sum(1)[:, None] + (pen**2).sum(1) - 2 * PIXELS @ pen.T
    depth = ((width * pressure).astype(np.float32) - np.sqrt(np.maximum(square, 0))).max(axis=1)
    ink = np.clip(0.5 + depth / rng.uniform(1, 1.5), 0, 1)
    return (255 * ink).astype(np.uint8).reshape(28, 28)


def draw_digits(count, seed=0, first=0):
    """Handwritten digits: uint8 images [count, 28, 28], white on black, and uint8 labels [count].

    They are number `first`, `first` + 1, ... of the endless row that `seed` gives. Every ten of it, from a
    multiple of ten on, hold each digit once, in a random order.
    """
    kinds = labels(count, seed, first)
    drawn = [draw_digit(int(kind), np.random.default_rng([seed, number])) for number, kind in enumerate(kinds, first)]
    return np.stack(drawn), kinds


def labels(count, seed=0, first=0):
    """What `draw_digits` draws with the same arguments: uint8 [count]."""
    tens = range(first // 10, -(-(first + count) // 10))
    kinds = np.concatenate([np.random.default_rng([seed, ten, 10]).permutation(10) for ten in tens])
    return kinds[first % 10 :][:count].astype(np.uint8)
