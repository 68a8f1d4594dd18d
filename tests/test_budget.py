"""Clocks: whatever runs inside a verb ends with it, and each verb answers for its own end alone."""

import pytest

from relucirc.core.budget import Budget, OutOfBudget, seconds_left, tick


def test_a_tick_asks_the_innermost_running_clock_and_none_where_nothing_runs():
    tick("regions")
    with Budget() as outer:
        tick("regions")
        with Budget() as inner:
            tick("regions")
            tick("regions")
        tick()
    assert (outer.progress, inner.progress) == ({"regions": 1}, {"regions": 2})
    tick()


def test_a_clock_made_while_another_runs_never_has_more_time():
    with Budget(100) as outer:
        assert 50 < Budget().seconds <= 100
        assert 50 < Budget(600).seconds <= 100
        assert Budget(2).seconds == 2
        earlier = Budget(600, started=outer.started - 5)
        assert earlier.started + earlier.seconds == pytest.approx(outer.started + 100)
        assert 50 < seconds_left(600) <= 100
    assert Budget().seconds is None
    assert Budget(60).seconds == 60
    with Budget(0), pytest.raises(OutOfBudget):
        tick()


def test_a_share_is_of_what_is_left_and_has_an_end_also_without_a_limit():
    clock = Budget(100, method="regions")
    share = clock.share(0.25)
    assert 12 < share.seconds <= 25
    assert share.progress is clock.progress
    assert share.method == "regions"
    assert 0 < Budget().share(0.5).seconds < float("inf")


def test_an_end_is_answered_by_the_clock_that_ended():
    clock = Budget(3)
    assert clock.ended(OutOfBudget()) == "the budget of 3 s ended"
    assert clock.ended(KeyboardInterrupt()) == "interrupted"
    with Budget(60):
        inner = Budget(3)
        assert inner.ended(OutOfBudget()) == "the budget of 3 s ended"
        with pytest.raises(KeyboardInterrupt):
            inner.ended(KeyboardInterrupt())
    with Budget(0):
        inner = Budget(3)
        with pytest.raises(OutOfBudget):
            inner.ended(OutOfBudget())


def test_the_running_clock_is_the_one_before_again_after_an_error():
    with Budget() as outer:
        with pytest.raises(ZeroDivisionError), Budget():
            raise ZeroDivisionError
        tick("points")
    assert outer.progress == {"points": 1}


def test_steps_end_work_whatever_the_clock_says_and_clocks_inside_take_from_them():
    with Budget(100, steps=10) as outer:
        for _ in range(4):
            tick()
        with Budget(50, steps=3):
            for _ in range(3):
                tick()
            with pytest.raises(OutOfBudget):
                tick()
        with Budget(50):
            tick()
            tick()
        with pytest.raises(OutOfBudget), Budget():  # 4 and 4 and 2 are taken
            tick()
        assert outer.remaining > 50
        with pytest.raises(OutOfBudget):
            tick()
    tick()


def test_an_end_of_steps_is_answered_by_the_clock_that_has_them():
    def verb():
        with Budget(100) as inner:
            try:
                while True:
                    tick()
            except OutOfBudget as error:
                return inner.ended(error)

    with Budget(100, steps=5) as outer, pytest.raises(OutOfBudget):
        verb()
    assert outer.is_over
    assert not Budget(100, steps=5).is_over
