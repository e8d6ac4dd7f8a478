"""Draws portraits of nobody: a head, its hair, its features, and light on them. Seeded, nothing downloaded."""

import math
import random
from functools import cache
from types import SimpleNamespace

import numpy as np
from PIL import Image

from lesson.data.synthetic.traits import HAIR, IRIS, SKIN, STYLES, choose, color, tint

# Of a picture of 178 x 218 only the centered 108 x 108 is used. There every second row and column is painted, around
# it every seventh. Places count in pixels from the point between the eyes. CelebA has the eyes at (69, 111) and
# (108, 111) and the mouth at (88, 152): so have we. While painted, an image is float32 [3, 71, 65] in [0, 255].
ROWS, COLUMNS = np.r_[-1:55:7, 55:164:2, 170:220:7], np.r_[0:35:7, 35:144:2, 150:179:7]
DOWN, ACROSS = np.float32(ROWS - 111)[:, None], np.float32(COLUMNS - 88.5)
SHARP = np.float32(np.where((abs(DOWN) < 58) & (abs(ACROSS) < 56), 1, 0.4))  # edges are wider where few are painted
CHIN = ((DOWN - 8) / 65).clip(0, 1.4) ** 1.5  # how much narrower a head is there
EYES, MOUTH, GLASSES = np.s_[23:44, 11:53], np.s_[47:63, 15:49], np.s_[27:48, 5:60]  # rows and columns they can reach
EARS, BODY = np.s_[30:50], np.s_[43:]
# What many faces share is painted once: a map, flat, with a place for each pixel of the face. Of eyes and mouths a
# map shows how much is seen of four colors.
Y, X = np.mgrid[-50:77, -46:47].astype(np.float32)
UPPER, LOWER = np.s_[18:70], np.s_[70:120]  # the rows of the maps of eyes and mouths
DARK, TEETH, WHITE = color(56, 20, 20), color(240, 234, 226), color(1, 1, 1)
BLUSH, REDDER = color(0.04, -0.14, -0.16), color(0, 0.1, 0.18)  # in shadow, skin loses green and blue before red
NECK = (1 - 0.5 * REDDER) * (0.5 + 0.3 * ((DOWN[BODY] - 66) / 24).clip(0, 1))  # in the shadow of the chin
once = cache(lambda make, *kind: make(*kind))  # decorated functions would hide their code from cache.code_of


def ramp(inside, soft):
    """Pixels inside an edge -> opacity in [0, 1], the edge being `soft` pixels wide."""
    return (inside * (1 / soft) + 0.5).clip(0, 1)


def bump(x, y, width, height):
    """A smooth hill of height 1 over (0, 0)."""
    return np.exp(-((x / width) ** 2) - (y / height) ** 2)


def paint(image, color, opacity):
    """Lay `color`, which may be an image, over `image`, in place."""
    image += opacity * (color - image)


def somebody(chance):
    """The traits of a person, and how the light falls."""
    normal, uniform, often = chance.gauss, chance.uniform, chance.random
    who = SimpleNamespace(woman=often() < 0.5, age=often() ** 1.5)
    tone = uniform(0, 5)  # dark to light
    light_skin, old, k = tone > 2.2, who.age > 0.6, int(tone)
    who.skin = color(*[normal(1, 0.025) * (a + (tone - k) * (b - a)) for a, b in zip(*SKIN[k : k + 2], strict=True)])
    who.hair = uniform(0.85, 1.15) * color(*choose(chance, HAIR, 3 if old else 1 + light_skin))
    who.iris = color(*choose(chance, IRIS, 1 + light_skin))
    who.line, who.side, who.back, who.bend, who.volume, who.curl = choose(chance, STYLES, 1 + who.woman)
    who.line += normal(0, 4)
    who.parting = chance.choice((0, -16, 16)) + normal(0, 3)
    who.beard = 0 if who.woman or often() < 0.5 else uniform(0.3, 0.9)
    who.goatee, who.glasses, who.sunglasses = often() < 0.3, often() < 0.15, often() < 0.25
    who.hat, who.scarf = often() < 0.06, often() < 0.12 * who.woman
    if who.hat or who.scarf:
        who.volume, who.curl = min(who.volume, 1.05), 0
    if who.scarf:
        who.side, who.back = -10, 0
    who.cloth = tint(chance, 10, 240, 0.5)
    who.wide, who.tall = normal(45, 2.5) - 2 * who.woman, normal(65, 2)
    who.jaw = uniform(0.02, 0.22) + 0.03 * who.woman
    who.smile, who.mouth = once(mouth, chance.randrange(96))
    who.eyes = once(eyes, who.woman, who.smile > 0.6, chance.randrange(24))
    lipstick = who.woman * uniform(0, 0.8)
    who.lips = (1 - lipstick) * color(0.86, 0.58, 0.58) * who.skin + lipstick * color(170, 34, 54)
    who.turn, who.nod, who.tilt = min(max(normal(0, 0.25), -0.5), 0.5), normal(0, 0.06), normal(0, 0.04)
    light = min(max(normal(0, 0.55), -1.1), 1.1), uniform(-0.8, 0), 1
    who.light = [part / math.hypot(*light) for part in light]  # the lamp: right, down, towards us
    who.ambient = uniform(0.35, 0.65)
    return who


def smooth_noise(side):
    """In about [-1, 1]: float32 [512, 512] with `side` x `side` humps."""
    noise = Image.fromarray(np.random.default_rng(side).uniform(-1, 1, (side, side)).astype(np.float32))
    return np.asarray(noise.resize((512, 512), Image.Resampling.BICUBIC))


def part(chance, noise):
    """A random part of `noise`, as large as an image."""
    top, left = chance.randrange(512 - len(ROWS)), chance.randrange(512 - len(COLUMNS))
    return noise[top : top + len(ROWS), left : left + len(COLUMNS)]


def relief(smile, age):
    """Maps of what a face adds to a ball: slopes down and right, and redness."""
    ax = np.abs(X)
    redness = 0.6 * bump(ax - 25, Y - 22, 12, 10) + 0.4 * bump(X, Y - 27, 8, 6)
    height = 7 * bump(X, Y - 12, 5, 15) + 5 * bump(X, Y - 25, 6.5, 6)  # the nose: ridge, tip, wings
    height += 3 * bump(ax - 7.5, Y - 29, 4, 4)
    height += (2.5 + 2 * smile) * bump(ax - 25, Y - 22, 12, 11)  # cheeks
    height += 2 * bump(ax - 17, Y + 12, 14, 5) - 5 * bump(ax - 18, Y - 1, 11, 8)  # brow bones and sockets
    height += 2.5 * bump(X, Y - 46, 11, 4) + 4 * bump(X, Y - 62, 12, 8)  # lower lip and chin
    height -= (1.5 * age + smile) * bump(ax - 9 - (Y - 28) * 0.6, Y - 37, 2.5, 12)  # beside the mouth
    for k in range(3):  # wrinkles
        height -= 0.8 * age * bump(X, Y + 26 + 7 * k + 0.006 * X**2, 22, 1.6)
    return *np.gradient(height), redness


def beard(goatee):
    """A map of whiskers from ear to ear, or on the chin only, and a mustache."""
    whiskers = ramp(Y - 51 + 40 * (X / 45) ** 2, 9) * (ramp(17 - np.abs(X), 6) if goatee else 1)
    return np.maximum(whiskers, ramp(1 - np.hypot(X / 17, (Y - 34.5 - 0.02 * X**2) / 4.5), 0.6))


def eyes(woman, narrow, kind):
    """A map of two eyes of one kind: skin, iris, hair, white. `e` counts outwards from the middle of either eye."""
    chance, x, y = random.Random(kind), X[UPPER], Y[UPPER]
    face, e = color(1, 0, 0, 0) + 0 * x, np.abs(x) - 19.3
    opening = min(max(chance.gauss(4.2, 0.9) - 0.8 * narrow, 2.6), 6)
    upper = y + opening * (1 - (e / 10) ** 2)
    white = ramp(np.minimum(upper, 0.65 * opening * (1 - (e / 10) ** 2) - y), 1.5)
    look, makeup = e - np.sign(x) * chance.gauss(0, 1), woman * chance.uniform(0.3, 1)
    paint(face, color(0.55, 0, 0, 0), (0.5 + 0.3 * makeup) * bump(e, y + 3, 12, 6))
    paint(face, color(0.3, 0, 0, 150), white)
    iris, glint = np.hypot(look, y + 0.6), np.hypot(look - np.sign(x), y + 2.2)
    paint(face, color(0, 1, 0, 0), white * ramp(4.8 - iris, 1.5))
    paint(face, color(0, 0, 0, 11), white * ramp(2.4 - iris, 1.5))
    paint(face, color(0, 0, 0, 255), 0.7 * white * ramp(1.2 - glint, 1.5))
    lashes = ramp(1.1 + makeup - np.abs(upper), 1.5) * ramp(11 - np.abs(e), 2)
    paint(face, color(0, 0, 0, 20), (0.65 + 0.35 * makeup) * lashes)
    brow = y + chance.gauss(9.5, 1.2) + chance.uniform(0, 3) * (1 - (e / 13) ** 2) - chance.uniform(-0.1, 0.1) * e
    thick = chance.uniform(1.4, 2.8) * (1.15 - 0.4 * woman) * (1 - 0.03 * e)
    paint(face, color(0.06, 0, 0.6, 0), 0.85 * ramp(thick - np.abs(brow), 2) * ramp(13 - np.abs(e), 4))
    return np.ascontiguousarray(face.reshape(4, -1).T)


def mouth(kind):
    """(how much a kind of mouth smiles, its map: skin, lips, the dark behind them, teeth); with nostrils."""
    chance, x, y = random.Random(kind), X[LOWER], Y[LOWER]
    face = color(1, 0, 0, 0) + 0 * x
    smile = min(max(chance.gauss(0.5, 0.45), -0.3), 1.2)
    gap = chance.uniform(3, 8) * min(smile + 0.3, 1) if smile > 0.2 and chance.random() < 0.6 else 0  # between the lips
    half = chance.uniform(15, 18.5) + 3 * max(smile, 0)
    bow = np.clip(1 - (x / half) ** 2, 0, 1)  # 1 in the middle of the mouth, 0 at its corners
    d = y - 40.5 - 5 * smile * (bow - 0.6)
    full, nose = chance.uniform(2.5, 5), chance.uniform(4.8, 8.5)
    upper, lower = (0.75 * full + gap / 2) * np.sqrt(bow), (full + gap / 2) * bow
    paint(face, color(0, 1, 0, 0), ramp(np.minimum(d + upper, lower - d), 1.6) * (bow > 0))
    paint(face, color(0, 0, 1, 0), 0.85 * ramp((gap / 2 + 0.9) * bow - np.abs(d), 1.6) * (bow > 0))
    teeth = ramp((0.55 * gap - 0.3) * bow - np.abs(d + 0.3), 1.4) * ramp(0.85 * half - np.abs(x), 3)
    paint(face, color(0, 0, 0, 1), teeth * (gap > 0))
    paint(face, color(0.35, 0, 0, 0), 0.45 * bump(np.abs(x) - 0.6 * nose, y - 31, 2.6, 1.8))  # nostrils
    return smile, np.ascontiguousarray(face.reshape(4, -1).T)


def body(woman, turn, kind):
    """Opacity of a neck and of a kind of clothes."""
    chance, down, across = random.Random(kind), DOWN[BODY], np.abs(ACROSS + 20 * turn)
    neck = ramp(25 - 3 * woman + 0.02 * (down - 80).clip(0, 99) ** 2 - across, 4)
    shoulders = 76 + 22 * (across / chance.uniform(60, 85)) ** 2 + chance.uniform(0, 25) * bump(across, 0, 16, 1)
    return neck, ramp(down - shoulders, 6)


def turn_head(who):
    """Set where each pixel lies on the head, which is a ball, as arrays [71, 65].

    (u, v) is its place on the disc that we see, in [-1, 1], where `square` is 1 at the edge; `depth` how near it is to
    us; (across, down) its place in pixels; (x, y) the same on the face, which turns; `place` that in a map.
    """
    sin, cos = math.sin(who.turn), math.cos(who.turn)
    who.across = ACROSS + (who.tilt * DOWN + 0.85 * who.wide * sin)  # it moves so that the eyes stay in place
    who.down = DOWN - who.tilt * ACROSS
    who.v = (who.down - 8) * (1 / who.tall)
    who.u = who.across * (1 / (who.wide * (1 - who.jaw * CHIN)))
    who.steep = who.v * np.sqrt(np.abs(who.v))
    who.square = who.u * who.u + who.v * who.steep
    who.depth = np.sqrt((1 - who.square).clip(0, 1))
    who.x = (who.wide * cos) * who.u - (who.wide * sin) * who.depth
    who.y = who.down + (who.tall * who.nod) * (who.depth - 0.9)
    who.place = (who.y + 50.5).clip(0, 126).astype(int) * 93 + (who.x + 46.5).clip(0, 92).astype(int)


def draw_face(rng):
    """A portrait of nobody: PIL image, RGB, 178 x 218, as CelebA's; its centered 108 x 108 shows the face.

    All of it is drawn at random from `rng`, a np.random.Generator.
    """
    chance = random.Random(int(rng.integers(2**62)))  # draws single numbers several times as fast
    who = somebody(chance)
    turn_head(who)
    fuzz, flow = part(chance, once(smooth_noise, 128)), part(chance, once(smooth_noise, 23))
    # Background: two colors, not too bright, that flow into each other.
    one, two = tint(chance, 0, 255, 0.65), tint(chance, 0, 255, 0.65)
    image = one + (two - one) * (0.5 + chance.uniform(0.1, 0.9) * flow).clip(0, 1)
    from_parting = who.x - who.parting
    locks, cover, strands = hair(who, from_parting, fuzz, chance)
    paint(image, 0.75 * locks, cover * ramp(who.back - who.y + 6 * strands, 12))
    ears = 1 - ((np.abs(who.across[EARS]) - who.wide) / 6) ** 2 - ((who.down[EARS] - 8) / 13) ** 2
    paint(image[:, EARS], who.skin * (0.8 * who.ambient + 0.35), ramp(ears, 0.4))
    neck, clothes = once(body, who.woman, round(4 * who.turn) / 4, chance.randrange(16))
    paint(image[:, BODY], NECK * who.skin, neck)
    paint(image[:, BODY], who.cloth * (0.85 + 0.2 / 89 * who.light[0] * ACROSS + 0.12 * fuzz[BODY]), clothes)
    paint(image, lit_face(who, fuzz, chance), ramp((0.5 * who.wide) * (1 - who.square) * SHARP, 2.5))
    if who.glasses:
        paint_glasses(image[:, *GLASSES], who, who.x[GLASSES], who.y[GLASSES], chance)
    if who.volume > 1:  # hair in front of the head, above a hairline that falls from the parting to the sides
        half = 0.92 * who.wide
        fall = np.maximum(from_parting * (1 / (half - who.parting)), from_parting * (-1 / (half + who.parting)))
        above = who.line + (who.side - who.line) * fall.clip(0, 1) ** who.bend + (2 + 3 * who.curl) * strands - who.y
        image *= 1 - 0.4 * cover * ramp(above + 5, 8)  # its shadow
        paint(image, locks, cover * ramp(above, 5))
    if who.hat or who.scarf:
        paint_headwear(image, who, fuzz)

    # Brightness, contrast and a tint; then soft highlights, as of a camera: from 185 on less and less.
    brightness, contrast = chance.uniform(123, 143), chance.uniform(1, 1.3)
    gain = color(*[chance.gauss(1, 0.03) for _ in range(3)])
    image *= contrast / 70 * gain
    image += (brightness - 123 * contrast) / 70 * gain - 185 / 70
    return as_picture((70 * np.minimum(image, np.tanh(image)) + 185).clip(0, 255))


def hair(who, from_parting, fuzz, chance):
    """(its colors, its opacity, strands that run from the parting outwards and down)."""
    place = from_parting / (np.abs(who.y + 110) + 12) * 36 + chance.randrange(512**2)
    strands = 2 * once(smooth_noise, 512).take(place.astype(int), mode='wrap')
    u = who.across * (1 / (who.wide * (0.52 + 0.5 * who.volume)))
    v = (who.v + 0.1).clip(-9, 0) * (1 / (0.98 * who.volume))
    outline = (1 - u * u - v * v) * (who.wide / 2) + 0.6 * strands
    gloss = 0.92 + u * (0.35 * who.light[0] - 0.3 * u)
    shine = (1 - ((who.y + 58 + 2 * strands) * (1 / 15)) ** 2).clip(0, 1)
    gloss *= 1 + (1 - who.curl) * (0.15 * strands + 0.4 * shine)
    if who.curl:
        outline += (4 * who.curl) * fuzz
        gloss *= 1 + (0.3 * who.curl) * fuzz
    return (who.hair + 14) * gloss - 10, ramp(outline * SHARP, 3.5), strands


def lit_face(who, fuzz, chance):
    """The face as an image: colors first; then light, which falls on the slopes of the relief."""
    down_slopes, right_slopes, redness = once(relief, round(2 * max(who.smile, 0)) / 2, round(3 * who.age) / 3)
    face = who.skin + (who.skin * BLUSH) * redness.take(who.place)
    if who.beard:
        paint(face, who.hair * 0.7, who.beard * once(beard, who.goatee).take(who.place) * (0.8 + 0.2 * fuzz))
    for box, rows, features, colors in (
        (MOUTH, LOWER, who.mouth, (who.lips, DARK, TEETH)),
        (EYES, UPPER, who.eyes, (who.iris, who.hair, WHITE)),
    ):
        seen = features.take(who.place[box] - 93 * rows.start, 0, mode='clip')  # [height, width, 4]
        others = np.hstack((0 * DARK, *colors))[..., 0] @ seen.reshape(-1, 4).T
        face[:, *box] = face[:, *box] * seen[..., 0] + others.reshape(3, *seen.shape[:2])
    # Slopes times depth, as the ball's own are endless at its edge.
    down_slope = who.depth * down_slopes.take(who.place) - (50 / who.tall) * who.steep
    right_slope = who.depth * right_slopes.take(who.place) - (40 / who.wide) * who.u
    right, below, near = who.light
    facing = near * who.depth - right * right_slope - below * down_slope
    facing /= np.sqrt(who.depth * who.depth + right_slope * right_slope + down_slope * down_slope)
    facing = facing.clip(0, 1)  # the cosine between the light and the skin: Lambert's law
    light = who.ambient + (1.15 - who.ambient) * facing
    face *= light * (1 + REDDER * (light - 1))
    face += chance.uniform(0, 60) * np.exp(24 * (facing - 1))  # skin shines a little
    return face


def paint_glasses(image, who, x, y, chance):
    """Two lenses between round and square, a bridge and temples."""
    e = np.abs(x) - 19.3
    lens = np.abs((e - 1) / chance.uniform(13, 15.5)) ** 3 + np.abs((y - 2) / chance.uniform(9.5, 12.5)) ** 3
    lens = 13 * (1 - np.cbrt(lens))
    paint(image, tint(chance, 10, 60, 0), (0.9 if who.sunglasses else 0.06) * ramp(lens, 2))
    bars = ramp(1.2 - np.abs(y + 2), 1.5) * ((np.abs(x) < 6) | (e > 14)) * ramp(who.wide - np.abs(x), 2)
    paint(image, chance.uniform(10, 110), 0.9 * np.maximum(ramp(1.4 - np.abs(lens), 1.5), bars))


def paint_headwear(image, who, fuzz):
    """A hat with a brim, or a headscarf that leaves the face free."""
    u, v, x, y = who.u, who.v, who.x, who.y
    fabric = who.cloth[::-1] * ((0.8 + 0.25 * who.light[0] * u + 0.1 * fuzz) * (1 - 0.35 * u**2))
    if who.hat:
        edge = -28 - 8 * u**2 - y
        shape = ramp((1.16 - np.hypot(u, (v + 0.25).clip(-9, 0) / 0.85)) * who.wide, 2.5)
        image *= 1 - 0.4 * shape * ramp(edge + 7, 8)  # its shadow
        paint(image, fabric * (1 - 0.3 * ramp(9 - edge, 2)), shape * ramp(edge, 2))
    else:
        shape = ramp((1.2 - np.hypot(u * (1 - 0.1 * v.clip(0, 1.4)), v.clip(-9, 0))) * who.wide, 3)
        opening = np.hypot(x / 39, (y - 14) / np.where(y < 14, 54, 57)) - 1
        paint(image, fabric * (1 - 0.12 * np.sin(opening * 16)), shape * ramp(opening * 40, 2.5))


HALVES = [  # for each row and column of the picture two times its place on the grid, rounded
    np.rint(2 * np.interp(np.arange(size), places, np.arange(len(places)))).astype(int)
    for size, places in ((218, ROWS), (178, COLUMNS))
]


def as_picture(image):
    """The painted grid as a PIL image: whatever lies between two of its pixels is their average."""
    pixels = np.zeros((*image.shape[1:], 4), np.uint8)
    pixels[..., :3] = image.transpose(1, 2, 0)
    pixels = pixels.view(np.uint32)[..., 0]
    for axis in (1, 0):
        one, other = pixels.take(HALVES[axis] // 2, axis), pixels.take((HALVES[axis] + 1) // 2, axis)
        pixels = one & other  # and half of where they differ: the average of each of a pixel's four bytes
        pixels += np.bitwise_xor(one, other, out=one) >> 1 & 0x7F7F7F7F
    return Image.frombytes('RGB', pixels.shape[::-1], pixels, 'raw', 'RGBX')
