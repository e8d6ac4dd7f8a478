"""Sums up at the end of a test run which faults were provoked: modules with `pytestmark = pytest.mark.fault`."""

from collections import defaultdict


def pytest_terminal_summary(terminalreporter):
    runs = defaultdict(list)
    for report in terminalreporter.getreports('passed') + terminalreporter.getreports('failed'):
        if 'fault' in report.keywords and report.when == 'call':
            module, _, name = report.nodeid.partition('::test_')
            runs[module, name.partition('[')[0]].append(report.passed)
    if runs:
        terminalreporter.section('faults provoked')
        terminalreporter.line(f'{"times":>6}{"right":>6}  what must hold')
        for (_, name), passed in sorted(runs.items()):
            terminalreporter.line(f'{len(passed):6}{sum(passed):6}  {name.replace("_", " ")}')
        everything = [passed for each in runs.values() for passed in each]
        terminalreporter.line(f'{len(everything):6}{sum(everything):6}  all')
