"""Draws portraits of nobody: a head, its hair, its features, and light on them. Seeded, nothing downloaded."""

import math
import random
from types import SimpleNamespace

import numpy as np
from PIL import Image

# Only the centered 108 x 108 of a picture of 178 x 218 is used: every second pixel of it is painted, and every sixth
# around it. Places count in pixels from the point between the eyes. CelebA has the eyes at (69, 111) and
# (108, 111) and the mouth at (88, 152): so have we. While it is painted, an image is float32 [3, 73, 67] in [0, 255].
COLUMNS = np.r_[-1:35:6, 35:144:2, 149:180:6]
ROWS = np.r_[1:55:6, 55:164:2, 169:218:6]
ACROSS = np.float32(COLUMNS - 88.5)
DOWN = np.float32(ROWS - 111)[:, None]


def area(top, bottom, left, right):
    """The rows and columns of the grid between these places."""
    return slice(*np.searchsorted(DOWN[:, 0], (top, bottom))), slice(*np.searchsorted(ACROSS, (left, right)))


EARS, EYES, MOUTH = area(-16, 32, -99, 99), area(-26, 16, -40, 40), area(23, 66, -32, 32)  # where they can reach
BODY, GLASSES = area(16, 99, -99, 99), area(-20, 24, -70, 70)


def color(*rgb):
    """float32 [3, 1, 1], to be combined with images."""
    return np.float32(rgb)[:, None, None]

REDDER = color(0, 0.1, 0.18)  # light in skin: shadows lose green and blue before red

SKIN = [
    color(*rgb)
    for rgb in ((84, 54, 42), (130, 86, 62), (172, 122, 92), (210, 160, 124), (230, 184, 152), (240, 204, 180))
]
BLUSH = color(0.04, -0.14, -0.16)
LIPS, LIPSTICK, DARK_RED, TEETH = color(0.86, 0.58, 0.58), color(170, 34, 54), color(56, 20, 20), color(240, 234, 226)
IRIS = (  # color; how often with dark skin, with light skin
    ((70, 42, 26), 8, 4),  # brown
    ((104, 78, 42), 1, 2),  # hazel
    ((84, 108, 76), 0, 2),  # green
    ((84, 122, 160), 0, 3),  # blue
)
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


def choose(chance, table, column):
    """The first entry of a random row of `table`, with odds as in its `column`."""
    return chance.choices(table, [row[column] for row in table])[0][0]


def ramp(inside, soft):
    """Pixels inside an edge -> opacity in [0, 1], the edge being `soft` pixels wide."""
    return (inside * (1 / soft) + 0.5).clip(0, 1)


def bump(x, y, width, height):
    """A smooth hill of height 1 over (0, 0)."""
    return np.exp(-((x * (1 / width)) ** 2) - (y * (1 / height)) ** 2)


def length(x, y):
    return np.sqrt(x * x + y * y)


def lit(skin, light):
    """Skin, a color or an image, in `light` [height, width] from 0 (none) to 1 (full)."""
    return skin * (light * (1 + REDDER * (light - 1)))


def paint(image, color, opacity):
    """Lay `color`, [3, 1, 1] or an image, over `image`, in place."""
    image += opacity * (color - image)


def humps(rows, columns):
    """What makes smooth noise of `rows` x `columns` random numbers: the weights of each for each place of the grid."""
    distances = (
        np.clip(places, 0, size)[:, None] / size * (count - 1) - np.arange(count)
        for places, size, count in ((ROWS, 217, rows), (COLUMNS, 177, columns))
    )
    down, across = (np.float32(0.5 + 0.5 * np.cos(np.pi * distance.clip(-1, 1))) for distance in distances)
    return down, across.T


FINE, BROAD = humps(28, 23), humps(5, 4)


def clouds(rng, humps):
    """Smooth noise in about [-1, 1], float32 [73, 67]."""
    down, across = humps
    return down @ (2 * rng.random((down.shape[1], len(across)), np.float32) - 1) @ across


def somebody(chance):
    """The traits of a person, and how the light falls."""
    normal, uniform = chance.gauss, chance.uniform
    who = SimpleNamespace(woman=chance.random() < 0.5, age=chance.random() ** 1.5)
    tone = uniform(0, 5)  # dark to light
    light_skin, old = tone > 2.2, who.age > 0.6
    darker, share = int(tone), tone % 1
    who.skin = (1 - share) * SKIN[darker] + share * SKIN[darker + 1]
    who.skin *= color(normal(1, 0.025), normal(1, 0.025), normal(1, 0.025))
    who.hair = color(*choose(chance, HAIR, 3 if old else 1 + light_skin)) * uniform(0.85, 1.15)
    who.iris = color(*choose(chance, IRIS, 1 + light_skin))
    who.line, who.side, who.back, who.bend, who.volume, who.curl = choose(chance, STYLES, 1 + who.woman)
    who.line += normal(0, 4)
    who.parting = chance.choice((0, -16, 16)) + normal(0, 3)
    who.beard = 0 if who.woman or chance.random() < 0.5 else uniform(0.3, 0.9)
    who.goatee, who.glasses, who.sunglasses = (chance.random() < share for share in (0.3, 0.15, 0.25))
    who.hat, who.scarf = chance.random() < 0.06, chance.random() < 0.12 * who.woman
    if who.hat or who.scarf:
        who.volume, who.curl = min(who.volume, 1.05), 0
    if who.scarf:
        who.side, who.back = -10, 0
    who.cloth = muted(chance, 10, 240, 0.5)
    who.wide, who.tall = normal(45, 2.5) - 2 * who.woman, normal(65, 2)
    who.jaw, who.nose = uniform(0.02, 0.22) + 0.03 * who.woman, uniform(5.5, 8.5) - 0.7 * who.woman
    who.smile = min(max(normal(0.5, 0.45), -0.3), 1.2)
    open_mouth = who.smile > 0.2 and chance.random() < 0.6
    who.gap = uniform(3, 8) * min(who.smile + 0.3, 1) if open_mouth else 0  # between the lips
    who.turn, who.nod, who.tilt = min(max(normal(0, 0.25), -0.5), 0.5), normal(0, 0.06), normal(0, 0.04)
    light = min(max(normal(0, 0.55), -1.1), 1.1), uniform(-0.8, 0), 1
    who.light = [part / math.hypot(*light) for part in light]  # the lamp: right, down, towards us
    who.ambient = uniform(0.35, 0.65)
    return who


def muted(chance, low, high, gray):
    """A random color between `low` and `high`, `gray` of it (0 to 1) the same in red, green and blue."""
    same = gray * chance.uniform(low, high)
    return color(*(same + (1 - gray) * chance.uniform(low, high) for _ in range(3)))


def relief(nose, smile, age):
    """Slopes (down, right) of what is raised on the head: [2, 127 heights from -50 on, 93 places from -46 on]."""
    y, x = np.mgrid[-50:77, -46:47]
    ax = np.abs(x)
    height = 7 * bump(x, y - 12, 5, 15) + 5 * bump(x, y - 25, nose, 6)  # the nose's ridge and tip
    height += 3 * bump(ax - nose - 1, y - 29, 4, 4)
    height += (2.5 + 2 * smile) * bump(ax - 25, y - 22, 12, 11)  # cheeks
    height += 2 * bump(ax - 17, y + 12, 14, 5) - 5 * bump(ax - 18, y - 1, 11, 8)  # brow bones and sockets
    height += 2.5 * bump(x, y - 46, 11, 4) + 4 * bump(x, y - 62, 12, 8)  # lower lip and chin
    height -= (1.5 * age + smile) * bump(ax - 9 - (y - 28) * 0.6, y - 37, 2.5, 12)  # beside the mouth
    return np.float32(np.gradient(height))


PLAIN = relief(6.5, 0, 0)
RELIEFS = np.stack([PLAIN] + [relief(*traits) - PLAIN for traits in ((7.5, 0, 0), (6.5, 1, 0), (6.5, 0, 1))])


def paint_eyes(face, who, x, y, chance):
    """Both at once: as a face is symmetric, `e` counts outwards from the middle of either eye."""
    e = np.abs(x) - 19.3
    lid = 1 - (e / 10) ** 2
    opening = min(max(chance.gauss(4.2, 0.9) - max(who.smile, 0), 2.6), 6)
    upper = y + opening * lid
    white = ramp(np.minimum(upper, 0.65 * opening * lid - y), 1.5)
    look, makeup = e - np.sign(x) * chance.gauss(0, 1), who.woman * chance.uniform(0.3, 1)
    paint(face, who.skin * 0.55, (0.5 + 0.3 * makeup) * bump(e, y + 3, 12, 6))
    paint(face, 0.3 * who.skin + 150, white)
    iris = length(look, y + 0.6)
    paint(face, who.iris, white * ramp(4.8 - iris, 1.5))
    paint(face, 11, white * ramp(2.4 - iris, 1.5))
    glint = length(look - np.sign(x * who.light[0]), y + 2.2)
    paint(face, 255, 0.7 * white * ramp(1.2 - glint, 1.5))
    lashes = ramp(1.1 + makeup - np.abs(upper), 1.5) * ramp(11 - np.abs(e), 2)
    paint(face, 20, (0.65 + 0.35 * makeup) * lashes)
    brow = y + chance.gauss(9.5, 1.2) + chance.uniform(0, 3) * (1 - (e / 13) ** 2) - chance.uniform(-0.1, 0.1) * e
    thick = chance.uniform(1.4, 2.8) * (1.15 - 0.4 * who.woman) * (1 - 0.03 * e)
    brow = ramp(thick - np.abs(brow), 2) * ramp(13 - np.abs(e), 4)
    paint(face, 0.6 * who.hair + 0.06 * who.skin, 0.85 * brow)


def paint_mouth(face, who, x, y, chance):
    """A curve that smiles, a lip above it, one below, perhaps teeth between them; and the nostrils."""
    half = chance.uniform(15, 18.5) + 3 * max(who.smile, 0)
    bow = (1 - (x / half) ** 2).clip(0, 1)  # 1 in the middle of the mouth, 0 at its corners
    d = y - 40.5 - 5 * who.smile * (bow - 0.6)
    full, lipstick = chance.uniform(2.5, 5), who.woman * chance.uniform(0, 0.8)
    upper, lower = (0.75 * full + who.gap / 2) * np.sqrt(bow), (full + who.gap / 2) * bow
    lips = ramp(np.minimum(d + upper, lower - d), 1.6)
    paint(face, (1 - lipstick) * LIPS * who.skin + lipstick * LIPSTICK, lips * (bow > 0))
    paint(face, DARK_RED, 0.85 * ramp((who.gap / 2 + 0.9) * bow - np.abs(d), 1.6) * (bow > 0))
    if who.gap:
        teeth = ramp((0.55 * who.gap - 0.3) * bow - np.abs(d + 0.3), 1.4) * ramp(0.85 * half - np.abs(x), 3)
        paint(face, TEETH, teeth)
    nostrils = np.abs(x - 5 * math.sin(who.turn)) - 0.6 * who.nose
    paint(face, who.skin * 0.35, 0.45 * bump(nostrils, y - 31, 2.6, 1.8))


def paint_beard(face, who, x, y, fuzz):
    """Whiskers from ear to ear, or on the chin only, and a moustache."""
    whiskers = ramp(y - 51 + 40 * (x / who.wide) ** 2, 9)
    if who.goatee:
        whiskers *= ramp(17 - np.abs(x), 6)
    moustache = ramp(1 - length(x / 17, (y - 34.5 - 0.02 * x**2) / 4.5), 0.6)
    paint(face, who.hair * 0.7, who.beard * np.maximum(whiskers, moustache) * (0.8 + 0.2 * fuzz))


def wrinkles(x, y):
    """Three lines on the forehead and one under each eye."""
    e = np.abs(x) - 18
    lines = bump(y - 10 + 0.03 * e**2, e, 2, 9)
    for k in range(3):
        lines += bump(y + 26 + 7 * k + 0.006 * x**2, 0, 1.4, 1) * ramp(4 - e, 14)
    return lines


def paint_glasses(image, who, x, y, chance):
    """Two lenses between round and square, a bridge and temples."""
    e = np.abs(x) - 19.3
    lens = np.abs((e - 1) / chance.uniform(13, 15.5)) ** 3 + np.abs((y - 2) / chance.uniform(9.5, 12.5)) ** 3
    lens = 13 * (1 - np.cbrt(lens))
    paint(image, muted(chance, 10, 60, 0), (0.9 if who.sunglasses else 0.06) * ramp(lens, 2))
    bars = ramp(1.2 - np.abs(y + 2), 1.5) * ((np.abs(x) < 6) | (e > 14)) * ramp(who.wide - np.abs(x), 2)
    paint(image, chance.uniform(10, 110), 0.9 * np.maximum(ramp(1.4 - np.abs(lens), 1.5), bars))


def paint_body(image, who, across, down, fuzz, chance):
    """A neck in the shadow of the chin, and clothes."""
    across = across - 0.4 * who.wide * math.sin(who.turn)
    neck = 25 - 3 * who.woman + 0.02 * np.maximum(down - 80, 0) ** 2 - np.abs(across)
    paint(image, lit(who.skin, 0.5 + 0.3 * ((down - 66) / 24).clip(0, 1)), ramp(neck, 3))
    shoulders = down - 76 - 22 * (across / chance.uniform(60, 85)) ** 2
    collar = chance.uniform(0, 25) * bump(across, 0, 16, 1)
    cloth = who.cloth * (0.85 + 0.12 * fuzz + 0.2 * who.light[0] / 89 * across)
    paint(image, cloth, ramp(shoulders - collar, 2.5))


def paint_headwear(image, who, u, v, x, y, fuzz):
    """A hat with a brim, or a headscarf that leaves the face free."""
    fabric = who.cloth[::-1] * ((0.8 + 0.25 * who.light[0] * u + 0.1 * fuzz) * (1 - 0.35 * u**2))
    if who.hat:
        edge = -28 - 8 * u**2 - y
        shape = ramp((1.16 - length(u, np.minimum(v + 0.25, 0) / 0.85)) * who.wide, 2.5)
        image *= 1 - 0.4 * shape * ramp(edge + 7, 8)  # its shadow
        paint(image, fabric * (1 - 0.3 * ramp(9 - edge, 2)), shape * ramp(edge, 2))
    else:
        shape = ramp((1.2 - length(u * (1 - 0.1 * v.clip(0, 1.4)), np.minimum(v, 0))) * who.wide, 3)
        opening = length(x / 39, (y - 14) / np.where(y < 14, 54, 57)) - 1
        paint(image, fabric * (1 - 0.12 * np.sin(opening * 16)), shape * ramp(opening * 40, 2.5))


def draw_face(rng):
    """A portrait of nobody: PIL image, RGB, 178 x 218, as CelebA's; its centered 108 x 108 shows the face.

    All of it is drawn at random from `rng`, a np.random.Generator.
    """
    chance = random.Random(int(rng.integers(2**62)))  # one number at a time, several times as fast as `rng`
    who, fuzz = somebody(chance), clouds(rng, FINE)
    head = turned_head(who)
    # Background: two colors, not too bright, that flow into each other.
    one, two = muted(chance, 0, 255, 0.65), muted(chance, 0, 255, 0.65)
    image = one + (two - one) * (0.5 + chance.uniform(0.1, 0.9) * clouds(rng, BROAD)).clip(0, 1)

    locks, outline, strands = hair(who, head, fuzz, rng)
    paint(image, locks * 0.75, ramp(outline, 4) * ramp(who.back - head.y + 6 * strands, 12))  # behind the head
    ears = 1 - length((np.abs(head.across[EARS]) - who.wide) / 6, (head.down[EARS] - 8) / 13)
    paint(image[:, *EARS], lit(who.skin, 0.8 * who.ambient + 0.35), ramp(ears, 0.2))
    paint_body(image[:, *BODY], who, head.across[BODY], head.down[BODY], fuzz[BODY], chance)
    paint(image, lit_face(who, head, fuzz, chance), ramp((1 - head.square) * (who.wide / 2), 2.5))
    if who.glasses:
        paint_glasses(image[:, *GLASSES], who, head.x[GLASSES], head.y[GLASSES], chance)
    paint_fringe(image, who, head, locks, outline, strands)
    if who.hat or who.scarf:
        paint_headwear(image, who, head.u, head.v, head.x, head.y, fuzz)

    brightness, contrast = chance.uniform(123, 143), chance.uniform(1, 1.3)
    gain = color(chance.gauss(1, 0.03), chance.gauss(1, 0.03), chance.gauss(1, 0.03))
    image = image * (contrast * gain) + (brightness - 123 * contrast) * gain
    image = np.minimum(image, 185 + 70 * np.tanh((image - 185) / 70))  # soft highlights, as of a camera
    return as_picture(image.clip(0, 255))


def as_picture(image):
    """The painted grid as a PIL image: between two of its pixels lies their average."""
    pixels = np.zeros((*image.shape[1:], 4), np.uint8)
    pixels[..., :3] = image.transpose(1, 2, 0)
    pixels = pixels.view(np.uint32)[..., 0]  # all of a pixel at once
    for axis, (before, after) in enumerate((BESIDE_ROWS, BESIDE_COLUMNS)):
        one, other = pixels.take(before, axis), pixels.take(after, axis)
        pixels = (one & other) + ((one ^ other) >> 1 & 0x7F7F7F7F)  # of each of its bytes
    return Image.frombuffer('RGB', pixels.shape[::-1], pixels, 'raw', 'RGBX', 0, 1)


def beside(places, size):
    """For each of `size` pixels the two places of the grid that it lies between, which are the same near one."""
    halves = np.round(2 * np.interp(np.arange(size), places, np.arange(len(places)))).astype(int)
    return halves // 2, -(-halves // 2)


BESIDE_ROWS, BESIDE_COLUMNS = beside(ROWS, 218), beside(COLUMNS, 178)


def turned_head(who):
    """Where each pixel lies on the head, which is a ball; all are [73, 67].

    (u, v) is its place on the ball's disc, in [-1, 1], where `square` is 1 at the edge, and `depth` is how near it is
    to us. (x, y) is its place on the face, in pixels right of the nose and below the eyes, which moves as the ball
    turns; (across, down) the same without the turn.
    """
    sin, cos = math.sin(who.turn), math.cos(who.turn)
    across = ACROSS + (who.tilt * DOWN + 0.85 * who.wide * sin)  # the head moves so that the eyes stay in place
    down = DOWN - who.tilt * ACROSS
    v = (down - 8) / who.tall
    low = ((DOWN - 8) / who.tall).clip(0, 1.4)
    u = across / (who.wide * (1 - who.jaw * low * np.sqrt(low)))
    steep = v * np.sqrt(np.abs(v))
    square = u * u + v * steep
    depth = np.sqrt((1 - square).clip(0))
    behind = (depth * cos + u * sin).clip(None, 0)
    x = who.wide * (u * cos - sin * (depth - behind))
    y = down + who.tall * who.nod * (depth - 0.9)
    names = {name: value for name, value in locals().items() if isinstance(value, np.ndarray)}
    return SimpleNamespace(**names)


def hair(who, head, fuzz, rng):
    """(its colors, how far inside its outline a pixel lies, strands that run from the parting outwards and down)."""
    rays = (head.x - who.parting) / (np.abs(head.y + 110) + 12)
    noise = rng.standard_normal(241, np.float32)
    strands = (0.6 * (noise[1:] + noise[:-1])).take((rays * 72 + 120).astype(int), mode='clip')
    hair_u = head.across / (who.wide * (0.52 + 0.5 * who.volume + 0.06 * (who.back > 60) * head.low))
    hair_v = np.minimum(head.v + 0.1, 0) / (0.98 * who.volume)
    outline = (1 - length(hair_u, hair_v)) * who.wide + 4 * who.curl * fuzz + 0.6 * strands
    gloss = 0.62 + 0.3 * (1 - hair_u**2).clip(0) + 0.35 * who.light[0] * hair_u
    gloss *= 1 + 0.15 * (1 - who.curl) * strands + 0.3 * who.curl * fuzz
    gloss += 0.35 * (1 - who.curl) * bump(hair_u - 0.5 * who.light[0], head.y + 58 + 2 * strands, 0.7, 9)
    return who.hair * gloss + 14 * (gloss - 0.7).clip(0), outline, strands


_Y, _X = np.mgrid[-50:77, -46:47]
REDNESS = np.float32(0.6 * bump(np.abs(_X) - 25, _Y - 22, 12, 10) + 0.4 * bump(_X, _Y - 27, 8, 6))
WRINKLES = np.float32(0.5 * wrinkles(_X, _Y)).clip(0, 0.99)


def lit_face(who, head, fuzz, chance):
    """The face as an image: colors first; then light, which falls on the slopes of the relief."""
    x, y = head.x, head.y
    place = (y + 50.5).clip(0, 126).astype(int) * 93 + (x + 46.5).clip(0, 92).astype(int)
    face = who.skin + (who.skin * BLUSH) * REDNESS.take(place)
    if who.beard:
        paint_beard(face, who, x, y, fuzz)
    if who.age > 0.3:
        paint(face, who.skin * 0.6, who.age * WRINKLES.take(place))
    paint_mouth(face[:, *MOUTH], who, x[MOUTH], y[MOUTH], chance)
    paint_eyes(face[:, *EYES], who, x[EYES], y[EYES], chance)
    weights = np.float32([1, who.nose - 6.5, max(who.smile, 0), who.age])
    raised = (weights @ RELIEFS.reshape(4, -1)).reshape(2, -1)
    # Slopes times depth, as the ball's own are endless at its edge.
    down_slope = head.depth * raised[0].take(place) - (50 / who.tall) * head.steep
    right_slope = head.depth * raised[1].take(place) - (40 / who.wide) * head.u
    right, below, near = who.light
    facing = near * head.depth - right * right_slope - below * down_slope
    facing /= np.sqrt(head.depth**2 + right_slope**2 + down_slope**2)
    facing = facing.clip(0)  # the cosine between the light and the skin: Lambert's law
    face = lit(face, who.ambient + (1.15 - who.ambient) * facing)
    return face + chance.uniform(0, 60) * np.exp(24 * (facing - 1))  # skin shines a little


def paint_fringe(image, who, head, locks, outline, strands):
    """Hair in front of the head, above a hairline that falls from the parting to the sides; its shadow first."""
    if who.volume > 1:
        from_parting = head.x - who.parting
        fall = np.abs(from_parting) / (0.92 * who.wide - np.sign(from_parting) * who.parting)
        inside = who.line + (who.side - who.line) * fall.clip(0, 1) ** who.bend + (2 + 3 * who.curl) * strands - head.y
        cover = ramp(outline, 3)
        image *= 1 - 0.4 * cover * ramp(inside + 5, 8)
        paint(image, locks, cover * ramp(inside, 5))
