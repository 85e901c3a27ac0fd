from vstm32.cortex_m.clock import VirtualClock


class StandInCore:
    """Just the cycle counter."""

    def __init__(self):
        self.now = 0
        self.deadline = None

    def hurry(self, at):
        self.deadline = at

    def pass_cycles(self, count):
        self.now += count

    def renew_deadline(self, next_alarm):
        self.deadline = next_alarm


def test_alarms_fire_in_the_order_of_their_times_and_only_when_due():
    core, fired = StandInCore(), []
    clock = VirtualClock(core)
    late, early, never = (clock.alarm(lambda name=name: fired.append(name)) for name in "len")
    late.set(200)
    early.set(100)
    never.set(201)
    assert clock.next_alarm() == 100
    clock.skip_to(200)
    assert (fired, core.now, core.deadline) == (["e", "l"], 200, 201)


def test_an_alarm_that_sets_itself_again_keeps_its_period():
    core, fired = StandInCore(), []
    clock = VirtualClock(core)

    def tick():
        fired.append(core.now)
        alarm.set(core.now + 10)

    alarm = clock.alarm(tick)
    alarm.set(10)
    for _ in range(3):
        clock.skip_to(clock.next_alarm())
    assert fired == [10, 20, 30]


def test_an_alarm_hurries_the_running_slice_and_a_cleared_one_does_not_fire():
    core, fired = StandInCore(), []
    clock = VirtualClock(core)
    alarm = clock.alarm(lambda: fired.append(1))
    alarm.set(50)
    assert core.deadline == 50
    alarm.clear()
    clock.skip_to(100)
    assert (fired, clock.next_alarm()) == ([], None)
