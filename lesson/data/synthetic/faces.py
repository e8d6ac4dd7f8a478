"""Draws portraits of nobody: a head, its hair, its features, and light on them. Seeded, nothing downloaded."""

import math
from types import SimpleNamespace

import numpy as np
from PIL import Image

# A face is painted at half its final size, on a grid that counts in pixels of the final 178 x 218 picture
# from the point between the eyes. CelebA has the eyes at (69, 111) and (108, 111) and the mouth at (88, 152):
# so have we. While it is painted, an image is float32 [3, 109, 89] in [0, 255].
ACROSS = np.arange(89, dtype=np.float32) * 2 - 88
DOWN = np.arange(109, dtype=np.float32)[:, None] * 2 - 110.5
EYES, MOUTH, BODY = np.s_[38:70, 18:71], np.s_[60:92, 10:79], np.s_[64:]  # rows and columns they can reach
REDDER = np.float32([0, 0.1, 0.18])[:, None, None]  # light in skin: shadows lose green and blue before red

SKIN = ((84, 54, 42), (130, 86, 62), (172, 122, 92), (210, 160, 124), (230, 184, 152), (240, 204, 180))
IRIS = (  # colour; how often with dark skin, with light skin
    ((70, 42, 26), 8, 4),  # brown
    ((104, 78, 42), 1, 2),  # hazel
    ((84, 108, 76), 0, 2),  # green
    ((84, 122, 160), 0, 3),  # blue
)
HAIR = (  # colour; how often with dark skin, with light skin, in old age
    ((26, 22, 22), 9, 4, 1),  # black
    ((56, 38, 30), 4, 4, 1),  # dark brown
    ((98, 66, 44), 1.5, 4, 1),  # brown
    ((120, 58, 36), 0.3, 1.5, 0),  # auburn
    ((176, 96, 48), 0, 1, 0),  # ginger
    ((182, 142, 88), 0.2, 2.5, 0.5),  # blond
    ((222, 188, 128), 0.1, 2, 0.5),  # light blond
    ((150, 148, 146), 0, 0, 4),  # grey
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


def choose(rng, table, column):
    """The first entry of a random row of `table`, with odds as in its `column`."""
    odds = np.array([row[column] for row in table])
    return table[rng.choice(len(table), p=odds / odds.sum())][0]


def ramp(inside, soft):
    """Pixels inside an edge -> opacity in [0, 1], the edge being `soft` pixels wide."""
    return np.clip(inside / soft + 0.5, 0, 1)


def bump(x, y, width, height):
    """A smooth hill of height 1 over (0, 0)."""
    return np.exp(-((x / width) ** 2) - (y / height) ** 2)


def as_image(colour):
    """A colour [3], or an image, as float32 that can be combined with images."""
    colour = np.float32(colour)
    return colour[:, None, None] if colour.ndim == 1 else colour


def lit(colour, light):
    """Skin, a colour or an image, in `light` [height, width] from 0 (none) to 1 (full)."""
    return as_image(colour) * (light * (1 + REDDER * (light - 1)))


def paint(image, colour, opacity):
    """Lay `colour`, [3] or an image, over `image`, in place."""
    image += opacity * (as_image(colour) - image)


def clouds(rng, rows, columns):
    """Smooth noise in about [-1, 1] with `rows` x `columns` humps, float32 [109, 89]."""
    noise = Image.fromarray(rng.uniform(-1, 1, (rows, columns)).astype(np.float32))
    return np.asarray(noise.resize((89, 109), Image.Resampling.BICUBIC))


def somebody(rng):
    """The traits of a person, and how the light falls."""
    normal, uniform = rng.normal, rng.uniform
    who = SimpleNamespace(woman=rng.random() < 0.5, age=uniform() ** 1.5)
    tone = uniform(0, 5)  # dark to light
    light_skin, old = tone > 2.2, who.age > 0.6
    who.skin = np.float32([np.interp(tone, range(6), c) * normal(1, 0.025) for c in np.transpose(SKIN)])
    who.hair = np.float32(choose(rng, HAIR, 3 if old else 1 + light_skin)) * np.float32(uniform(0.85, 1.15))
    who.iris = choose(rng, IRIS, 1 + light_skin)
    who.line, who.side, who.back, who.bend, who.volume, who.curl = choose(rng, STYLES, 1 + who.woman)
    who.line += normal(0, 4)
    who.parting = (0, -16, 16)[rng.integers(3)] + normal(0, 3)
    who.beard = 0 if who.woman or rng.random() < 0.5 else uniform(0.3, 0.9)
    who.goatee, who.glasses, who.sunglasses = rng.random(3) < (0.3, 0.15, 0.25)
    who.hat, who.scarf = rng.random(2) < (0.06, 0.12 * who.woman)
    if who.hat or who.scarf:
        who.volume, who.curl = min(who.volume, 1.05), 0
    if who.scarf:
        who.side, who.back = -10, 0
    who.cloth = np.float32(0.5 * uniform(10, 240, 3) + 0.5 * uniform(10, 240))
    who.wide, who.tall = normal(45, 2.5) - 2 * who.woman, normal(65, 2)
    who.jaw, who.nose = uniform(0.02, 0.22) + 0.03 * who.woman, uniform(5.5, 8.5) - 0.7 * who.woman
    who.smile = min(max(normal(0.5, 0.45), -0.3), 1.2)
    open_mouth = who.smile > 0.2 and rng.random() < 0.6
    who.gap = uniform(3, 8) * min(who.smile + 0.3, 1) if open_mouth else 0  # between the lips
    who.turn, who.nod, who.tilt = min(max(normal(0, 0.25), -0.5), 0.5), normal(0, 0.06), normal(0, 0.04)
    light = np.array([min(max(normal(0, 0.55), -1.1), 1.1), uniform(-0.8, 0), 1])
    who.light = [float(part) for part in light / np.linalg.norm(light)]  # the lamp: right, down, towards us
    who.ambient = uniform(0.35, 0.65)
    return who


def relief(who, x, y, depth):
    """The height of the head in pixels: a ball with a nose, cheeks, lips, a chin and sockets for the eyes."""
    ax, nose_x, smile = np.abs(x), x - 5 * math.sin(who.turn), max(who.smile, 0)
    height = 40 * depth
    height += 7 * bump(nose_x, y - 12, 5, 15) + 5 * bump(nose_x, y - 25, who.nose, 6)  # its ridge and tip
    height += 3 * bump(np.abs(nose_x) - who.nose - 1, y - 29, 4, 4)
    height += (2.5 + 2 * smile) * bump(ax - 25, y - 22, 12, 11)  # cheeks
    height += 2 * bump(ax - 17, y + 12, 14, 5) - 5 * bump(ax - 18, y - 1, 11, 8)  # brow bones and sockets
    height += 2.5 * bump(x, y - 46, 11, 4) + 4 * bump(x, y - 62, 12, 8)  # lower lip and chin
    height -= (1.5 * who.age + smile) * bump(ax - 9 - (y - 28) * 0.6, y - 37, 2.5, 12)  # beside the mouth
    return height


def paint_eyes(face, who, x, y, rng):
    """Both at once: as a face is symmetric, `e` counts outwards from the middle of either eye."""
    e = np.abs(x) - 19.3
    opening = min(max(rng.normal(4.2, 0.9) - max(who.smile, 0), 2.6), 6)
    upper = y + opening * (1 - (e / 10) ** 2)
    under = 0.65 * opening * (1 - (e / 10) ** 2) - y
    white = ramp(np.minimum(upper, under), 1.5)
    look, makeup = e - np.sign(x) * rng.normal(0, 1), who.woman * rng.uniform(0.3, 1)
    paint(face, who.skin * 0.55, (0.5 + 0.3 * makeup) * bump(e, y + 3, 12, 6))
    paint(face, 0.3 * who.skin + 150, white)
    iris = np.hypot(look, y + 0.6)
    paint(face, who.iris, white * ramp(4.8 - iris, 1.5))
    paint(face, (12, 10, 10), white * ramp(2.4 - iris, 1.5))
    glint = np.hypot(look - np.sign(x * who.light[0]), y + 2.2)
    paint(face, (255, 255, 255), 0.7 * white * ramp(1.2 - glint, 1.5))
    lashes = ramp(1.1 + makeup - np.abs(upper), 1.5) * ramp(11 - np.abs(e), 2)
    paint(face, (26, 18, 16), (0.65 + 0.35 * makeup) * lashes)
    brow = y + rng.normal(9.5, 1.2) + rng.uniform(0, 3) * (1 - (e / 13) ** 2) - rng.uniform(-0.1, 0.1) * e
    thick = rng.uniform(1.4, 2.8) * (1.15 - 0.4 * who.woman) * (1 - 0.03 * e)
    brow = ramp(thick - np.abs(brow), 2) * ramp(13 - np.abs(e), 4)
    paint(face, 0.6 * who.hair + 0.06 * who.skin, 0.85 * brow)


def paint_mouth(face, who, x, y, rng):
    """A curve that smiles, a lip above it, one below, perhaps teeth between them; and the nostrils."""
    half = rng.uniform(15, 18.5) + 3 * max(who.smile, 0)
    bow = np.clip(1 - (x / half) ** 2, 0, 1)  # 1 in the middle of the mouth, 0 at its corners
    d = y - 40.5 - 5 * who.smile * (bow - 0.6)
    full, lipstick = rng.uniform(2.5, 5), who.woman * rng.uniform(0, 0.8)
    upper, lower = (0.75 * full + who.gap / 2) * np.sqrt(bow), (full + who.gap / 2) * bow
    lips = ramp(np.minimum(d + upper, lower - d), 1.6)
    colour = (1 - lipstick) * who.skin * [0.86, 0.58, 0.58] + lipstick * np.array([170, 34, 54])
    paint(face, colour, lips * (bow > 0))
    paint(face, (56, 20, 20), 0.85 * ramp((who.gap / 2 + 0.9) * bow - np.abs(d), 1.6) * (bow > 0))
    if who.gap:
        teeth = ramp((0.55 * who.gap - 0.3) * bow - np.abs(d + 0.3), 1.4) * ramp(0.85 * half - np.abs(x), 3)
        paint(face, (240, 234, 226), teeth)
    nostrils = np.abs(x - 5 * math.sin(who.turn)) - 0.6 * who.nose
    paint(face, who.skin * 0.35, 0.45 * bump(nostrils, y - 31, 2.6, 1.8))


def paint_beard(face, who, x, y, fuzz):
    """Whiskers from ear to ear, or on the chin only, and a moustache."""
    whiskers = ramp(y - 51 + 40 * (x / who.wide) ** 2, 9)
    if who.goatee:
        whiskers *= ramp(17 - np.abs(x), 6)
    moustache = ramp(1 - np.hypot(x / 17, (y - 34.5 - 0.02 * x**2) / 4.5), 0.6)
    paint(face, who.hair * 0.7, who.beard * np.maximum(whiskers, moustache) * (0.8 + 0.2 * fuzz))


def paint_wrinkles(face, who, x, y):
    """Three lines on the forehead and one under each eye, the deeper the older."""
    e = np.abs(x) - 18
    lines = bump(y - 10 + 0.03 * e**2, e, 2, 9)
    for k in range(3):
        lines += bump(y + 26 + 7 * k + 0.006 * x**2, 0, 1.4, 1) * ramp(4 - e, 14)
    paint(face, who.skin * 0.6, np.minimum(0.5 * who.age * lines, 1))


def paint_glasses(image, who, x, y, rng):
    """Two lenses between round and square, a bridge and temples."""
    e = np.abs(x) - 19.3
    lens = np.abs((e - 1) / rng.uniform(13, 15.5)) ** 3 + np.abs((y - 2) / rng.uniform(9.5, 12.5)) ** 3
    lens = 13 * (1 - np.cbrt(lens))
    paint(image, rng.uniform(10, 60, 3), (0.9 if who.sunglasses else 0.06) * ramp(lens, 2))
    bars = ramp(1.2 - np.abs(y + 2), 1.5) * ((np.abs(x) < 6) | (e > 14)) * ramp(who.wide - np.abs(x), 2)
    paint(image, [rng.uniform(10, 110)] * 3, 0.9 * np.maximum(ramp(1.4 - np.abs(lens), 1.5), bars))


def paint_body(image, who, across, down, fuzz, rng):
    """Ears, a neck in the shadow of the chin, and clothes."""
    ears = ramp(1 - np.hypot((np.abs(across) - who.wide) / 6, (down - 8) / 13), 0.2)
    paint(image, lit(who.skin, 0.8 * who.ambient + 0.35), ears)
    image, across, down, fuzz = image[:, BODY], across[BODY], down[BODY], fuzz[BODY]
    across = across - 0.4 * who.wide * math.sin(who.turn)
    neck = 25 - 3 * who.woman + 0.02 * np.maximum(down - 80, 0) ** 2 - np.abs(across)
    paint(image, lit(who.skin, 0.5 + 0.3 * np.clip((down - 66) / 24, 0, 1)), ramp(neck, 3))
    shoulders = down - 76 - 22 * (across / rng.uniform(60, 85)) ** 2
    collar = rng.uniform(0, 25) * bump(across, 0, 16, 1)
    cloth = as_image(who.cloth) * (0.85 + 0.12 * fuzz + 0.2 * who.light[0] * across / 89)
    paint(image, cloth, ramp(shoulders - collar, 2.5))


def paint_headwear(image, who, u, v, x, y, fuzz):
    """A hat with a brim, or a headscarf that leaves the face free."""
    fabric = as_image(who.cloth[::-1]) * ((0.8 + 0.25 * who.light[0] * u + 0.1 * fuzz) * (1 - 0.35 * u**2))
    if who.hat:
        edge = -28 - 8 * u**2 - y
        shape = ramp((1.16 - np.hypot(u, np.minimum(v + 0.25, 0) / 0.85)) * who.wide, 2.5)
        image *= 1 - 0.4 * shape * ramp(edge + 7, 8)  # its shadow
        paint(image, fabric * (1 - 0.3 * ramp(9 - edge, 2)), shape * ramp(edge, 2))
    else:
        shape = ramp((1.2 - np.hypot(u * (1 - 0.1 * np.clip(v, 0, 1.4)), np.minimum(v, 0))) * who.wide, 3)
        opening = np.hypot(x / 39, (y - 14) / np.where(y < 14, 54, 57)) - 1
        paint(image, fabric * (1 - 0.12 * np.sin(opening * 16)), shape * ramp(opening * 40, 2.5))


def draw_face(rng):
    """A portrait of nobody: PIL image, RGB, 178 x 218, as CelebA's; its centred 108 x 108 shows the face.

    All of it is drawn at random from `rng`, a np.random.Generator.
    """
    who, fuzz = somebody(rng), clouds(rng, 28, 23)
    head = turned_head(who)
    # Background: two colours, not too bright, that flow into each other.
    one, two = 0.35 * rng.uniform(0, 255, (2, 3)) + 0.65 * rng.uniform(0, 255, (2, 1))
    image = np.broadcast_to(as_image(one), (3, 109, 89)).copy()
    paint(image, two, np.clip(0.5 + rng.uniform(0.1, 0.9) * clouds(rng, 5, 4), 0, 1))

    locks, outline, strands = hair(who, head, fuzz, rng)
    paint(image, locks * 0.75, ramp(outline, 4) * ramp(who.back - head.y + 6 * strands, 12))  # behind the head
    paint_body(image, who, head.across, head.down, fuzz, rng)
    face = lit_face(who, head, fuzz, rng)
    paint(image, face, ramp((1 - head.radius) * who.wide, 2.5))
    if who.glasses:
        paint_glasses(image[:, 38:74], who, head.x[38:74], head.y[38:74], rng)
    paint_fringe(image, who, head, locks, outline, strands)
    if who.hat or who.scarf:
        paint_headwear(image, who, head.u, head.v, head.x, head.y, fuzz)

    brightness, contrast = rng.uniform(123, 143), rng.uniform(1, 1.3)
    image = (brightness + contrast * (image - 123)) * np.float32(rng.normal(1, 0.03, (3, 1, 1)))
    image = np.minimum(image, 185 + 70 * np.tanh((image - 185) / 70))  # soft highlights, as of a camera
    pixels = np.clip(image, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return Image.fromarray(pixels).resize((178, 218), Image.Resampling.BICUBIC)


def turned_head(who):
    """Where each pixel lies on the head, which is a ball; all are [109, 89].

    (u, v) is its place on the ball's disc, in [-1, 1], at `radius`, and `depth` is how near it is to us. (x, y) is
    its place on the face, in pixels right of the nose and below the eyes, which moves as the ball turns;
    (across, down) the same without the turn.
    """
    sin, cos = math.sin(who.turn), math.cos(who.turn)
    across = ACROSS + who.tilt * DOWN + 0.85 * who.wide * sin  # the head moves so that the eyes stay in place
    down = DOWN - who.tilt * ACROSS
    v = (down - 8) / who.tall
    low = np.clip(v, 0, 1.4)
    u = across / (who.wide * (1 - who.jaw * low * np.sqrt(low)))
    radius = np.sqrt(u**2 + v**2 * np.sqrt(np.sqrt(np.abs(v))))
    depth = np.sqrt(np.maximum(1 - radius**2, 0))
    x = who.wide * (u * cos - depth * sin)
    behind = depth * cos + u * sin < 0
    x = np.where(behind, np.sign(x) * np.maximum(np.abs(x), 2 * who.wide - np.abs(x)), x)
    y = down + who.tall * who.nod * (depth - 0.9)
    return SimpleNamespace(across=across, down=down, u=u, v=v, low=low, radius=radius, depth=depth, x=x, y=y)


def hair(who, head, fuzz, rng):
    """(its colours, how far inside its outline a pixel lies, strands that run from the parting outwards and down)."""
    rays = (head.x - who.parting) / (np.abs(head.y + 110) + 12)
    strands = np.interp(rays * 36, np.arange(-60, 60), rng.normal(0, 1, 120)).astype(np.float32)
    hair_u = head.across / (who.wide * (0.52 + 0.5 * who.volume + 0.06 * (who.back > 60) * head.low))
    hair_v = np.minimum(head.v + 0.1, 0) / (0.98 * who.volume)
    outline = (1 - np.hypot(hair_u, hair_v)) * who.wide + 4 * who.curl * fuzz + 0.6 * strands
    gloss = 0.62 + 0.3 * np.maximum(1 - hair_u**2, 0) + 0.35 * who.light[0] * hair_u
    gloss *= 1 + 0.15 * (1 - who.curl) * strands + 0.3 * who.curl * fuzz
    gloss += 0.35 * (1 - who.curl) * bump(hair_u - 0.5 * who.light[0], head.y + 58 + 2 * strands, 0.7, 9)
    return as_image(who.hair) * gloss + 14 * np.maximum(gloss - 0.7, 0), outline, strands


def lit_face(who, head, fuzz, rng):
    """The face as an image: colours first; then light, which falls on the slopes of the relief."""
    x, y = head.x, head.y
    face = np.broadcast_to(as_image(who.skin), (3, *y.shape)).copy()
    blush = 0.6 * bump(np.abs(x) - 25, y - 22, 12, 10) + 0.4 * bump(x, y - 27, 8, 6)
    paint(face, who.skin * [1.04, 0.86, 0.84], blush)
    if who.beard:
        paint_beard(face, who, x, y, fuzz)
    if who.age > 0.3:
        paint_wrinkles(face, who, x, y)
    paint_mouth(face[:, *MOUTH], who, x[MOUTH], y[MOUTH], rng)
    paint_eyes(face[:, *EYES], who, x[EYES], y[EYES], rng)
    down_slope, right_slope = np.gradient(relief(who, x, y, head.depth), 2)
    right, below, near = who.light
    facing = (near - right * right_slope - below * down_slope) / np.sqrt(1 + right_slope**2 + down_slope**2)
    facing = np.maximum(facing, 0)  # the cosine between the light and the skin: Lambert's law
    face = lit(face, who.ambient + (1.15 - who.ambient) * facing)
    return face + rng.uniform(0, 60) * facing**24  # skin shines a little


def paint_fringe(image, who, head, locks, outline, strands):
    """Hair in front of the head, above a hairline that falls from the parting to the sides; its shadow first."""
    from_parting = head.x - who.parting
    fall = np.abs(from_parting) / (0.92 * who.wide - np.sign(from_parting) * who.parting)
    hairline = who.line + (who.side - who.line) * np.minimum(fall, 1) ** who.bend
    hairline += (2 + 3 * who.curl) * strands
    if who.volume > 1:
        image *= 1 - 0.4 * ramp(outline, 3) * ramp(hairline + 5 - head.y, 8)
        paint(image, locks, ramp(outline, 3) * ramp(hairline - head.y, 5))
