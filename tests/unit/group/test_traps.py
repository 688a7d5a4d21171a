"""Where groups in c-toxcore are known to fail their users, or its members us, and where our answer is tested.

The list names tests by module; those that belong nowhere else are here.
"""

import importlib
import tracemalloc

import pytest

from tests.unit.group.group_world import mesh
from tests.unit.group.session_pair import established, is_established, run_for
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group import packets
from toxpy.group.peer_session import ROTATION_INTERVAL_MS
from toxpy.group.receive_array import ReceiveArray
from toxpy.group.send_array import SendArray
from toxpy.group.session_keys import SessionKeys
from toxpy.net_crypto.round_trip import RoundTrip
from toxpy.runtime import Runtime

#: Memory of one member, in bytes: c-toxcore 0.2.22 takes 169 kB.
MAX_PEER_SIZE = 20_000

TRAPS = {
    "an older public group is not found": ["test_discovery.test_a_joiner_finds_an_old_group"],
    "messages of more than 495 bytes are lost with a few other packets": [
        "test_send_array.test_a_message_is_not_fragmented_and_a_list_is",
        "test_peer_session.test_long_messages_over_a_line_that_loses_and_reorders",
        "test_receive_array.test_any_order_and_copies",
    ],
    "a private message of 1368 to 1372 bytes, or a large packet of a fork, holds up all others": [
        "test_group.test_what_cannot_be_said_is_an_error",
        "test_peer_session.test_a_packet_that_the_group_cannot_read_counts_as_handled",
        "test_traps.test_what_is_too_long_to_be_handled_holds_up_nothing",
    ],
    "members of 0.2.20 and 0.2.22 order lists differently": [
        "test_real_lists.test_moderators_as_a_list",
        "test_real_lists.test_moderators_one_by_one",
        "test_real_lists.test_sanctions_as_a_list",
        "test_real_lists.test_sanctions_one_by_one",
        "test_moderation.test_moderators_of_an_old_founder_handed_on_by_a_new_member",
    ],
    "a password shows as a name": ["test_packets.test_a_password_is_never_taken_for_a_name"],
    "a private group whose members all moved never meets again": [
        "test_reunions.test_all_members_restart_elsewhere",
        "test_invites.test_an_invitation_to_a_lost_group_leads_back",
    ],
    "a group that was accepted but not reached is not saved": [
        "test_saved_groups.test_a_group_that_was_not_reached_yet_is_kept"
    ],
    "it takes minutes until all see all": [
        "test_group.test_many_join_at_once",
        "test_group.test_all_see_a_newcomer_soon",
        "test_crowd.test_everybody_sees_the_same",
    ],
    "only lossy packets are a sign of life": [
        "test_peer_session.test_a_peer_that_says_only_lossless_things_stays",
        "test_peer_session.test_pings_keep_a_session_and_carry_what_the_group_says",
    ],
    "keys are renewed for some pairs only, and a lost answer makes both deaf": [
        "test_session_keys.test_whatever_is_lost_of_a_rotation_both_go_on",
        "test_session_keys.test_a_peer_that_reads_over_our_request_is_asked_again",
        "test_peer_session.test_who_cannot_be_read_any_more_is_asked_for_a_new_session",
        "test_traps.test_a_peer_that_never_renews_its_key_stays",
    ],
    "acknowledgements of packets that had to wait have id 0": [
        "test_send_array.test_ids_that_we_do_not_hold_change_nothing",
        "test_send_array.test_of_c_toxcore_an_acknowledgement_covers_all_before",
    ],
    "who left or was sent away is asked for ever": ["test_traps.test_who_left_or_was_sent_away_is_not_tried"],
    "handshakes beyond a limit are not answered": [
        "test_peer_session.test_requests_go_every_three_seconds_until_nobody_answers",
        "test_hostile_sessions.test_new_peers_are_limited_and_one_network_does_not_keep_out_others",
    ],
    "a friend who was not invited makes a peer, and a peer takes 169 kB": [
        "test_invites.test_who_was_not_invited_makes_no_peer",
        "test_traps.test_what_a_member_costs",
    ],
    "a member comes back with old keys": [
        "test_group.test_a_restarted_member_is_back_at_once",
        "test_peer_session.test_a_peer_that_was_restarted_comes_again",
        "test_peer_session.test_a_peer_that_takes_the_second_request_only",
        "test_peer_session.test_a_peer_that_keeps_its_session_key_for_a_new_session",
    ],
    "programs hear of lists that did not change": [
        "test_moderation.test_lists_that_come_again_are_not_told",
        "test_moderation.test_a_joiner_is_not_told_of_lists",
    ],
    "without the lock a late peer brings back an old topic": [
        "test_topic.test_a_late_peer_does_not_bring_back_a_topic_of_a_greater_checksum"
    ],
    "a founder that was alone has no sanctions": [
        "test_moderation.test_a_founder_without_sanctions_gets_them_from_members"
    ],
    "a save is started twice": ["test_state.test_two_founders_of_one_key_do_not_break_members"],
    "after 65536 packets a row of fragments gets wrong ids": ["test_traps.test_ids_beyond_16_bits"],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_has_its_tests(trap):
    for name in TRAPS[trap]:
        module, test = name.split(".")
        assert callable(getattr(importlib.import_module(f"tests.unit.group.{module}"), test))


@pytest.mark.parametrize("size", [1368, 1372])
def test_what_is_too_long_to_be_handled_holds_up_nothing(size):
    """c-toxcore sends such private messages, and a fork such pictures; its own receivers stop there."""
    world = mesh(2)
    a, b = world.members
    peer = a.group.peers.get(b.keys.public.enc)
    assert peer.send(packets.BROADCAST, packets.pack_private_message(0, 1, bytes(size)))
    assert peer.send(packets.CUSTOM, bytes(40_000))
    assert peer.send(packets.CUSTOM_PRIVATE, bytes(1374))
    a.talk.send_message(0, b"next")
    world.wait(1000)
    told = b.told()
    assert [len(e.message) for e in told if isinstance(e, ev.GroupPrivateMessage)] == [size]
    assert [e.message for e in told if isinstance(e, ev.GroupMessage)] == [b"next"]
    assert len(told) == 2 and b.rt.counters.values["drop.group_packet"] == 2


@pytest.mark.parametrize("reads_over", [True, False])
def test_a_peer_that_never_renews_its_key_stays(monkeypatch, reads_over):
    """It may never ask, or never answer; c-toxcore does both, by a moment's difference of two clocks."""
    if reads_over:
        monkeypatch.setattr(SessionKeys, "may_answer", lambda _: False)
    else:
        monkeypatch.setattr("toxpy.group.peer_session.ROTATION_INTERVAL_MS", 2**40)
    _universe, a, b = established(3)
    for _ in range(3):
        run_for(a, ROTATION_INTERVAL_MS)
        a.peer(b).session.send_lossless(packets.BROADCAST, b"a")
        b.peer(a).session.send_lossless(packets.BROADCAST, b"b")
    run_for(a, 1000)
    assert is_established(a, b)
    assert b.peer(a).messages == [b"a"] * 3 and a.peer(b).messages == [b"b"] * 3
    assert "timed out" not in a.peer(b).calls + b.peer(a).calls


def test_who_left_or_was_sent_away_is_not_tried():
    world = mesh(4)
    founder, leaver, kicked, _ = world.members
    leaver.group.leave(b"bye")
    founder.talk.kick_peer(founder.number(kicked))
    world.wait(100)
    gone = {leaver.keys.public.enc, kicked.keys.public.enc}
    for member in (founder, world.members[3]):
        assert not gone & {saved.enc_pk for saved in member.group.peers.saved()}
        member.group.drop(member.group.peers.confirmed()[0], enums.TOX_GROUP_EXIT_TYPE_TIMEOUT)
        world.wait(25_000)
        assert not gone & {peer.enc_pk for peer in member.group.peers}
    # c-toxcore goes on asking; a kick is no ban, so the one who was sent away may answer
    kicked.group.begin()
    founder.ask(kicked)
    assert world.until(lambda: kicked.sees(founder) and founder.sees(kicked), 3000)


def test_what_a_member_costs():
    tracemalloc.start()
    world = mesh(12)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used / sum(len(member.group.peers) for member in world.members) < MAX_PEER_SIZE


def test_ids_beyond_16_bits():
    rt, round_trip, got = Runtime(), RoundTrip(), []
    first_id = 2**16 - 5
    receiver = ReceiveArray(
        first_id - 1, lambda kind, data: got.append((kind, data)), lambda *_: None, round_trip, rt=rt
    )
    on_way = []
    sender = SendArray(first_id, on_way.append, round_trip, rt.clock)
    sent = [(packets.SANCTIONS, bytes([i]) * 9000) for i in range(3)]
    for kind, data in sent:
        assert sender.write(kind, data)
    for packet in on_way:
        receiver.receive(packet.message_id, packet.kind, packet.data)
    assert got == sent and sender.next_id > 2**16
