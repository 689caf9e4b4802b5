"""Jobs are done in order, bounded, watched, cancelled, and end when they are told to."""

from __future__ import annotations

import threading
import time

import pytest
from web.conftest import until

from scenefill.web.pool import BusyError, CancelledError, Job, Pool, StoppedError


class Blocked:
    """A pool of one worker that is held up."""

    def __init__(self, room: int = 2) -> None:
        self.pool = Pool("test", 1, room)
        self.gate, begun = threading.Event(), threading.Event()

        def hold(job: Job[str]) -> str:
            begun.set()
            assert self.gate.wait(10)
            return "held"

        self.first = self.pool.submit(hold)
        assert begun.wait(10)


def test_results_and_errors_come_back() -> None:
    pool = Pool("test", 2, 4)
    assert pool.submit(lambda job: 6 * 7).future.result(10) == 42
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda job: 1 / 0).future.result(10)
    assert pool.submit(lambda job: "still at work").future.result(10) == "still at work"


def test_the_queue_is_bounded_and_in_order() -> None:
    blocked, done = Blocked(), list[int]()
    jobs = [blocked.pool.submit(lambda job, number=number: done.append(number)) for number in range(2)]
    assert [blocked.pool.position(job) for job in (blocked.first, *jobs)] == [0, 1, 2]
    assert [job.state for job in (blocked.first, *jobs)] == ["running", "queued", "queued"]
    with pytest.raises(BusyError):
        blocked.pool.submit(lambda job: None)
    jobs.append(blocked.pool.submit(lambda job: done.append(2), bounded=False))
    blocked.gate.set()
    jobs[-1].future.result(10)
    assert done == [0, 1, 2]
    assert jobs[0].state == "done"


def test_a_waiting_job_is_cancelled_at_once() -> None:
    blocked = Blocked()
    job = blocked.pool.submit(lambda job: 1)
    blocked.pool.cancel(job)
    with pytest.raises(CancelledError):
        job.future.result(0)
    assert (job.state, blocked.pool.waiting()) == ("cancelled", 0)
    blocked.gate.set()
    blocked.first.future.result(10)
    blocked.pool.cancel(blocked.first)
    assert blocked.first.state == "done", "what is done stays done"


def test_a_running_job_is_cancelled_at_its_next_crop() -> None:
    begun = threading.Event()

    def work(job: Job[None]) -> None:
        begun.set()
        for done in range(1000):
            job.progress(done, 1000)
            time.sleep(0.01)

    pool = Pool("test", 1, 1)
    job = pool.submit(work)
    assert begun.wait(10)
    until(lambda: job.crops_done > 1)
    pool.cancel(job)
    with pytest.raises(CancelledError):
        job.future.result(10)
    assert job.crops_done < 999


def test_stopping_lets_running_work_finish() -> None:
    blocked = Blocked()
    waiting = blocked.pool.submit(lambda job: 1)
    threading.Timer(0.1, blocked.gate.set).start()
    blocked.pool.stop(10)
    assert blocked.first.future.result(0) == "held"
    with pytest.raises(StoppedError):
        waiting.future.result(0)
    with pytest.raises(StoppedError):
        blocked.pool.submit(lambda job: 1)


def test_stopping_does_not_wait_for_ever() -> None:
    blocked = Blocked()
    blocked.pool.stop(0.05)
    with pytest.raises(StoppedError):
        blocked.first.future.result(0)
    blocked.gate.set()
    until(lambda: not blocked.pool.running())
