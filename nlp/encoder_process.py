"""The e5 encoder in a process of its own: a crash in its C code costs one text, not a batch.

The parent writes texts to the child's standard input and reads rows from its output; when the
child dies or falls silent, it is started again and the texts are tried by halves, until the one
that it cannot bear stands alone. That one gets a row of zeros, as a text without content does.

    request   count, then for each text: length, UTF-8 bytes        (numbers: 4 bytes, big-endian)
    answer    count, then count × dimensions float32
    greeting  one JSON line: {"version", "dimensions"} or {"problem"}
"""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

_NUMBER = struct.Struct(">I")
_ROOT = Path(__file__).resolve().parent.parent
_LOADING = 120.0  # seconds until the child must have said that it is there
_PER_TEXT = 10.0  # seconds; the longest text that it is given takes about two
_RESTARTS = 3  # in a row without an answer in between, then there is no encoder
_MEMORY = 4 << 30  # bytes of address space; it needs half a gigabyte


class ProcessFailed(RuntimeError):
    """The child does not start, died or fell silent."""


class EncoderGone(RuntimeError):
    """The child cannot be started any more."""


class EncoderProcess:
    """Rows (n, dimensions) of texts from a child process, which outlives none of its parents.

    version, dimensions: as the child says. Raises ProcessFailed when it cannot be started.
    """

    def __init__(self, *, threads: int = 1, command: Sequence[str] | None = None) -> None:
        self._threads = threads
        self._command = list(command or (sys.executable, "-m", "nlp.encoder_process"))
        self._one_at_a_time = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self.lost = 0  # texts that the child could not bear, since the start
        with self._one_at_a_time:
            greeting = self._start()
        self.version = str(greeting["version"])
        self.dimensions = int(str(greeting["dimensions"]))
        atexit.register(self.close)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, dimensions). Texts must be plain enough for UTF-8. Raises EncoderGone when
        the child cannot be started again.
        """
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        with self._one_at_a_time:
            for part in self._parts(texts, rows):
                rows[part] = 0.0
                self.lost += 1
        return rows

    def _parts(self, texts: Sequence[str], rows: NDArray[np.float32]) -> Iterator[slice]:
        """Fill rows; give the places of single texts that cannot be encoded."""
        waiting = [slice(0, len(texts))] if texts else []
        while waiting:
            part = waiting.pop()
            try:
                rows[part] = self._ask(texts[part])
            except ProcessFailed:
                self._stop()
                size = part.stop - part.start
                if size == 1:
                    yield part
                    continue
                middle = part.start + size // 2
                waiting += [slice(middle, part.stop), slice(part.start, middle)]

    def _ask(self, texts: Sequence[str]) -> NDArray[np.float32]:
        child = self._running()
        raw = [text.encode() for text in texts]
        message = b"".join([_NUMBER.pack(len(raw)), *(_NUMBER.pack(len(x)) + x for x in raw)])
        wanted = _NUMBER.size + len(raw) * self.dimensions * 4
        try:
            _stream(child.stdin).write(message)
            _stream(child.stdin).flush()
            answer = _read(_stream(child.stdout), wanted, seconds=_PER_TEXT * (1 + len(raw)))
        except OSError as problem:
            raise ProcessFailed(f"encoder process: {problem}") from problem
        if _NUMBER.unpack(answer[: _NUMBER.size])[0] != len(raw):
            raise ProcessFailed("encoder process: not the answer to what was asked")
        rows = np.frombuffer(answer, dtype=np.float32, offset=_NUMBER.size)
        return rows.reshape(len(raw), self.dimensions)

    def _running(self) -> subprocess.Popen[bytes]:
        """The child of this very process: after a fork the parent's pipes are not ours to use."""
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            failed: ProcessFailed | None = None
            for _ in range(_RESTARTS):
                try:
                    self._start()
                    break
                except ProcessFailed as problem:
                    failed = problem
            else:
                raise EncoderGone(str(failed))
        child = self._child
        if child is None:
            raise ProcessFailed("encoder process: not running")
        return child

    def _start(self) -> dict[str, object]:
        known = os.environ.get("PYTHONPATH")
        path = str(_ROOT) if not known else f"{_ROOT}{os.pathsep}{known}"
        environment = os.environ | {"OMP_NUM_THREADS": str(self._threads), "PYTHONPATH": path}
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
        except OSError as problem:
            raise ProcessFailed(f"encoder process: {problem}") from problem
        self._owner = os.getpid()
        greeting = _greeting(_stream(self._child.stdout))
        if "problem" in greeting:
            self._stop()
            raise ProcessFailed(str(greeting["problem"]))
        return greeting

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            try:
                _stream(stream).close()
            except OSError:  # what was not read any more
                continue

    def close(self) -> None:
        """End the child; the next call starts another."""
        self._stop()


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ProcessFailed("encoder process: no pipe")
    return stream


def _read(stream: IO[bytes], size: int, *, seconds: float) -> bytes:
    """Exactly so many bytes. Raises ProcessFailed at the end of the stream and after a silence."""
    found = bytearray()
    while len(found) < size:
        if not select.select([stream], [], [], seconds)[0]:
            raise ProcessFailed(f"encoder process: silent for {seconds:.0f} seconds")
        piece = os.read(stream.fileno(), size - len(found))
        if not piece:
            raise ProcessFailed("encoder process: ended")
        found += piece
    return bytes(found)


def _greeting(stream: IO[bytes]) -> dict[str, object]:
    line = bytearray()
    while not line.endswith(b"\n"):
        line += _read(stream, 1, seconds=_LOADING)
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ProcessFailed("encoder process: no greeting")
    return found


# --- the child ---------------------------------------------------------------------------------


def _serve() -> None:
    """Answer until the parent closes the pipe, as it does when it ends in whatever way."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever C code prints must not stand between the rows
    _limit()
    from nlp.vectors import EncoderUnavailable, load_e5

    try:
        encoder = load_e5(threads=int(os.environ.get("OMP_NUM_THREADS", "1")))
    except EncoderUnavailable as problem:
        answers.write(json.dumps({"problem": str(problem)}).encode() + b"\n")
        return
    greeting = {"version": encoder.version, "dimensions": encoder.dimensions}
    answers.write(json.dumps(greeting).encode() + b"\n")
    answers.flush()
    questions = sys.stdin.buffer
    while head := questions.read(_NUMBER.size):
        count = _NUMBER.unpack(head)[0]
        texts = []
        for _ in range(count):
            length = _NUMBER.unpack(questions.read(_NUMBER.size))[0]
            texts.append(questions.read(length).decode())
        rows = encoder.encode(texts)
        answers.write(_NUMBER.pack(count) + np.ascontiguousarray(rows).tobytes())
        answers.flush()


def _limit() -> None:
    """No core file with what customers wrote, and an end to what it may take."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    _serve()
