"""How good and how diverse generated images are, in numbers. NumPy is all it takes.

No single number says it all, and none means much alone: `measure` gives each beside its floor, which is what real
images score against *other* real images. A good generator comes close to its floors. One that is better than its
floors copies: compared with the images it was trained on it scores as only those images themselves could.

A set of images is [n, 28, 28, channels], gray (1) or RGB (3): uint8 in [0, 255], or floats in [-1, 1], as tanh gives
them (not [-0.5, 0.5]). All numbers depend on n, so the sets compared must be equally large, n >= FEWEST.
Anything else is a ValueError, and so are real images of one single color.
"""

import numpy as np

from lesson.pictures import as_floats

FEWEST = 100  # images in each set
BETTER = {'SWD 28': 'lower', 'SWD 14': 'lower', 'density': 'higher', 'coverage': 'higher'}


def measure(real, generated, other_real, seed: int = 0) -> dict:
    """All numbers as {name: (value, floor)}: `generated` against `real`, and beside it `other_real` against `real`.

    See `sliced_wasserstein`, `density_and_coverage`, and `BETTER` for the directions. `real` and `other_real` share no
    image. 5,000 in each set are usual: with fewer, chance has more say, and the distances have higher floors. `seed`
    chooses projections and features: compare numbers of the same seed and n.
    """
    _checked(real=real, generated=generated, other_real=other_real)
    points = feature_space(real, seed)
    real_points = points(real)
    columns = [
        (*sliced_wasserstein(real, images, seed), *density_and_coverage(real_points, points(images)))
        for images in (generated, other_real)
    ]
    return {name: pair for name, *pair in zip(BETTER, *columns, strict=True)}


def table(scores: dict, better: dict = BETTER) -> str:
    """What `measure` returns as lines of text, to be printed; better: {name: which direction is}."""
    lines = [f'{"":12}{"generated":>10}{"reference":>10}   better']
    lines += [f'{name:12}{value:10.2f}{floor:10.2f}   {better[name]}' for name, (value, floor) in scores.items()]
    return '\n'.join(lines)


def sliced_wasserstein(real, generated, seed: int = 0) -> tuple[float, float]:
    """Sliced Wasserstein distances (at 28x28, at 14x14), times 1000: how differently their 7x7 patches are distributed.

    0 is the same set of images. The first looks at fine detail (the upper level of a Laplacian pyramid), the second at
    coarse shapes and colors. Both look at patches without their places: a face with its mouth above the eyes goes
    unnoticed, and so does a rare kind of image that is missing.

    Karras et al. 2018, 'Progressive Growing of GANs', section 5, but that both sets are normalized by the statistics of
    the *real* one, so that contrast counts, and patches are taken at 16 random places, the same in each image.
    """
    real, generated = _checked(real=real, generated=generated)
    rng = np.random.default_rng(seed)
    # The pyramids of a few images at a time: those of all would take much memory.
    real, generated = (list(map(laplacian_pyramid, _blocks(images))) for images in (real, generated))
    return tuple(
        _sliced(*(np.concatenate([levels[i] for levels in pyramids]) for pyramids in (real, generated)), rng)
        for i in range(2)
    )


def laplacian_pyramid(images):
    """Float images as (what 14x14 cannot show, [n, 28, 28, channels]; the images at 14x14, [n, 14, 14, channels]).

    Burt and Adelson 1983. The 14x14 images, upsampled, plus the detail are the images again.
    """
    coarse = _smooth(images)[:, ::2, ::2].copy()  # not a view, which would keep all of it
    upsampled = np.zeros_like(images)
    upsampled[:, ::2, ::2] = 4 * coarse
    return images - _smooth(upsampled), coarse


def _smooth(images):
    """Blur with the binomial filter 1 4 6 4 1 along rows and columns; the border is mirrored."""
    _, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode='reflect')
    weights = np.float32([1, 4, 6, 4, 1]) / 16
    rows = sum(w * padded[:, i : i + height] for i, w in enumerate(weights))
    return sum(w * rows[:, :, i : i + width] for i, w in enumerate(weights))


def _sliced(real, generated, rng, size=7, places=16, directions=128):
    """The distance of two sets of images of any size, and any range."""
    mean, deviation = (f((0, 1, 2), dtype=np.float64).astype(np.float32) for f in (real.mean, real.std))
    deviation[deviation == 0] = 1  # a channel that is flat
    corners = real.shape[1] - size + 1
    chosen = [divmod(place, corners) for place in rng.choice(corners**2, places, replace=False)]
    projections = rng.standard_normal((directions, size * size * real.shape[-1]))
    projections = (projections / np.linalg.norm(projections, axis=1, keepdims=True)).astype(np.float32)

    def project(images):
        images = (images - mean) / deviation
        values = np.empty((directions, places, len(images)), np.float32)
        for i, (y, x) in enumerate(chosen):
            values[:, i] = projections @ images[:, y : y + size, x : x + size].reshape(len(images), -1).T
        values = values.reshape(directions, -1)
        values.sort(axis=1)
        return values

    # One direction after the other: all differences at once would take much memory.
    distances = [np.abs(one - other).mean() for one, other in zip(project(real), project(generated), strict=True)]
    return 1000 * float(np.mean(distances))


def density_and_coverage(real, generated, k: int = 5) -> tuple[float, float]:
    """(density, coverage) of the points `generated` [m, d] among the points `real` [n, d], n > k.

    Around each real point lies a ball that reaches to its k-th nearest real neighbor.
    Coverage, in [0, 1], is the share of balls with a generated point inside. It drops when a kind of image is missing,
    or when a few are memorized. Its floor is about 1 - 2^-k = 0.97, for n = m.
    Density is the number of balls that a generated point lies in, on average, divided by k. Its floor is about 1. It
    does not see variety (64 memorized images have 1). Neither tells learning all real images from copying all.

    Naeem et al. 2020, 'Reliable Fidelity and Diversity Metrics for Generative Models', section 3.
    """
    real, generated = (np.asarray(points, np.float32) for points in (real, generated))
    if len(real) <= k:
        raise ValueError(f'there are {len(real)} real points: pass more than k = {k}')
    count = covered = 0
    for some in _blocks(real):  # all distances at once would take much memory
        # Of the distances to all real points the smallest, number 0, is the point's own.
        radius = np.partition(_squared_distances(some, real), k, axis=1)[:, k, None]
        inside = _squared_distances(some, generated) < radius
        count, covered = count + int(inside.sum()), covered + int(inside.any(axis=1).sum())
    return count / (k * len(generated)), covered / len(real)


def _squared_distances(one, other):
    return (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T


def feature_space(real, seed: int = 0):
    """A function that takes images to points [n, 64], float32, whose distances suit images like `real`: no download.

    One layer of random features after Coates et al. 2011, 'An Analysis of Single-Layer Networks in Unsupervised Feature
    Learning': 6x6 patches, whitened, times 32 random filters; ReLU; the mean in each of 3x3 regions of the image;
    then the 64 main directions (PCA). All statistics are those of `real`. Whitening makes blur and noise count,
    the regions keep where things are. It knows no meaning: a wrong smile is near to a right one.
    """
    (real,) = _checked(real=real)
    mean, axes, variances = _pca(_patches(some).reshape(-1, 36 * some.shape[-1]) for some in _blocks(real))
    # Without the 0.1, noise in directions where patches hardly differ would count for more than all else. And back
    # by axes.T: else the filters would hang on the axes' signs, which rounding decides.
    whiten = axes / np.sqrt(variances + 0.1 * variances.mean()) @ axes.T
    filters = np.random.default_rng(seed).standard_normal((len(mean), 32))
    filters = (whiten @ (filters / np.linalg.norm(filters, axis=0))).astype(np.float32)
    offset = mean.astype(np.float32) @ filters

    def pooled(images):
        maps = (np.maximum(_patches(some) @ filters - offset, 0) for some in _blocks(images))  # [250, 12, 12, 32]
        regions = [some.reshape(-1, 3, 4, 3, 4, 32).mean((2, 4)) for some in maps]
        return np.concatenate(regions).reshape(len(images), -1)  # [n, 288]

    center, axes, _ = _pca([pooled(real)])
    center, axes = center.astype(np.float32), axes[:, -64:].astype(np.float32)
    return lambda images: (pooled(*_checked(images=images)) - center) @ axes


def _blocks(images):
    return (images[i : i + 250] for i in range(0, len(images), 250))


def _patches(images):
    """All 6x6 patches that are two pixels apart: [n, 12, 12, 36 * channels]."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (6, 6), (1, 2))[:, ::2, ::2]
    return windows.reshape(*windows.shape[:3], -1)


def _pca(blocks):
    """(mean, directions as columns, variances along them in rising order) of the rows of all arrays in `blocks`."""
    count, total, products = 0, 0, 0
    for rows in blocks:
        count, total, products = count + len(rows), total + rows.sum(0, dtype=np.float64), products + rows.T @ rows
    mean = total / count
    variances, directions = np.linalg.eigh(products / count - np.outer(mean, mean))
    return mean, directions, np.maximum(variances, 0)


def _checked(**sets):
    """The sets as float32 in [-1, 1], or the error of the module's docstring."""
    checked = []
    for name, images in sets.items():
        images = np.asarray(images)
        if wrong := _wrong(images, name == 'real'):
            expected = f'at least {FEWEST} [n, 28, 28, 1] or [n, 28, 28, 3], uint8 in [0, 255] or floats in [-1, 1]'
            raise ValueError(f'{name}: the images are {wrong}, expected {expected}')
        checked.append(as_floats(images).astype(np.float32, copy=False))
    shapes = [images.shape for images in checked]
    if len(set(shapes)) > 1:
        raise ValueError(f'{", ".join(sets)} have the shapes {shapes}: pass equally many images, of the same channels')
    return checked


def _wrong(images, real):
    """What is wrong with images, or ''."""
    floats = np.issubdtype(images.dtype, np.floating)
    shaped = images.ndim == 4 and images.shape[1:3] == (28, 28) and images.shape[3] in (1, 3)
    if not shaped or len(images) < FEWEST or not (images.dtype == np.uint8 or floats):
        return f'{images.dtype} {list(images.shape)}'
    if floats and not np.abs(images).max() <= 1.0001:  # NaN is not, either
        return f'{images.dtype} from {images.min()} to {images.max()}'
    return 'of one single color' if real and (images == images[0, 0, 0]).all() else ''
