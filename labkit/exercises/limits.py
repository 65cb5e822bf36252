"""Run a student's function with a time limit: a check always comes back.

By hand: packages for this (stopit, timeout-decorator, wrapt-timeout-decorator) count time by the clock, so a
busy machine would fail a right answer; what they raise an `except Exception` takes away; and those that use a
process have to pickle a function, which one written in a notebook's cell often can't be.
"""

from __future__ import annotations

import builtins
import ctypes
import io
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 3  # seconds by the clock for each second of own time: a machine may be busy
LONGEST_IMPORT = 60.0  # seconds by the clock


class OutOfTime(BaseException):
    """Raised inside a function that has used up its time. Not an Exception: `except Exception` lets it by."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block once it has used `seconds` of the process's own time, imports left out.

    Own time, because a busy machine must not cost anybody an answer; and what takes a second or two to be
    imported the first time (scikit-learn, scipy) is not the answer's doing. What waits instead of computing
    is ended after PATIENCE times as many seconds by the clock; an import that does not end, after a minute.
    OutOfTime comes again every half second, because the block may catch it. On POSIX timer signals do it;
    elsewhere, and outside the main thread, a watching thread does.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    by_signal = in_main_thread and hasattr(signal, "setitimer")
    with _Budget(seconds) as budget:
        yield from _by_signal(budget) if by_signal else _by_thread(budget)


class _Budget:
    """Seconds of the process's own time, and PATIENCE times as many by the clock, without imports."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.end = seconds, time.process_time() + seconds
        self.clock_end = time.monotonic() + PATIENCE * seconds
        self.imports = 0  # that are going on now, one within the other

    def __enter__(self) -> _Budget:
        self.importer = builtins.__import__
        builtins.__import__ = self._import
        return self

    def __exit__(self, *_: Any) -> None:
        builtins.__import__ = self.importer

    def _import(self, *args: Any, **options: Any) -> Any:
        begin, clock = time.process_time(), time.monotonic()
        self.imports += 1
        try:
            return self.importer(*args, **options)
        finally:
            self.imports -= 1
            if not self.imports:
                self.end += time.process_time() - begin
                self.clock_end += min(time.monotonic() - clock, LONGEST_IMPORT)

    @property
    def is_used_up(self) -> bool:
        """Has the block had its time?"""
        if time.monotonic() >= self.clock_end + (LONGEST_IMPORT if self.imports else 0):
            return True
        return not self.imports and time.process_time() >= self.end


def _by_signal(budget: _Budget) -> Iterator[None]:
    def raise_out_of_time(*_: Any) -> None:
        if budget.is_used_up:
            raise OutOfTime

    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, budget.seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, PATIENCE * budget.seconds),
    )
    previous = {number: signal.signal(number, raise_out_of_time) for number, _, _ in timers}
    outer = {timer: signal.setitimer(timer, limit, 0.5) for _, timer, limit in timers}
    try:
        yield
    finally:
        for timer, left in outer.items():
            signal.setitimer(timer, *left)  # of a limit around this one, which stood still meanwhile
        for number, handler in previous.items():
            signal.signal(number, handler)


def _by_thread(budget: _Budget) -> Iterator[None]:
    target, done = threading.get_ident(), threading.Event()

    def watch() -> None:
        wait = min(budget.seconds / 4, 0.25)
        while not done.wait(wait):
            if budget.is_used_up:
                error = ctypes.py_object(OutOfTime)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), error)
                wait = 0.5

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        _end(watcher, done)


def _end(watcher: threading.Thread, done: threading.Event) -> None:
    """End the watching thread. What it raised in the last moment goes off here, not in somebody else's code.

    To take it back with PyThreadState_SetAsyncExc(target, None) would leave Python 3.11 with a signal that
    nobody answers: under a debugger, or while coverage is measured, the thread then stands still for good.
    """
    while True:
        try:
            done.set()
            watcher.join()
            for _ in range(100):  # at the end of each round Python looks for what was raised from outside
                pass
            return
        except OutOfTime:
            continue


@contextmanager
def tame(function: Callable) -> Iterator[None]:
    """While a function is checked, input() and exit() are ordinary errors.

    input() would wait for somebody to type, and no other cell could run; IPython's own exit(), which it puts
    into the notebook's names, would end the kernel.
    """

    def no_input(prompt: object = "", /) -> str:
        raise RuntimeError("input() waits for somebody to type; the function gets all it needs as arguments")

    def no_exit(code: Any = None) -> None:
        raise SystemExit(code)

    names = getattr(function, "__globals__", {})
    theirs = types.FunctionType  # a helper of the student's own may be called exit
    kept = {n: names[n] for n in ("exit", "quit") if n in names and not isinstance(names[n], theirs)}
    asked = builtins.input
    builtins.input = no_input
    names.update(dict.fromkeys(kept, no_exit))
    try:
        yield
    finally:
        builtins.input = asked
        names.update(kept)


class Capture(io.TextIOBase):
    """Collects what a function prints, up to `limit` characters: a flood costs neither memory nor time.

    Whatever asks for a stream (a progress bar, a logger) finds one.
    """

    encoding = "utf-8"

    def __init__(self, limit: int = 2000) -> None:
        self.parts: list[str] = []
        self.left = limit

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Keep the text, or as much of it as there is room for."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)
        return len(text)

    def __enter__(self) -> Capture:
        self.stdout, sys.stdout = sys.stdout, self
        return self

    def __exit__(self, *_: Any) -> None:
        sys.stdout = self.stdout

    @property
    def text(self) -> str:
        """What was printed; a cut is marked."""
        return "".join(self.parts) + ("\n[more was printed, not shown]" if self.left < 0 else "")
