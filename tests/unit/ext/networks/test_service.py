"""Services over streams: they come to be, fail in bounded time, and are tried again."""

import os

import pytest

from tests.support.fake_services import (
    COOKIE,
    DESTINATION,
    ONION,
    ONION_KEY,
    FakeSam,
    FakeTor,
    i2p_host,
    serve,
)
from tests.support.fake_streams import FakeConnector
from tests.support.universe import SeededRng, SimClock
from toxpy.ext.networks.service import (
    CONNECT_MS,
    FolderService,
    NamedService,
    OnionService,
    SamService,
    read_file,
)
from toxpy.network.network_address import NetworkAddress
from toxpy.runtime import Runtime

CONTROL = (bytes((127, 0, 0, 1)), 9051)
ONION_ADDRESS = NetworkAddress.parse(f"{ONION}.onion:33445")


class Stage:
    """A service, what it said, and the program that it speaks with."""

    def __init__(self, kind, *arguments, **options):
        self.rt = Runtime(SimClock(), SeededRng(3))
        self.connect = FakeConnector()
        self.said = []
        if kind in (OnionService, SamService):
            options |= {"connect": self.connect}
        self.service = kind(*arguments, rt=self.rt, **options)

    def start(self):
        self.service.start(40_000, self.said.append, self.said.append)
        assert self.said == []
        assert self.connect.streams == []
        self.pass_ms(0)
        return self

    def pass_ms(self, ms):
        """Let time pass, a second at a time."""
        end_ms = self.rt.clock.now_ms + ms
        while True:
            self.rt.timers.run_due()
            if self.rt.clock.now_ms >= end_ms:
                return
            self.rt.clock.now_ms = min(self.rt.clock.now_ms + 1000, end_ms)

    def accept(self, program):
        """The last connection comes to be, and the program answers whatever is asked; its end of it."""
        far = self.connect.accept()
        while self.connect.streams[-1].pump():
            serve(far, program)
        return far

    def open(self):
        """Connections of ours that are not closed."""
        return [stream for stream in self.connect.streams if not stream.closed]

    def pauses_ms(self, tries, fail):
        """Let so many tries fail; how long after each the next one comes."""
        found = []
        for _ in range(tries):
            count = len(self.connect.streams)
            fail()
            begin_ms = self.rt.clock.now_ms
            while len(self.connect.streams) == count:
                assert self.rt.clock.now_ms - begin_ms <= 120_000
                self.pass_ms(1000)
            found.append(self.rt.clock.now_ms - begin_ms)
        return found


@pytest.fixture
def cookie(tmp_path):
    path = tmp_path / "cookie"
    path.write_bytes(COOKIE)
    return os.fsencode(path)


@pytest.fixture
def tor(cookie):
    return Stage(OnionService, CONTROL, 33445, cookie_file=cookie).start()


def test_an_onion_service(tor):
    assert tor.connect.addresses == [CONTROL]
    program = FakeTor()
    tor.accept(program)
    assert tor.said == [ONION_ADDRESS]
    assert tor.service.key == ONION_KEY
    assert program.asked[-1] == "ADD_ONION NEW:ED25519-V3 Port=33445,127.0.0.1:40000"
    tor.pass_ms(3_600_000)
    assert len(tor.said) == len(tor.open()) == 1
    tor.service.stop()
    tor.service.stop()
    assert tor.open() == []


def test_tor_ends_and_comes_back(tor):
    far = tor.accept(FakeTor())
    far.close()
    tor.connect.streams[-1].pump()
    assert tor.said[1] == "tor's control port ended the connection, and with it the service"
    assert tor.open() == []
    tor.pass_ms(1000)
    assert tor.pauses_ms(4, tor.connect.refuse) == [1000, 2000, 4000, 4000]
    assert tor.said[2:] == ["nobody listens at tor's control port"] * 4
    program = FakeTor()
    tor.accept(program)
    assert tor.said[-1] == ONION_ADDRESS
    assert " ED25519-V3:" in program.asked[-1]


def test_refusals_are_tried_ever_less_often(tor):
    program = FakeTor(refuse={"ADD_ONION": "550 Onion address collision\r\n"})
    pauses_ms = tor.pauses_ms(8, lambda: tor.accept(program))
    assert pauses_ms == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
    assert set(tor.said) == {"tor has this onion service already: is another program using the same profile?"}
    assert len(tor.open()) == 1


def test_who_has_just_come_up_may_refuse_at_first(tor):
    tor.pauses_ms(5, tor.connect.refuse)
    assert tor.pauses_ms(1, lambda: tor.accept(FakeTor(cookie=b"of the last run" + bytes(17)))) == [1000]


def test_a_hung_control_port(tor):
    tor.connect.accept()
    tor.pass_ms(9_000)
    assert tor.said == []
    tor.pass_ms(1_000)
    assert tor.said == ["tor's control port did not answer within 10 s"]
    assert tor.open() == []


def test_a_connection_that_never_comes_to_be(tor):
    tor.pass_ms(CONNECT_MS)
    assert tor.said == ["tor's control port did not answer within 10 s"]


def test_an_answer_that_trickles_in(tor):
    far = tor.connect.accept()
    for byte in b"250-PROTOC":
        assert tor.said == []
        far.write(bytes((byte,)))
        tor.connect.streams[-1].pump()
        tor.pass_ms(1_000)
    assert tor.said == ["tor's control port did not answer within 10 s"]
    assert tor.open() == []


def test_each_question_has_its_time(tor):
    """Four answers, each after nine seconds."""
    far, program = tor.connect.accept(), FakeTor()
    for _ in range(5):
        assert tor.said == []
        tor.pass_ms(9_000)
        serve_once(tor, far, program)
    assert tor.said == [ONION_ADDRESS]


def serve_once(stage, far, program):
    """One question arrives, one answer goes back."""
    stage.connect.streams[-1].pump()
    serve(far, program)
    stage.connect.streams[-1].pump()


@pytest.mark.parametrize("size", [0, 1, 40, 120])
def test_a_control_port_that_breaks_off(tor, size):
    far = tor.connect.accept()
    tor.connect.streams[-1].pump()
    far.write(FakeTor().protocolinfo("").encode("latin-1")[:size])
    far.close()
    tor.connect.streams[-1].pump()
    tor.connect.streams[-1].pump()
    assert tor.said == ["tor's control port ended the connection without an answer"]
    assert tor.open() == []


def test_no_descriptor_left():
    stage = Stage(OnionService, CONTROL, 33445)
    stage.connect.error = OSError(24, "Too many open files")
    stage.start()
    assert stage.said == ["no connection to tor's control port: Too many open files"]
    stage.pass_ms(1000)
    assert len(stage.connect.streams) == 1


def test_nothing_is_heard_after_the_end(tor):
    far = tor.connect.accept()
    tor.service.stop()
    serve(far, FakeTor())
    tor.pass_ms(300_000)
    assert tor.said == []
    assert len(tor.connect.streams) == 1


def test_a_babbling_tor_is_not_listened_to(tor):
    far = tor.accept(FakeTor())
    for _ in range(100):
        far.write(b"250 OK\r\n" * 1000)
        tor.connect.streams[-1].pump()
    assert len(tor.said) == 1
    assert tor.connect.streams[-1].inbox == b""


def test_an_i2p_destination():
    stage = Stage(SamService, CONTROL, 33445).start()
    sam = FakeSam()
    stage.accept(sam)
    assert stage.said == []
    assert len(stage.open()) == 2
    forward = FakeSam()
    stage.accept(forward)
    assert stage.said == [NetworkAddress.parse(f"{i2p_host()}:33445")]
    assert stage.service.key == DESTINATION
    name = sam.asked[1].partition(" ID=")[2].split()[0]
    assert forward.asked[1] == f"STREAM FORWARD ID={name} PORT=40000 HOST=127.0.0.1 SILENT=true"
    stage.pass_ms(3_600_000)
    assert len(stage.open()) == 2


@pytest.mark.parametrize("which", [0, 1])
def test_either_connection_to_the_bridge_ends(which):
    stage = Stage(SamService, CONTROL, 33445).start()
    ends = [stage.accept(FakeSam()), stage.accept(FakeSam())]
    ends[which].close()
    stage.connect.streams[which].pump()
    assert stage.said[1] == "the SAM bridge ended the connection, and with it the service"
    assert stage.open() == []
    stage.pass_ms(1000)
    again = FakeSam()
    accept_later(stage, again)
    stage.accept(FakeSam())
    assert stage.said[2] == stage.said[0]
    assert "DESTINATION=TRANSIENT" not in again.asked[1]


def accept_later(stage, sam):
    """A session whose tunnels are built first."""
    far = stage.connect.accept()
    serve_once(stage, far, sam)
    stage.pass_ms(1000)
    while stage.connect.streams[-1].pump():
        serve(far, sam)


def test_a_destination_that_is_there_at_once_is_not_used():
    """It is that of a session which the bridge is about to end, and would end with it."""
    stage = Stage(SamService, CONTROL, 33445, DESTINATION).start()
    stage.accept(FakeSam())
    assert stage.open() == [] and len(stage.connect.streams) == 1
    stage.pass_ms(5_000)
    assert len(stage.connect.streams) == 1
    stage.pass_ms(1_000)
    accept_later(stage, FakeSam())
    stage.accept(FakeSam())
    assert stage.said == [NetworkAddress.parse(f"{i2p_host()}:33445")]
    assert len(stage.open()) == 2


def test_a_router_may_be_as_fast_as_that():
    """What is there at once again, after all old sessions have ended, is a new one."""
    stage = Stage(SamService, CONTROL, 33445, DESTINATION).start()
    stage.accept(FakeSam())
    stage.pass_ms(6_000)
    stage.accept(FakeSam())
    stage.accept(FakeSam())
    assert stage.said == [NetworkAddress.parse(f"{i2p_host()}:33445")]


def test_tunnels_take_their_time():
    stage = Stage(SamService, CONTROL, 33445).start()
    far = stage.connect.accept()
    serve_once(stage, far, FakeSam())
    stage.pass_ms(179_000)
    assert stage.said == []
    stage.pass_ms(1_000)
    assert stage.said == ["the SAM bridge did not answer within 180 s"]


def test_a_folder_of_tors(tmp_path):
    stage = Stage(FolderService, os.fsencode(tmp_path), 33445).start()
    assert stage.said == [f"{tmp_path}/hostname: No such file or directory"]
    (tmp_path / "hostname").write_text(f"{ONION}.onion\n")
    stage.pass_ms(1000)
    assert stage.said[1:] == [ONION_ADDRESS]
    stage.pass_ms(300_000)
    assert len(stage.said) == 2


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "hostname").write_text("localhost\n")
    stage = Stage(FolderService, os.fsencode(tmp_path), 33445).start()
    assert stage.said == [
        f"{tmp_path}/hostname: 'localhost' is no name of Onion: it ends in .onion, in lower case"
    ]


def test_a_name_that_the_user_told():
    told = NetworkAddress.parse("192.0.2.1:443")
    stage = Stage(NamedService, told).start()
    assert stage.said == [told]


def test_a_port_may_name_any_path(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_bytes(bytes(33))
    for name in ("/dev/zero", tmp_path / "pipe", tmp_path / "long", tmp_path):
        with pytest.raises(ValueError, match="it "):
            read_file(os.fsencode(name), 32)
    with pytest.raises(ValueError, match="null"):
        read_file(b"/\0", 32)
    with pytest.raises(FileNotFoundError):
        read_file(b"", 32)


def test_a_damaged_key_means_another_service():
    service = OnionService(CONTROL, 33445, b"short", rt=Runtime(), connect=FakeConnector())
    assert service.key == b""
