"""Draws portraits of nobody: a head, its hair, its features, and light on them. Seeded, nothing downloaded."""

import math
import random
from functools import cache
from types import SimpleNamespace

import numpy as np
from PIL import Image

# Who the faces are of, with odds. That is a choice, as every data set is one.
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

# Of a picture of 178 x 218 only the centered 108 x 108 is used. There one of four pixels is painted, float32
# [3, 55, 55] in [0, 255]; around it that fades to gray. Places count in pixels from the point between the eyes.
# CelebA has the eyes at (69, 111) and (108, 111) and the mouth at (88, 152): so have we.
SIDE = 55
DOWN, ACROSS = np.float32(np.mgrid[54.5:163:2, 34.5:143:2]) - np.float32([[[111]], [[88.5]]])
Y, X = np.mgrid[-50:77, -46:47].astype(np.float32)  # of a map, flat, of what many faces share and is painted once


def color(*parts):
    """float32 [n, 1, 1], to be combined with images of n channels."""
    return np.float32(parts)[:, None, None]


DARK, TEETH, WHITE = color(56, 20, 20), color(240, 234, 226), color(1, 1, 1)
REDDER = color(0, 0.1, 0.18)  # in shadow, skin loses green and blue before red
once = cache(lambda make, *kind: make(*kind))  # decorated functions would hide their code from cache.code_of


def choose(chance, table, column):
    """The first entry of a random row of `table`, with odds as in its `column`."""
    return chance.choices(table, [row[column] for row in table])[0][0]


def tint(chance, low, high, gray):
    """A random color between `low` and `high`, of which `gray` (0 to 1) is the same in red, green and blue."""
    same = gray * chance.uniform(low, high)
    return color(*[same + (1 - gray) * chance.uniform(low, high) for _ in range(3)])


def ramp(inside, soft):
    """Pixels inside an edge -> opacity in [0, 1], the edge being `soft` pixels wide."""
    return (inside * (1 / soft) + 0.5).clip(0, 1)


def bump(x, y, width, height):
    """A smooth hill of height 1 over (0, 0)."""
    return np.exp(-((x / width) ** 2) - (y / height) ** 2)


def paint(image, color, opacity):
    """Lay `color`, which may be an image, over `image`, in place."""
    image += opacity * (color - image)


def smooth_noise(side):
    """In about [-1, 1]: float32 [512, 512] with `side` x `side` humps."""
    noise = Image.fromarray(np.random.default_rng(side).uniform(-1, 1, (side, side)).astype(np.float32))
    return np.asarray(noise.resize((512, 512), Image.Resampling.BICUBIC))


def part(chance, noise):
    """A random part of `noise`, as large as an image."""
    top, left = chance.randrange(512 - SIDE), chance.randrange(512 - SIDE)
    return noise[top : top + SIDE, left : left + SIDE]


def somebody(chance):
    """The traits of a person, and how the light falls."""
    normal, uniform, often = chance.gauss, chance.uniform, chance.random
    who = SimpleNamespace(woman=often() < 0.5)
    tone = uniform(0, 5)  # dark to light
    light_skin, old, k = tone > 2.2, often() < 0.3, int(tone)
    who.skin = color(*[normal(1, 0.025) * (a + (tone - k) * (b - a)) for a, b in zip(*SKIN[k : k + 2], strict=True)])
    who.hair = uniform(0.85, 1.15) * color(*choose(chance, HAIR, 3 if old else 1 + light_skin))
    who.iris = color(*choose(chance, IRIS, 1 + light_skin))
    who.line, who.side, who.back, who.bend, who.volume, who.curl = choose(chance, STYLES, 1 + who.woman)
    who.line += normal(0, 4)
    who.parting = chance.choice((0, -16, 16)) + normal(0, 3)
    who.beard = 0 if who.woman or often() < 0.5 else uniform(0.3, 0.9)
    who.wide, who.tall = normal(45, 2.5) - 2 * who.woman, normal(65, 2)
    who.jaw = uniform(0.02, 0.22) + 0.03 * who.woman
    who.mouth = once(mouth, chance.randrange(96))
    who.eyes = once(eyes, who.woman, chance.randrange(48))
    lipstick = who.woman * uniform(0, 0.8)
    who.lips = (1 - lipstick) * color(0.86, 0.58, 0.58) * who.skin + lipstick * color(170, 34, 54)
    who.turn, who.tilt = min(max(normal(0, 0.25), -0.5), 0.5), normal(0, 0.04)
    light = min(max(normal(0, 0.55), -1.1), 1.1), uniform(-0.8, 0), 1
    who.light = [part / math.hypot(*light) for part in light]  # the lamp: right, down, towards us
    who.ambient = uniform(0.35, 0.65)
    return who


def relief():
    """Maps of what a face adds to a ball: slopes down and right."""
    ax = np.abs(X)
    height = 7 * bump(X, Y - 12, 5, 15) + 6 * bump(X, Y - 26, 9, 6)  # the nose: ridge, tip
    height += 3.5 * bump(ax - 25, Y - 22, 12, 11)  # cheeks
    height += 2 * bump(ax - 17, Y + 12, 14, 5) - 5 * bump(ax - 18, Y - 1, 11, 8)  # brow bones and sockets
    height += 2.5 * bump(X, Y - 46, 11, 4) + 4 * bump(X, Y - 62, 12, 8)  # lower lip and chin
    height -= bump(ax - 9 - (Y - 28) * 0.6, Y - 37, 2.5, 12)  # beside the mouth
    return np.gradient(height)


def beard():
    """A map of whiskers from ear to ear, and a mustache."""
    mustache = ramp(1 - np.hypot(X / 17, (Y - 34.5 - 0.02 * X**2) / 4.5), 0.6)
    return np.maximum(ramp(Y - 51 + 40 * (X / 45) ** 2, 9), mustache)


def eyes(woman, kind):
    """A map of two eyes of one kind: skin, iris, hair, white. `e` counts outwards from the middle of either eye."""
    chance = random.Random(kind)
    face, e = color(1, 0, 0, 0) + 0 * X, np.abs(X) - 19.3
    lid = min(max(chance.gauss(4, 0.9), 2.6), 6) * (1 - (e / 10) ** 2)  # the upper one; the lower is less high
    white = ramp(np.minimum(Y + lid, 0.65 * lid - Y), 1.5)
    paint(face, color(0.55, 0, 0, 0), (0.5 + 0.2 * woman) * bump(e, Y + 3, 12, 6))  # its shadow, or makeup
    paint(face, color(0.3, 0, 0, 150), white)
    iris = np.hypot(e, Y + 0.6)
    paint(face, color(0, 1, 0, 0), white * ramp(4.8 - iris, 1.5))
    paint(face, color(0, 0, 0, 11), white * ramp(2.4 - iris, 1.5))
    paint(
        face, color(0, 0, 0, 20), 0.8 * ramp(1.1 + 0.6 * woman - np.abs(Y + lid), 1.5) * ramp(11 - np.abs(e), 2)
    )  # lashes
    brow = Y + chance.gauss(9.5, 1.2) + chance.uniform(0, 3) * (1 - (e / 13) ** 2) - chance.uniform(-0.1, 0.1) * e
    thick = chance.uniform(1.4, 2.8) * (1.15 - 0.4 * woman) * (1 - 0.03 * e)
    paint(face, color(0.06, 0, 0.6, 0), 0.85 * ramp(thick - np.abs(brow), 2) * ramp(13 - np.abs(e), 4))
    return np.ascontiguousarray(face.reshape(4, -1).T)


def mouth(kind):
    """A map of a mouth of one kind: skin, lips, the dark behind them, teeth."""
    chance, face = random.Random(kind), color(1, 0, 0, 0) + 0 * X
    smile = min(max(chance.gauss(0.5, 0.45), -0.3), 1.2)
    gap = chance.uniform(3, 8) * min(smile + 0.3, 1) if smile > 0.2 and chance.random() < 0.6 else 0  # between the lips
    half = chance.uniform(15, 18.5) + 3 * max(smile, 0)
    bow = np.clip(1 - (X / half) ** 2, 0, 1)  # 1 in the middle of the mouth, 0 at its corners
    d, full = Y - 40.5 - 5 * smile * (bow - 0.6), chance.uniform(2.5, 5)
    upper, lower = (0.75 * full + gap / 2) * np.sqrt(bow), (full + gap / 2) * bow
    paint(face, color(0, 1, 0, 0), ramp(np.minimum(d + upper, lower - d), 1.6) * (bow > 0))
    paint(face, color(0, 0, 1, 0), 0.85 * ramp((gap / 2 + 0.9) * bow - np.abs(d), 1.6) * (bow > 0))
    teeth = ramp((0.55 * gap - 0.3) * bow - np.abs(d + 0.3), 1.4) * ramp(0.85 * half - np.abs(X), 3)
    paint(face, color(0, 0, 0, 1), teeth * (gap > 0))
    return np.ascontiguousarray(face.reshape(4, -1).T)


def turn_head(who):
    """Set where each pixel lies on the head, which is a ball, as arrays [55, 55].

    (u, v) is its place on the disc that we see, in [-1, 1], where `square` is 1 at the edge; `depth` how near it is to
    us; (across, down) its place in pixels; (x, down) the same on the face, which turns; `place` that in a map.
    """
    sin, cos = math.sin(who.turn), math.cos(who.turn)
    who.across = ACROSS + (who.tilt * DOWN + 0.85 * who.wide * sin)  # it moves so that the eyes stay in place
    who.down = DOWN - who.tilt * ACROSS
    who.v = (who.down - 8) * (1 / who.tall)
    narrower = who.jaw * ((DOWN - 8) / 65).clip(0, 1.4) ** 1.5  # towards the chin
    who.u = who.across * (1 / (who.wide * (1 - narrower)))
    who.steep = who.v * np.sqrt(np.abs(who.v))
    who.square = who.u * who.u + who.v * who.steep
    who.depth = np.sqrt((1 - who.square).clip(0, 1))
    who.x = (who.wide * cos) * who.u - (who.wide * sin) * who.depth
    who.place = (who.down + 50.5).clip(0, 126).astype(int) * 93 + (who.x + 46.5).clip(0, 92).astype(int)


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
    paint(image, 0.75 * locks, cover * ramp(who.back - who.down + 6 * strands, 12))
    ears = 1 - ((np.abs(who.across) - who.wide) / 6) ** 2 - ((who.down - 8) / 13) ** 2
    paint(image, who.skin * (0.8 * who.ambient + 0.35), ramp(ears, 0.4))
    paint(image, lit_face(who, fuzz, chance), ramp((0.5 * who.wide) * (1 - who.square), 2.5))
    if chance.random() < 0.15:
        paint_glasses(image, who, chance)
    if who.volume > 1:  # hair in front of the head, above a hairline that falls from the parting to the sides
        half = 0.92 * who.wide
        fall = np.maximum(from_parting * (1 / (half - who.parting)), from_parting * (-1 / (half + who.parting)))
        above = who.line + (who.side - who.line) * fall.clip(0, 1) ** who.bend + (2 + 3 * who.curl) * strands - who.down
        image *= 1 - 0.4 * cover * ramp(above + 5, 8)  # its shadow
        paint(image, locks, cover * ramp(above, 5))

    # Brightness, contrast and a tint; then soft highlights, as of a camera: from 185 on less and less.
    brightness, contrast = chance.uniform(123, 143), chance.uniform(1, 1.3)
    image = (brightness + contrast * (image - 123)) * color(*[chance.gauss(1, 0.03) for _ in range(3)])
    image = np.where(image < 185, image, 185 + 70 * np.tanh((image - 185) / 70)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(
        np.pad(image.transpose(1, 2, 0), ((27, 27), (17, 17), (0, 0)), 'linear_ramp', end_values=128)
    )
    return picture.resize((178, 218), Image.Resampling.BILINEAR)


def hair(who, from_parting, fuzz, chance):
    """(its colors, its opacity, strands that run from the parting outwards and down)."""
    place = from_parting / (np.abs(who.down + 110) + 12) * 36 + chance.randrange(512**2)
    strands = 2 * once(smooth_noise, 512).take(place.astype(int), mode='wrap')
    u = who.across * (1 / (who.wide * (0.52 + 0.5 * who.volume)))
    v = (who.v + 0.1).clip(-9, 0) * (1 / (0.98 * who.volume))
    outline = (1 - u * u - v * v) * (who.wide / 2) + 0.6 * strands + (4 * who.curl) * fuzz
    shine = (1 - ((who.down + 58 + 2 * strands) * (1 / 15)) ** 2).clip(0, 1)
    gloss = 0.92 + u * (0.35 * who.light[0] - 0.3 * u)
    gloss *= 1 + (1 - who.curl) * (0.15 * strands + 0.4 * shine) + (0.3 * who.curl) * fuzz
    return (who.hair + 14) * gloss - 10, ramp(outline, 3.5), strands


def lit_face(who, fuzz, chance):
    """The face as an image: colors first; then light, which falls on the slopes of the relief."""
    down_slopes, right_slopes = once(relief)
    face = who.skin + 0 * DOWN
    if who.beard:
        paint(face, who.hair * 0.7, who.beard * once(beard).take(who.place) * (0.8 + 0.2 * fuzz))
    for features, colors in ((who.mouth, (who.lips, DARK, TEETH)), (who.eyes, (who.iris, who.hair, WHITE))):
        seen = features.take(who.place, 0)  # [55, 55, 4]
        others = np.hstack((0 * DARK, *colors))[..., 0] @ seen.reshape(-1, 4).T
        face = face * seen[..., 0] + others.reshape(face.shape)
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


def paint_glasses(image, who, chance):
    """Two lenses between round and square, a bridge and temples; one in four pairs is dark."""
    x, y, e = who.x, who.down, np.abs(who.x) - 19.3
    lens = np.abs((e - 1) / chance.uniform(13, 15.5)) ** 3 + np.abs((y - 2) / chance.uniform(9.5, 12.5)) ** 3
    lens = 13 * (1 - np.cbrt(lens))
    paint(image, tint(chance, 10, 60, 0), (0.9 if chance.random() < 0.25 else 0.06) * ramp(lens, 2))
    bars = ramp(1.2 - np.abs(y + 2), 1.5) * ((np.abs(x) < 6) | (e > 14)) * ramp(who.wide - np.abs(x), 2)
    paint(image, chance.uniform(10, 110), 0.9 * np.maximum(ramp(1.4 - np.abs(lens), 1.5), bars))
