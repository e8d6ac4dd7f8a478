"""Preparations killed at random moments, and mutated files: right data or a clear error. A part of the soak test.

A kill is a SIGKILL of a process that prepares faces; the next run has to end with the right
images without touching what was prepared before. A mutant is a file with random damage, opened by
helper.Dataset in a process that may take 1 GB of memory and 20 seconds for it; it has to give what an
independent reading gives, or an error that names the file.
"""

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
import helper  # noqa: E402
from lesson import cache  # noqa: E402

FACES = 400
PART = 8  # pictures in a block: many blocks of few large pictures are many moments to be killed at
SECONDS = 20

# One process of a preparation: it says when it is ready and begins when it is told to.
PREPARE = f"""
import hashlib, sys
import helper
from lesson import prepare
prepare.PART = {PART}
helper.DATA_SETS['celeba'] = helper.DATA_SETS['celeba']._replace(picture_size=None)
print('ready', flush=True)
data_dir = sys.stdin.readline().rstrip('\\n')
images = helper.open_dataset('celeba', data_dir).images
print(hashlib.sha256(images.tobytes()).hexdigest())
"""


# ---------------------------------------------------------------------------------------------- kills


class Faces:
    """A zip of faces, two of 400 broken (less than 1 %), and what has to come out of it."""

    def __init__(self, rng):
        jpegs, pixels = [], []
        for _ in range(40):
            noise = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).resize((640, 640))
            file = io.BytesIO()
            noise.save(file, 'JPEG')
            jpegs.append(file.getvalue())
            cropped = Image.open(file).crop((266, 266, 374, 374))
            pixels.append(np.asarray(cropped.resize((28, 28), Image.Resampling.BILINEAR)))
        chosen = rng.integers(0, 40, FACES)
        broken = rng.choice(FACES, 2, replace=False).tolist()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w') as archive:
            for i, k in enumerate(chosen):
                content = jpegs[k]
                archive.writestr(f'img_align_celeba/{i:06d}.jpg', content[:500] if i in broken else content)
            self.places = [(member.header_offset, member.compress_size) for member in archive.infolist()]
        self.content = packed.getvalue()
        self.images = np.stack([pixels[k] for i, k in enumerate(chosen) if i not in broken])

    def write(self, data_dir, spoilt=()):
        """Put the zip into data_dir, always with the same time; the pictures in `spoilt` are overwritten."""
        content = bytearray(self.content)
        for i in spoilt:
            offset, size = self.places[i]
            content[offset + 60 : offset + size] = bytes(size - 60)  # the local header has 57 bytes
        path = Path(data_dir, 'img_align_celeba.zip')
        path.write_bytes(content)
        os.utime(path, ns=(10**18, 10**18))


def start(data_dir):
    """A process that prepares the faces in data_dir, in a session of its own, with its imports done."""
    process = subprocess.Popen(
        [sys.executable, '-c', PREPARE],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == 'ready\n'
    process.stdin.write(f'{data_dir}\n')
    process.stdin.flush()
    return process


def prepared_faces(data_dir):
    """The images that a process of `start` has prepared."""
    about = helper.DATA_SETS['celeba']
    helper.DATA_SETS['celeba'] = about._replace(picture_size=None)
    try:
        return helper.open_dataset('celeba', data_dir).images
    finally:
        helper.DATA_SETS['celeba'] = about


def kill(process):
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()


def alive(session):
    """The processes of a session that are not over."""
    found = []
    for status in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, _, sid = status.read_text().rpartition(')')[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if int(sid) == session and state not in 'ZX':
            found.append(int(status.parent.name))
    return found


def outlived_by(session, seconds=10):
    """The processes of a session that are still there after so many seconds, or as soon as there is none."""
    end = time.monotonic() + seconds
    while (left := alive(session)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def prepared_pictures(data_dir):
    """The indices of the pictures whose blocks are on disk."""
    blocks = [path.name for path in Path(data_dir).glob('*.part/*') if path.suffix != '.part']
    return [i for name in blocks for i in range(int(name.split('-')[0]), FACES)[:PART]]


def finish(faces, data_dir):
    """Prepare to the end in a new process what another one left; returns what went wrong, '' for nothing."""
    faces.write(data_dir, spoilt=prepared_pictures(data_dir))  # to prepare them again would be noticed
    process = start(data_dir)
    printed, errors = process.communicate(timeout=120)
    if process.returncode:
        return errors.strip().splitlines()[-1]
    with redirect_stdout(io.StringIO()):
        images = prepared_faces(data_dir)
    if not np.array_equal(images, faces.images):
        return 'wrong images'
    if 'Skipped' in printed and 'Skipped 2 of 400' not in printed:
        return 'the broken pictures are not all counted'
    left = [path.name for path in Path(data_dir).iterdir() if path.suffix not in ('.zip', '.npy')]
    return f'left behind: {left}' if left else ''


def run_kills(rng, kills, folder):
    """Yield the outcome of each kill; one that begins with WRONG must not be."""
    faces = Faces(rng)
    folder = Path(folder)
    (folder / 'undisturbed').mkdir()
    faces.write(folder / 'undisturbed')
    begun = time.monotonic()
    start(folder / 'undisturbed').communicate()
    duration = time.monotonic() - begun
    done = 0
    while done < kills:
        data_dir = folder / f'killed-{done}'
        data_dir.mkdir()
        faces.write(data_dir)
        killed = []
        for _ in range(min(int(rng.integers(1, 4)), kills - done)):
            process = start(data_dir)
            time.sleep(rng.uniform(0, duration))
            kill(process)
            killed.append('a process outlived it' if outlived_by(process.pid) else '')
        wrong = finish(faces, data_dir)
        for outlived in killed:
            problem = outlived or wrong
            yield f'WRONG: {problem}' if problem else 'right data afterwards, and no block prepared twice'
        done += len(killed)


# -------------------------------------------------------------------------------------------- mutants


def mutate(rng, content, most=None):
    """Random damage to the first `most` bytes (all, if None): another content of the same kind of file."""
    content = bytearray(content)
    end = len(content) if most is None else most
    at = int(rng.integers(end))
    match rng.choice(['flips', 'header', 'tail', 'cut', 'insert', 'zeros', 'repeat']):
        case 'flips':
            for place in rng.integers(0, end, rng.integers(1, 9)):
                content[place] ^= 1 << int(rng.integers(8))
        case 'header':
            put_number(rng, content, int(rng.integers(min(end, 64))))
        case 'tail':  # where a zip has its list of members
            put_number(rng, content, max(0, end - 1 - int(rng.integers(400))))
        case 'cut':
            del content[at:]
        case 'insert':
            content[at:at] = rng.bytes(int(rng.integers(1, 100)))
        case 'zeros':
            stop = min(end, at + int(rng.integers(1, 100)))
            content[at:stop] = bytes(stop - at)
        case 'repeat':
            content[at:at] = content[at : at + int(rng.integers(1, 1000))]
    return bytes(content)


def put_number(rng, content, at):
    """Overwrite 1, 2 or 4 bytes with an extreme number."""
    size = int(rng.choice([1, 2, 4]))
    number = int(rng.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1])) % 256**size
    content[at : at + size] = number.to_bytes(size, str(rng.choice(['big', 'little'])))


def digits(rng):
    images = rng.integers(0, 256, (9, 28, 28, 1), np.uint8)
    return images, b''.join(n.to_bytes(4, 'big') for n in (0x803, 9, 28, 28)) + images.tobytes()


def picture(rng, kind):
    file = io.BytesIO()
    noise = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).resize((178, 218))
    if kind == 'PNG' and rng.integers(2):
        noise = noise.convert(str(rng.choice(['L', 'P', '1'])))
    noise.save(file, kind)
    return file.getvalue()


def write_mutant(rng, kind, folder):
    """Make one folder of `kind` with a mutant in it, ready for `open_mutant`."""
    images, plain = digits(rng)
    path = folder / 'mnist' / 'train-images-idx3-ubyte'
    if kind == 'IDX':
        path.parent.mkdir()
        path.write_bytes(mutate(rng, plain))
    elif kind == 'IDX.gz':
        path.parent.mkdir()
        path.with_name(f'{path.name}.gz').write_bytes(mutate(rng, gzip.compress(plain)))
    elif kind in ('JPEG', 'PNG'):
        (folder / 'own').mkdir()
        (folder / 'own' / f'a.{kind.lower()}').write_bytes(picture(rng, kind))
        (folder / 'own' / f'b.{kind.lower()}').write_bytes(mutate(rng, picture(rng, kind)))
    elif kind == 'zip':
        pictures = [picture(rng, 'JPEG') for _ in range(4)]
        np.save(folder / 'expected', np.stack([by_hand(io.BytesIO(p), 108) for p in pictures]))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w', int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
            for i, content in enumerate(pictures):
                archive.writestr(f'img_align_celeba/{i}.jpg', content)
        (folder / 'celeba.zip').write_bytes(mutate(rng, packed.getvalue()))
    elif kind == 'cache':
        path.parent.mkdir()
        path.write_bytes(plain)
        np.save(folder / 'expected', images)
        with redirect_stdout(io.StringIO()):
            helper.open_dataset('mnist', folder)
        (prepared,) = path.parent.glob('*.npy')
        prepared.write_bytes(mutate(rng, prepared.read_bytes()))
    else:  # a block of an unfinished preparation
        (folder / 'own').mkdir()
        for name in 'ab':
            (folder / 'own' / f'{name}.jpeg').write_bytes(picture(rng, 'JPEG'))
        with suppress(KeyboardInterrupt):
            stop_before_the_end(folder)
        (block,) = folder.glob('*.part/*')
        block.write_bytes(mutate(rng, block.read_bytes()))


def stop_before_the_end(folder):
    """Prepare the pictures in folder/own, but for putting the blocks together."""

    def interrupted(*_):
        raise KeyboardInterrupt

    save = cache._save
    cache._save = lambda path, blocks, row: interrupted(next(blocks))
    try:
        with redirect_stderr(io.StringIO()):
            helper.open_dataset('own', folder)
    finally:
        cache._save = save


def by_hand(file, crop=None):
    """A picture as Pillow alone gives it, in RGB."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        image = Image.open(file)
        if image.width * image.height > 50_000_000:
            raise ValueError('too large')
        side = crop or min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
        return np.asarray(image.convert('RGB').resize((28, 28), Image.Resampling.BILINEAR))


def by_hand_idx(path):
    """The images of an IDX file, or None when it is damaged."""
    content = path.read_bytes()
    with suppress(Exception):
        if path.suffix == '.gz' and content[:2] == b'\x1f\x8b':
            content = gzip.decompress(content)
        sizes = np.frombuffer(content, '>u4', 4)
        if sizes[0] == 0x803 and sizes[1] > 0 and tuple(sizes[2:]) == (28, 28):
            return np.frombuffer(content, np.uint8, offset=16).reshape(sizes[1], 28, 28, 1)
    return None


def open_mutant(kind, folder):
    """Open a folder's data and judge what comes; an outcome that begins with WRONG is one that must not be."""
    name = {'zip': 'celeba', 'JPEG': 'own', 'PNG': 'own', 'block': 'own'}.get(kind, 'mnist')
    printed = io.StringIO()
    try:
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            mode = 'RGB' if name == 'own' else None
            images = np.array(helper.open_dataset(name, folder, image_mode=mode).images)
    except (ValueError, OSError) as error:
        if kind in ('cache', 'block', 'JPEG', 'PNG'):
            return f'WRONG: {error!r}'  # made anew, or skipped
        if kind.startswith('IDX') and by_hand_idx(next((folder / 'mnist').iterdir())) is not None:
            return f'WRONG: a whole file is refused: {error}'
        return 'clear error' if str(folder) in str(error) else f'WRONG: no file is named in {error!r}'
    except BaseException as error:
        return f'WRONG: {error!r}'

    if kind.startswith('IDX'):
        expected = by_hand_idx(next(path for path in (folder / 'mnist').iterdir() if path.suffix != '.npy'))
        same = expected is not None and np.array_equal(images, expected)
    elif kind == 'zip':  # checksums prove each image to be one that was there; a name may be another, and the order
        there = {image.tobytes() for image in np.load(folder / 'expected.npy')}
        same = all(image.tobytes() in there for image in images)
    elif kind == 'cache':
        same = np.array_equal(images, np.load(folder / 'expected.npy'))
    else:
        whole, damaged = sorted((folder / 'own').iterdir())
        expected = [by_hand(whole)]
        with suppress(Exception):
            image = Image.open(damaged)
            expected.append(by_hand(damaged))
            if image.mode not in ('L', 'RGB', 'P', '1') or image.has_transparency_data or image.getexif():
                expected[1] = images[1]  # converted by rules of our own, which other tests look at
        same = np.array_equal(images, np.stack(expected))
        if same and len(expected) == 1:
            skipped = printed.getvalue().startswith('Skipped 1 of 2 pictures') and ': b.' in printed.getvalue()
            return 'skipped and named' if skipped else f'WRONG: skipped, but printed {printed.getvalue()!r}'
    return 'right data' if same else 'WRONG: other images'


KINDS = 'IDX', 'IDX.gz', 'zip', 'JPEG', 'PNG', 'cache', 'block'


def open_mutants(folder):
    """What a child process does: open one mutant after the other and print what came of each."""
    import resource

    used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, used + 2**30))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process wherever it hangs
    for case in sorted(Path(folder).iterdir(), key=lambda path: int(path.name.split('-')[1])):
        signal.alarm(SECONDS)
        print(json.dumps([case.name, open_mutant(case.name.split('-')[0], case)]), flush=True)


def run_mutants(rng, mutants, folder, batch=70):
    """Yield (kind, outcome) of each mutant; each batch of them has a process of its own."""
    for first in range(0, mutants, batch):
        cases = Path(folder, f'mutants-{first}')
        for i in range(first, min(first + batch, mutants)):
            kind = KINDS[i % len(KINDS)]
            (cases / f'{kind}-{i}').mkdir(parents=True)
            write_mutant(rng, kind, cases / f'{kind}-{i}')
        waiting = {path.name for path in cases.iterdir()}
        command = [sys.executable, '-m', 'tests.soak.prepare', str(cases)]
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name, outcome in map(json.loads, run.stdout.splitlines()):
            waiting.discard(name)
            yield name.split('-')[0], outcome
        for name in waiting:  # the process ended before it came to them
            yield name.split('-')[0], f'WRONG: no outcome, the process ended with {run.returncode}'


def rows(kills, mutants, seed=0):
    """Yield (fault, times, how many went wrong, outcome) of all kills and mutants."""
    counts = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for outcome in run_kills(np.random.default_rng([seed, 1]), kills, folder):
            counts['preparation killed at a random moment', outcome] += 1
        for kind, outcome in run_mutants(np.random.default_rng([seed, 2]), mutants, folder):
            counts[f'mutated {kind}', outcome] += 1
    for (fault, outcome), times in sorted(counts.items()):
        yield fault, times, times if outcome.startswith('WRONG') else 0, outcome


if __name__ == '__main__':  # the child process of run_mutants
    open_mutants(sys.argv[1])
