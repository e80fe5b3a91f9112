"""The remote protocol, against a stub of the test's own."""

import socket
import threading

import pytest

from recorder.errors import RecorderError
from recorder.gdb_stub import GdbStub

ANSWERS = {b"$c#63": b"T05thread:01;"}
PATIENCE = 5.0
"""seconds"""


def serve(server, answers):
    """Answer packets; OK to all that are not named."""
    connection, _ = server.accept()
    with connection:
        packet = b""
        while byte := connection.recv(1):
            packet = byte if byte == b"$" else packet + byte
            if packet[-3:-2] == b"#":
                answer = answers.get(packet, b"OK")
                connection.sendall(b"+$%s#%02x" % (answer, sum(answer) & 255))
                packet = b""


@pytest.fixture
def stub(tmp_path, request):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "gdb.sock"))
    server.listen()
    thread = threading.Thread(
        target=serve, args=(server, ANSWERS | getattr(request, "param", {})), daemon=True
    )
    thread.start()
    yield GdbStub(tmp_path / "gdb.sock")
    server.close()


def test_a_guest_runs_to_a_function_and_to_the_next(stub):
    stub.run_to(0xFFFFFFFF81DB4E80, PATIENCE)
    stub.run_to(0xFFFFFFFF81000000, PATIENCE)
    stub.let_go()


@pytest.mark.parametrize("stub", [{b"$c#63": b"W00"}], indirect=True)
def test_a_guest_that_ends_before_is_said_so(stub):
    with pytest.raises(RecorderError, match="did not get to 0x10"):
        stub.run_to(0x10, PATIENCE)
