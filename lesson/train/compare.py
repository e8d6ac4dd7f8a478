"""Training runs below each other in one small picture: what each generated, and its losses."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from lesson.pictures import enlarged, png, titled

ENLARGE = 2  # pixels for each pixel of a generated image
PLOT = 300  # pixels that the losses are wide
MARGIN = 10
BLUE, ORANGE = (31, 119, 180), (255, 127, 14)  # of the curves: d_loss, g_loss
GRAYS = 12  # of the palette, in which the rest are the curves' colors and their mixtures with white


def comparison(trainings: dict, alt: str = ''):
    """A PNG for a notebook (IPython.display.Image), and its bytes as `.data`.

    trainings: {title: (losses [steps, 2], d_loss and g_loss; Pillow image)}, from top to bottom, all images of one
    size. All losses have the same axes, so that they can be compared. alt: its alternative text; '': the titles.
    """
    from IPython.display import Image as Picture

    rows = [titled(enlarged(image.convert('RGB'), ENLARGE), title) for title, (_, image) in trainings.items()]
    width, height = max(row.width for row in rows), rows[0].height
    page = Image.new('RGB', (width + MARGIN + PLOT, len(rows) * height), 'white')
    highest = min(12, max(losses.max() for losses, _ in trainings.values()))
    for number, (row, (losses, _)) in enumerate(zip(rows, trainings.values(), strict=True)):
        page.paste(row, (0, number * height))
        page.paste(_plot(losses, highest, height), (width + MARGIN, number * height))
    page = page.quantize(palette=_palette(), dither=Image.Dither.NONE)
    return Picture(png(page, bits=4, optimize=True), alt=alt or f'generated images and losses: {", ".join(trainings)}')


def _plot(losses, highest, height):
    """The two curves of losses [steps, 2], up to the loss `highest`, as a Pillow image `height` pixels high."""
    figure = Figure(figsize=(PLOT / 100, height / 100), dpi=100, layout='constrained')
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot()
    for column, name, color in ((1, 'g_loss', ORANGE), (0, 'd_loss', BLUE)):
        steps = np.arange(1, len(losses) + 1)
        axes.plot(steps, losses[:, column], color=np.divide(color, 255), linewidth=0.8, label=name)
    axes.set_ylim(0, 1.05 * highest)
    axes.tick_params(labelsize=7)
    figure.legend(fontsize=7, loc='outside upper right', frameon=False, ncols=2)  # above the curves, not over them
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert('RGB')


def _palette():
    """The 16 colors of a comparison, as Pillow wants them: 4 bits for each pixel make small files."""
    grays = [(level,) * 3 for level in np.linspace(0, 255, GRAYS).astype(int).tolist()]
    mixtures = [tuple((part + 255) // 2 for part in color) for color in (BLUE, ORANGE)]
    palette = Image.new('P', (1, 1))
    palette.putpalette([part for color in [*grays, BLUE, ORANGE, *mixtures] for part in color])
    return palette
