"""Synthetic faces look like those of CelebA, and each depends on its generator alone."""

import numpy as np
import pytest
from PIL import Image

from lesson.data.synthetic.faces import draw_face


@pytest.fixture(scope='module')
def faces():
    """400 faces as the networks see them, CelebA's centered 108x108 at 28x28: float [400, 28, 28, 3] in [0, 255]."""
    drawn = [draw_face(np.random.default_rng([1, i])) for i in range(400)]
    cropped = [face.crop((35, 55, 143, 163)).resize((28, 28), Image.Resampling.BILINEAR) for face in drawn]
    return np.stack(cropped).astype(float)


def brightness(images):
    return images @ [0.299, 0.587, 0.114]


def test_a_face_is_a_picture_of_celebas_size_that_its_generator_alone_decides():
    one, same, other = (draw_face(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert isinstance(one, Image.Image)
    assert (one.mode, one.size) == ('RGB', (178, 218))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_eyes_are_where_celeba_has_them(faces):
    # CelebA aligns its faces: eyes at (69, 111) and (108, 111), about (9, 14) and (19, 14) in 28 x 28.
    light = brightness(faces)
    eyes = light[:, 13:16, [8, 9, 18, 19]].mean((1, 2))
    cheeks = light[:, 18:21, [8, 9, 18, 19]].mean((1, 2))
    nose = light[:, 13:16, 13:15].mean((1, 2))
    assert eyes.mean() < cheeks.mean() - 25
    assert (eyes < cheeks).mean() > 0.9
    assert (eyes < nose).mean() > 0.85
    rows = light.mean(0)[8:20, [8, 9, 18, 19]].mean(1)
    assert 12 <= 8 + rows.argmin() <= 15, 'the darkest row of the face is not the one of the eyes'


def test_mouths_are_redder_than_noses(faces):
    redness = faces[..., 0] - faces[..., 1]
    assert redness[:, 25:27, 11:17].mean() > redness[:, 16:19, 13:15].mean() + 5


def test_the_average_face_is_symmetric_and_skin_colored(faces):
    average = faces.mean(0)
    left, right = brightness(average)[:, :14].ravel(), brightness(average)[:, :13:-1].ravel()
    assert np.corrcoef(left, right)[0, 1] > 0.95
    red, green, blue = average[10:24, 9:19].mean((0, 1))
    assert red > green + 15 > blue + 15
    corners = brightness(average)[[0, 0, -1, -1], [0, -1, 0, -1]].mean()
    assert brightness(average)[17:21, 8:20].mean() > corners + 10, 'the face does not stand out'


def test_faces_look_left_and_right_and_light_comes_from_both_sides(faces):
    light = brightness(faces)[:, 8:24]
    side = light[:, :, 5:12].mean((1, 2)) - light[:, :, 16:23].mean((1, 2))
    assert (side > 8).mean() > 0.2 and (side < -8).mean() > 0.2


def test_colors_and_contrast_spread_as_wide_as_in_photographs(faces):
    light = brightness(faces)
    skin = light[:, 16:20, 11:17].mean((1, 2))
    hair, background = light[:, :2, 10:18].mean((1, 2)), light[:, 2:10, [0, -1]].mean((1, 2))
    for what in (skin, hair, background):
        low, high = np.percentile(what, [5, 95])
        assert high - low > 90
    assert 110 < light.mean() < 150  # CelebA's crops: about 120, and 59 for the spread within one
    assert 40 < faces.std(axis=(1, 2, 3)).mean() < 70
    assert (faces == 255).all(-1).mean() < 0.03 and (faces == 0).all(-1).mean() < 0.03


def test_no_two_faces_are_alike(faces):
    flat = faces.reshape(len(faces), -1)
    distance = (flat**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * flat @ flat.T
    np.fill_diagonal(distance, np.inf)
    assert np.sqrt(distance.min() / flat.shape[1]) > 8  # gray levels between the two most alike
