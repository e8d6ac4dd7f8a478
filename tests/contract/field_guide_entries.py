"""The twenty faults of the field guide: which wrong implementation in solutions/ each is, and how to see it."""

from typing import NamedTuple

BOTH = 'images and losses'
BYPASSED = 'the next layer takes what was there before the activation'


class Entry(NamedTuple):
    fault: str  # its id in the contract
    case: str  # its name in tests/contract/solutions
    title: str
    seen: str  # where it can be seen: 'images', 'losses', BOTH or 'neither'
    how: str  # how to see it, and why it looks like that
    often: int | None = None  # how many of 110 solutions of the original course had it


ENTRIES = [
    Entry(
        'generator.random',
        'dropout left on at inference',
        'Dropout left on at inference',
        'images',
        'Compare the last two rows, digit by digit. They come from the same noise and are not the same: each call '
        'drops a different set of channels, so strokes grow, shrink, and break. The losses look healthy, and at a '
        'glance so do the images. Generate twice from the same noise, and subtract.',
        16,
    ),
    Entry(
        'generator.activation_unused',
        BYPASSED,
        'An activation of the generator is bypassed',
        BOTH,
        'At the start only: the first row is still a texture where strokes should be, and `g_loss` leaps higher. The '
        'network has one nonlinearity fewer. It learns all the same. **Verdict: later, it looks healthy**, and only '
        'the test notices.',
        14,
    ),
    Entry(
        'discriminator.activation_unused',
        BYPASSED,
        'An activation of the discriminator is bypassed',
        'neither',
        '**Verdict: looks healthy.** The discriminator is a little weaker, and an easier opponent does not hurt the '
        'generator visibly. Look for a name that is assigned and never used again; an editor shows it in gray.',
    ),
    Entry(
        'train.range',
        'real images as they come',
        'Real images in [-0.5, 0.5]',
        'images',
        'Gray ground, gray strokes: nothing in the images is black or white. The generator does what it is asked to: '
        'it imitates real images that have half the contrast. The losses look healthy. Print the minimum and maximum '
        'of the batch that you feed.',
        13,
    ),
    Entry(
        'train.range',
        'real images in [-2, 0], as if they came in [0, 1]',
        'Real images in [-2, 0]',
        BOTH,
        'All images are alike, black with white grains. `d_loss` falls to a flat line and `g_loss` climbs: no image '
        'that tanh can make is as dark as the real ones, so the discriminator has won for good.',
    ),
    Entry(
        'discriminator.batch_mixed',
        'flatten after a transpose mixes the images of a batch',
        'A flatten that mixes the images of a batch',
        'images',
        'Blobs: strokes run together, holes are filled, and hardly anything becomes a digit. The '
        'discriminator judges a mixture of images, and can say nothing about a single one. The losses '
        'look healthy. Shuffle a batch: its answers must be shuffled the same way.',
        11,
    ),
    Entry(
        'discriminator.shape',
        'flatten multiplies the images of a batch',
        'A flatten that makes four rows of each image',
        'images',
        'At the start, one pattern that repeats itself within the image; later, some digits, and others that are in '
        'pieces. Each quarter of the image is judged by itself, with the same weights, so what fools it in one '
        'quarter is repeated in all. The losses look healthy. Print the shape of the logits: it has to be '
        '`[batch, 1]`.',
    ),
    Entry(
        'train.graph_grows',
        'a sampling op added by train at every display',
        'The graph grows',
        'neither',
        '**Verdict: looks healthy.** Images and losses are those of a run without a fault. Only the clock, and '
        'eventually memory, gives it away. Print `len(graph.get_operations())` twice: it must not change while '
        'training.',
        8,
    ),
    Entry(
        'generator.averages_still',
        'moving averages never updated',
        'Moving averages are never updated',
        'images',
        'Gray ghosts, while the losses are perfect to the last digit: training does not use the averages, only these '
        'images do. Batch norm assumes mean 0 and variance 1, which its input does not have.',
        4,
    ),
    Entry(
        'model_opt.no_update_ops',
        'control dependencies around AdamOptimizer only',
        'Update ops that no step runs',
        'images',
        'The same ghosts as above, for another reason: batch norm has collected its updates as it should, but no step '
        'runs them. Two different faults give the same picture; only the tests tell them apart.',
    ),
    Entry(
        'generator.averages_unused',
        'batch statistics at inference, in spite of averages',
        'Batch statistics at inference',
        'images',
        'Only in the last row, and only because its images were generated on their own: enlarged, they differ from the '
        'row above. A whole batch at once looks healthy.',
    ),
    Entry(
        'generator.norm_not_training',
        'one batch norm by its averages in training, too',
        'A batch norm that is never in training',
        'neither',
        '**Verdict: looks healthy.** One of the three layers of batch norm passes everything on as it is. With small '
        'networks the other two make up for that, with deeper ones they will not.',
    ),
    Entry(
        'discriminator.norm_not_training',
        'batch norm by averages that nothing moves',
        'Batch norm that does nothing in the discriminator',
        'images',
        'At the start, coarse blobs with straight edges, alike from column to column, and calm losses that are close '
        'together. A discriminator without batch norm starts slowly, and a slow discriminator lets blobs pass. (Some '
        'recipes leave it out on purpose, and choose other settings.)',
    ),
    Entry(
        'model_loss.from_probabilities',
        'both probabilities taken for logits',
        'Probabilities taken for logits',
        BOTH,
        'Look at the losses: two flat lines, `d_loss` at about 1.39, which is 2 log 2, and `g_loss` at about 0.69, '
        'log 2. The sigmoid is taken twice, so hardly any gradient is left, and neither network learns. The images '
        'are blurred patches, under a woven pattern.',
    ),
    Entry(
        'model_loss.order',
        'returned in the wrong order',
        'The losses swapped',
        BOTH,
        'Noise that stays noise. One loss is zero from the first steps on, the other climbs without end: each network '
        "is trained for what the other one should do, and they agree at once. (The two curves' labels are swapped as "
        'well.)',
    ),
    Entry(
        'model_loss.smoothing_idle',
        'smoothing without effect: ones_like(x * 0.9)',
        'Label smoothing without effect',
        'neither',
        '**Verdict: looks healthy**, and it is: smoothing matters little here. But the smoothing you think you have '
        'is not there. `ones_like` asks for the shape of its argument, not for its values.',
    ),
    Entry(
        'model_opt.moves_others',
        'no list of variables',
        'The discriminator moves the generator, too',
        BOTH,
        'Slower and fuzzier, and the losses are apart: `g_loss` stays high, with tall spikes. The step of the '
        'discriminator moves the generator to where its fakes are easily told apart from real images, and the step of '
        'the generator moves it back.',
    ),
    Entry(
        'model_opt.step_size',
        'learning rate ignored',
        'The learning rate is ignored',
        BOTH,
        'A run in slow motion: after 300 steps it has got only as far as the correct run had before step 200, and '
        '`g_loss` stays high, with a spike of both losses every twenty steps or so. Here 0.0002 is written into the '
        'optimizer, and 0.001 was asked for. Set it to something absurd, such as 10: if nothing happens, it is not '
        'used.',
    ),
    Entry(
        'generator.never_negative',
        'sigmoid at the end',
        'A sigmoid at the end of the generator',
        BOTH,
        'White grains on gray, the same in each image; `d_loss` is flat at once, and `g_loss` climbs. Zero is a '
        'middle gray, and nothing darker can be made: the discriminator can recognize fakes by their background '
        'alone.',
    ),
    Entry(
        'train.noise_repeats',
        'a z for all of the training',
        'The same noise at every step',
        'neither',
        '**Verdict: looks better than healthy.** The images shown come, by the same seed, from noise that it trains '
        'on at every step, which the generator learns well; other noise gives worse images: see its smaller spread in '
        'the table. Show images from noise that was never used in training.',
    ),
]
