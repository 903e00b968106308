"""What is committed is told, in order, without a gap, to each listener until it has heard it."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from core.hookspecs.events import ShopperRegistered
from core.kernel import db, events, jobs
from core.kernel.jobs import Job
from core.lib import clock

LISTENER = """
heard = []
@hookimpl
def notify_event(site, delivery):
    if FAILS and delivery.attempt <= FAILS:
        raise RuntimeError("not now")
    with transaction():
        sql = "INSERT INTO counter (name, n) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1"
        execute(sql, f"heard:{delivery.id}")
"""


def tell(site, n=1):
    with db.transaction():
        for shopper in range(n):
            events.record(ShopperRegistered(shopper_id=shopper), site.id)


def tell_inside(site):
    events.record(ShopperRegistered(shopper_id=1), site.id)


def work():
    while events.relay() + jobs.run_due():
        pass


def heard():
    return [row[0] for row in db.rows("SELECT n FROM counter WHERE name LIKE 'heard:%' ORDER BY name")]


@pytest.fixture
def listener(write_plugin, turn_on):
    def listen(fails=0):
        write_plugin("listener", LISTENER.replace("FAILS", str(fails)))
        turn_on("listener")

    return listen


def test_a_listener_hears_what_was_committed_once_and_only_on_its_site(listener, sites):
    listener()
    tell(sites[0], 3)
    tell(sites[1], 2)
    work()
    assert heard() == [1, 1, 1]


def test_who_names_events_is_told_of_those_alone_and_nothing_waits_for_it(write_plugin, turn_on, sites):
    for name, wanted in (("orders_only", "OrderPlaced"), ("people", "ShopperRegistered")):
        head = f"from core.api import *\nPLUGIN = Plugin(name='{name}', version='1', title='L', hears=({wanted},))\n"
        write_plugin(name, head + LISTENER.replace("FAILS", "0"))
        turn_on(name)
    tell(sites[0], 2)
    events.relay()
    assert [job.payload["consumer"] for job in Job.select().where(Job.name == "events.deliver")] == ["people", "people"]
    work()
    assert heard() == [1, 1]


def test_an_event_of_a_verb_that_failed_is_never_told(listener, sites):
    listener()

    def fail():
        with db.transaction():
            tell_inside(sites[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    work()
    assert heard() == []


def test_a_listener_that_fails_hears_it_again_later(listener, sites):
    listener(fails=2)
    with clock.freeze(clock.now()) as frozen:
        tell(sites[0])
        work()
        assert heard() == []
        frozen.move(hours=1)
        work()
        frozen.move(hours=2)
        work()
    assert heard() == [1]


def test_what_never_works_becomes_a_dead_letter_that_can_be_tried_again(listener, sites):
    listener(fails=jobs.TRIES)
    with clock.freeze(clock.now()) as frozen:
        tell(sites[0])
        for _ in range(jobs.TRIES + 1):
            work()
            frozen.move(hours=7)
        dead = Job.get(Job.state == jobs.DEAD)
        assert "not now" in dead.error
        assert jobs.retry(dead.id)
        assert not jobs.retry(dead.id)


def test_the_stream_is_numbered_without_gap_though_writers_roll_back_and_race(sites):
    def write(n):
        for turn in range(10):
            with suppress(ZeroDivisionError), db.transaction():
                tell_inside(sites[0])
                n / (turn % 3)
        db.close_all() if db.is_sqlite() else db.release()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        events.relay(limit=3)
    for thread in threads:
        thread.join()
    while events.relay():
        pass

    numbers = [row[0] for row in db.rows("SELECT seq FROM outbox ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == 24


def test_the_stream_can_be_told_again_to_one_listener(listener, sites):
    listener()
    tell(sites[0], 3)
    work()
    assert events.replay(2, 3, "listener") == 2
    work()
    assert sorted(heard()) == [1, 2, 2]


def test_a_job_whose_worker_died_is_found_again_when_its_lease_ends(bare):
    ran = []
    jobs.job("test.once")(lambda running: ran.append(running.attempt))
    with clock.freeze(clock.now()) as frozen:
        with db.transaction():
            jobs.enqueue("test.once")
        claimed = jobs._claim()
        assert claimed is not None, "taken by a worker that is then killed"
        assert jobs._claim() is None
        frozen.move(minutes=6)
        jobs.run_due()
    assert ran == [2]


def test_the_same_key_is_worked_once(bare):
    ran = []
    jobs.job("test.keyed")(lambda running: ran.append(running.payload["n"]))
    for n in range(3):
        with db.transaction():
            jobs.enqueue("test.keyed", {"n": n}, key="one")
    work()
    assert ran == [0]
