"""A Jupyter kernel in a child of the warm Python: a process for each notebook, and one start for all."""

import atexit
import os
import sys
import time
import traceback
from pathlib import Path

from labkit.grading import isolation
from labkit.grading.sandbox import SCRATCH

# A whole lab is more than an answer: it trains, and saves what it trained.
LIMITS = isolation.Limits(
    memory=6 * 1024**3, seconds=3600, file_size=256 * 1024**2, scratch=512, sockets=True
)
NUM_CHANNELS = 5  # a kernel's sockets: shell, iopub, stdin, control, heartbeat
BIND_SECONDS = 30.0


def run(request, channel, walled):
    """Be the kernel that the request describes, until it is shut down; returns the exit status.

    request: {"arguments": the kernel's, with {connection_file} in them, "connection": the connection file's
    text, "folder": to work in, "variables": of the environment, "path": of the connection file}. In the
    sandbox the folder is an empty one in memory, and the sockets lie in the folder of the file's name.
    """
    try:
        arguments, shut_door = (prepare_walled if walled else prepare)(request)
    except Exception as error:
        channel.send({"fault": f"{type(error).__name__}: {error}"})
        return 1
    channel.send({"ready": True})
    channel.file.close()
    try:
        return serve(arguments, shut_door)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        atexit._run_exitfuncs()


def prepare(request):
    """Make this process what a kernel started by Jupyter would be; returns its (arguments, nothing to do)."""
    os.environ.update(request["variables"])
    os.chdir(request["folder"])
    return [*request["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"], lambda: None


def prepare_walled(request):
    """Shut this process in; returns the kernel's (arguments, what to call once its sockets are there)."""
    sockets = Path(request["sockets"])
    isolation.offer_to_memory_killer()
    isolation.part_from_others(SCRATCH, LIMITS.scratch, only=sockets, loopback=True)
    connection = Path(SCRATCH, "connection.json")
    connection.write_text(request["connection"], encoding="utf-8")
    shut_door = close_when_called(sockets)
    isolation.shut_in(LIMITS)
    place = request["arguments"].index(request["path"])
    arguments = [*request["arguments"]]
    arguments[place] = str(connection)
    return [*arguments, "--IPKernelApp.parent_handle=1"], shut_door


def close_when_called(sockets):
    """A function that makes the sockets' folder read-only for us, once all of them are there.

    Else a notebook could fill the machine's disk through it. The folder can be changed by a process that may
    still mount: we are about to give that up, so another one waits to be told.
    """
    wait, tell = os.pipe()
    done, say = os.pipe()
    helper = os.fork()
    if helper == 0:
        try:
            os.close(tell)
            os.read(wait, 1)
            until = time.monotonic() + BIND_SECONDS
            while len(list(sockets.iterdir())) < NUM_CHANNELS and time.monotonic() < until:
                time.sleep(0.002)  # the heartbeat's is made by a thread
            isolation.make_read_only(sockets)
            os.write(say, b"s")
        finally:
            os._exit(0)
    os.close(wait)
    os.close(say)

    def shut_door():
        os.close(tell)
        if not os.read(done, 1):
            raise SystemExit("the folder of the sockets could not be closed")
        os.close(done)
        os.waitpid(helper, 0)

    return shut_door


def serve(arguments, shut_door):
    """Run ipykernel as `python -m ipykernel_launcher` does."""
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *arguments]
    app = IPKernelApp.instance()
    app.initialize(arguments)
    shut_door()
    app.start()
    return 0
