"""What is handed in as a zip."""

import stat
import zipfile

import pytest

from lesson.grade import submissions


def pack(path, **files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_like_a_folder_of_its_files(tmp_path):
    place, output = tmp_path / 'class', tmp_path / 'out'
    pack(place / 'ann.zip', **{'work/my.ipynb': '{}', 'work/layers.py': 'x', '__MACOSX/._my.ipynb': '', 'in.zip': ''})
    pack(place / 'ben.zip', **{'my.py': 'x'})
    for _ in range(2):  # unpacked, and from the last time
        names, left = submissions.found(place, output)
        assert [*names] == ['ann.zip/work/my'] and (names['ann.zip/work/my'].parent / 'layers.py').is_file()
        assert left == {
            'ann.zip/in.zip': 'it is an archive: unpack it',
            'ben.zip': 'it contains no notebook, but my.py',
        }
    assert {path.name for path in place.iterdir()} == {'ann.zip', 'ben.zip'}


def link(path):
    info = zipfile.ZipInfo('my.ipynb')
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr(info, '/etc/passwd')


@pytest.mark.parametrize(
    ('write', 'said'),
    [
        (lambda path: pack(path, **{'../../out.ipynb': '{}'}), 'leads outside'),
        (lambda path: pack(path, **{'/tmp/out.ipynb': '{}'}), 'leads outside'),
        (link, 'or is a link'),
        (lambda path: pack(path, **{'bomb.ipynb': bytes(submissions.FILES + 1)}), 'more than is unpacked'),
        (lambda path: pack(path, **dict.fromkeys(map(str, range(5_001)), '')), 'more than is unpacked'),
        (lambda path: path.write_bytes(b'PK no zip'), 'cannot be unpacked'),
    ],
)  # fmt: skip
def test_a_zip_that_leads_elsewhere_or_is_too_large_is_named_and_not_unpacked(tmp_path, write, said):
    (tmp_path / 'class').mkdir()
    write(tmp_path / 'class' / 'bad.zip')
    names, left = submissions.found(tmp_path / 'class', tmp_path / 'class' / 'out')
    assert not names and said in left['bad.zip']
    assert not [*tmp_path.rglob('*.ipynb'), *tmp_path.rglob('*.part')]


def test_receipts_of_blackboard_are_not_named_where_there_is_a_file(tmp_path):
    for name in ('a_ann_attempt_2026-01-31-10-00-00', 'a_ben_attempt_2026-01-31-10-00-00'):
        (tmp_path / f'{name}.txt').write_text('')
    (tmp_path / 'a_ann_attempt_2026-01-31-10-00-00_my.ipynb').write_text('{}')
    names, left = submissions.found(tmp_path)
    assert len(names) == 1 and [*left] == ['a_ben_attempt_2026-01-31-10-00-00.txt']


def test_what_a_platform_has_named_is_handed_in_and_a_module_beside_a_notebook_is_not(tmp_path):
    for name in ('canvas/lee_12_34_my.ipynb', 'canvas/ode_13_35_my.py', 'canvas/layers.py'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{}')
    names, left = submissions.found(tmp_path)
    assert [*names] == ['canvas/lee_12_34_my']
    assert left == {'canvas/ode_13_35_my.py': 'it is a Python file, not a notebook'}


def test_an_export_that_is_a_zip_is_like_a_folder_with_zips_in_it(tmp_path):
    inner = pack(tmp_path / 'inner.zip', **{'my.ipynb': '{}'}).read_bytes()
    export = pack(tmp_path / 'export.zip', **{'lee_12_34_all.zip': inner})
    folder = submissions.unpacked(export, tmp_path / 'out')
    assert [*submissions.found(folder, tmp_path / 'out')[0]] == ['lee_12_34_all.zip/my']
