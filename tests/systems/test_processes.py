"""Work in forked processes: order, errors, processes that are killed."""

import gc
import os
import signal
from functools import partial

import pytest

from analysis.kernels import start_server, warm_is_possible
from analysis.processes import spread

pytestmark = pytest.mark.skipif(not warm_is_possible(), reason="this system does not fork")


@pytest.fixture(scope="module", autouse=True)
def _server():
    start_server()


def told(number):
    return number, os.getpid(), os.getcwd(), os.environ.get("WHERE")


def test_pieces_are_done_elsewhere_in_the_surroundings_of_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHERE", "here")
    found = spread(told, [1, 2, 3], 2)
    assert [number for number, *_ in found] == [1, 2, 3]
    assert os.getpid() not in {process for _, process, *_ in found}
    assert {(folder, where) for *_, folder, where in found} == {(str(tmp_path), "here")}


def threshold(_):
    return gc.get_threshold()[0]


def test_the_collector_looks_rarely_in_a_forked_process():
    assert spread(threshold, [1], 2) == [50_000]


def test_one_process_is_this_one():
    assert {process for _, process, *_ in spread(told, [1, 2], 1)} == {os.getpid()}


class PlacedError(Exception):
    """An error that does not survive being sent to another process."""

    def __init__(self, place, rule):
        super().__init__(f"{place}: {rule}")


def refuse(number):
    if number == 2:
        raise PlacedError("b.xlsx", "no such row")
    return number


def test_an_error_is_raised_as_it_is():
    with pytest.raises(PlacedError, match=r"b\.xlsx: no such row"):
        spread(refuse, [1, 2, 3], 2)


def killed_once(mark, number):
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_what_a_killed_process_left_is_done_here(tmp_path):
    assert spread(partial(killed_once, tmp_path / "mark"), [1, 2, 3], 2) == [1, 2, 3]
