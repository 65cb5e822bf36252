"""Run a student's function with a time limit: a check always comes back."""

import builtins
import ctypes
import signal
import sys
import threading
from contextlib import contextmanager


class OutOfTime(BaseException):
    """Raised inside a function that has used up its time. Not an Exception: `except Exception` lets it by."""


@contextmanager
def time_limit(seconds):
    """Raise OutOfTime in the block once `seconds` have passed, and again every half second after that.

    Again, because the block may catch it. On POSIX a timer signal does it, which also ends a sleep;
    elsewhere, and outside the main thread, a watching thread does.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and hasattr(signal, "setitimer"):
        yield from _by_signal(seconds)
    else:
        yield from _by_thread(seconds)


def _by_signal(seconds):
    def raise_out_of_time(*_):
        raise OutOfTime

    previous = signal.signal(signal.SIGALRM, raise_out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _by_thread(seconds):
    target, done = threading.get_ident(), threading.Event()

    def watch():
        wait = seconds
        while not done.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), ctypes.py_object(OutOfTime))
            wait = 0.5

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        # An exception that was set in the last moment must not go off later, in somebody else's code.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), None)


@contextmanager
def tame(function):
    """While a function is checked, input() and exit() are ordinary errors.

    input() would wait for somebody to type, and no other cell could run; IPython's own exit(), which it puts
    into the notebook's names, would end the kernel.
    """

    def no_input(prompt=""):
        raise RuntimeError("input() waits for somebody to type; the function gets all it needs as arguments")

    def no_exit(code=None):
        raise SystemExit(code)

    names = getattr(function, "__globals__", {})
    kept = {name: names[name] for name in ("exit", "quit") if name in names}
    asked = builtins.input
    builtins.input = no_input
    names.update(dict.fromkeys(kept, no_exit))
    try:
        yield
    finally:
        builtins.input = asked
        names.update(kept)


class Capture:
    """Collects what a function prints, up to `limit` characters: a flood costs neither memory nor time."""

    def __init__(self, limit=2000):
        self.parts, self.left = [], limit

    def write(self, text):
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)
        return len(text)

    def flush(self):
        """Nothing waits to be written."""

    def __enter__(self):
        self.stdout, sys.stdout = sys.stdout, self
        return self

    def __exit__(self, *_):
        sys.stdout = self.stdout

    @property
    def text(self):
        """What was printed; a cut is marked."""
        return "".join(self.parts) + ("\n[more was printed, not shown]" if self.left < 0 else "")
