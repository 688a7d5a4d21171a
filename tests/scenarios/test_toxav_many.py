"""One user in calls with three at once: each hears its own tone, and each is heard."""

from tests.support.calls import ACCEPTING_A, ACCEPTING_V, FINISHED, SENDING_A, phones, silence


def test_toxav_many(call_world):
    alice, bob = call_world.friends()
    others = [bob]
    for name in ("carol", "dave"):
        actor = call_world.actor(name)
        actor.bootstrap_to(call_world.actors[0])
        alice.friend_add_norequest(actor.self_get_public_key())
        actor.friend_add_norequest(alice.self_get_public_key())
        others.append(actor)
    call_world.until(
        lambda: all(actor.is_online() and alice.is_online(i) for i, actor in enumerate(others)),
        "all to meet",
        120,
    )
    hub, *callees = phones(call_world, alice, *others)
    for number in range(3):
        hub.call(number, video=0)
    for number, callee in enumerate(callees):
        assert callee.answer(video=0) == (True, False)
        hub.state(SENDING_A | ACCEPTING_A | ACCEPTING_V, number)
    # the same to all, and to each something of its own
    hub.audience, hub.tone = [0, 1, 2], 7
    for callee in callees:
        callee.hears(7)
    for number, callee in enumerate(callees):
        hub.audience, hub.tone = [number], number
        callee.tone = 6 - number
        callee.hears(number)
        hub.hears(6 - number, number)
    # the others' tones went nowhere else
    for number, callee in enumerate(callees):
        assert {tone for _, tone, *_ in callee.tones} <= {number, 7, None}
    silence(hub, *callees)
    # one ends, two go on
    callees[1].hang_up()
    hub.state(FINISHED, 1)
    hub.audience, hub.tone = [0, 2], 5
    for callee in (callees[0], callees[2]):
        callee.hears(5)
    silence(hub)
    for number in (0, 2):
        hub.hang_up(number)
        callees[number].state(FINISHED)
    assert hub.refused == []
