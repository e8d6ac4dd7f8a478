"""Who has handed in what."""

import re

import pytest

from lesson.grade import roster

ROSTER = 'E-mail;Full name;Student ID\r\nann@x.edu;Ann Lee;s1\r\nb.o@x.edu;"Ode, Bob";s2\r\ncho@x.edu;Cho Kím;s3\r\n'


@pytest.fixture
def persons(tmp_path):
    (tmp_path / 'class.csv').write_bytes(b'\xef\xbb\xbf' + ROSTER.encode())
    return roster.people(tmp_path / 'class.csv')


def counting(names, persons, **more):
    """{the name of a learner: the notebook that counts}."""
    return {each.name: each.notebook for each in roster.learners(names, {}, persons, **more)}


@pytest.mark.parametrize(
    ('name', 'platform', 'late'),
    [
        ('leeann_12345_67890_my', 'canvas', False),
        ('leeann_LATE_12345_67890_my_face-1', 'canvas', True),
        ('export/Ann Lee_123_assignsubmission_file_/my', 'moodle', False),
        ('Ann Lee_123_assignsubmission_file/sub/my', 'moodle', False),
        ('Ann Lee_123_assignsubmission_file_my', 'moodle', False),
        ('GAN faces_s1_attempt_2026-01-31-10-00-00_my', 'blackboard', False),
        ('leeann_12345_67890_all.zip/my', 'canvas', False),
        ('Ann Lee', 'plain', False),
        ('ann-lee (2)', 'plain', False),
        ('s1/my_face_generation', 'plain', False),
        ('group/ann@x.edu/my.ipynb (1).txt', 'plain', False),
    ],
)
def test_the_name_that_a_platform_gives_leads_to_the_learner(persons, name, platform, late):
    learner, *others = roster.learners([name], {}, persons)
    (attempt,) = learner.attempts
    assert (learner.id, attempt.platform, attempt.late) == ('s1', platform, late)
    assert len(others) == 2 and {each.state for each in others} == {'missing'}


def test_folders_of_github_classroom_end_with_the_user(persons):
    names = [f'gan-faces-{user}/my' for user in ('s1', 's2', 'no-one')]
    found = roster.learners(names, {'gan-faces-s3': 'it contains no notebook', 'notes.pdf': ''}, persons)
    assert [each.notebook for each in found] == [*names[:2], None, names[2]]
    assert found[2].state == 'not a notebook', 'a folder without a notebook'
    assert (found[3].name, found[3].known) == ('no-one', False)


def test_a_pattern_of_ones_own_comes_first(persons):
    names = ['hw-7 by s2 try b', 'hw-7 by s3 try 1', 'hw-7 by s3 try 2']
    pattern = re.compile(r'by (?P<id>\w+) try (?P<attempt>\w)')
    assert counting(names, persons, pattern=pattern) == {'Ann Lee': None, 'Ode, Bob': names[0], 'Cho Kím': names[2]}


@pytest.mark.parametrize(
    'names',
    [
        ['leeann_1_98_my', 'leeann_1_101_my-1', 'leeann_LATE_1_99_my-2'],
        [
            'x_s1_attempt_2026-01-31-10-00-00_z',
            'x_s1_attempt_2026-02-01-09-00-00_a',
            'x_s1_attempt_2025-12-31-23-59-59',
        ],
        ['Ann Lee', 'Ann Lee-10', 'Ann Lee-9'],
    ],
)
def test_the_newest_of_several_attempts_counts(persons, names):
    for order in (names, names[::-1]):
        ann = roster.learners(order, {}, persons)[0]
        assert ann.notebook == names[1]
        assert ann.notes()[0].startswith('3 attempts: this one counts, not ')


def test_without_a_roster_everyone_is_who_the_name_says_and_no_plain_file_is_taken_for_an_attempt():
    names = ['kimcho_7_8_my', 'kimcho_7_9_my', 'a/my', 'b/my', 'hw_2024_01_ann', 'hw_2024_01_ben']
    found = counting(names, None)
    assert found == {'kimcho': 'kimcho_7_9_my', **{name: name for name in names[2:]}}


def test_two_of_one_name_are_told_apart_by_a_platforms_number_or_not_at_all(tmp_path):
    path = tmp_path / 'canvas.csv'
    path.write_text('Student,ID,SIS User ID,Section\n"Lee, Ann",11,u1,A\n"Lee, Ann",12,u2,A\n', 'utf-8')
    found = roster.learners(['leeann_12_5_my', 'Ann Lee'], {}, roster.people(path))
    assert [(each.id, each.notebook, each.known) for each in found] == [
        ('u1', None, True), ('u2', 'leeann_12_5_my', True), ('', 'Ann Lee', False),
    ]  # fmt: skip


def test_what_is_not_a_notebook_is_told_of_its_learner(persons):
    found = roster.learners([], {'leeann_1_2_my.py': 'it is a Python file, not a notebook'}, persons)
    assert found[0].state == 'not a notebook'
    assert found[0].notes() == ['not judged: leeann_1_2_my.py: it is a Python file, not a notebook']


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('Müller;1'.encode('latin-1'), 'save it as "CSV UTF-8"'),
        (b'', 'not a table'),
        (b'a,b\n"1,2', 'not a table'),
        (b'points,sum\n1,2\n', 'has no column "id", only points, sum: rename one of them'),
        (b'id,points\n1,2\n', 'has no column "remark", only id, points'),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, content, said):
    path = tmp_path / 'class.csv'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        roster.people(path, ['remark'])
    with pytest.raises(ValueError, match='No such file'):
        roster.people(tmp_path / 'none.csv')
