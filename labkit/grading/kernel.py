"""Kernels of the warm Python for Jupyter: two provisioners, for whatever starts kernels (nbclient, nbval).

A kernelspec (`kernel_specs`) names one of them. The first kernel starts a warm Python, which stays as long as
the process that asked for it; it and every other kernel are forked from that.
"""

import asyncio
import atexit
import os
import shutil
import signal
import sys
import threading
import uuid
from pathlib import Path

from jupyter_client.provisioning import LocalProvisioner

from labkit.grading import zygote
from labkit.grading.pool import LOST, WarmPython
from labkit.grading.sandbox import hand_over

# Variables of the environment that may differ from kernel to kernel: no library reads them at its import.
OWN = ("JPY_", "PYTEST_", "LABKIT_")
_LOCK = threading.Lock()
_WARM = {}  # (sandbox?, executable, environment) -> WarmPython


def warm_python(sandbox, executable, environment):
    """The warm Python for kernels with this environment, started if there is none yet.

    Many variables count only when a library is imported (OMP_NUM_THREADS, PYTHONPATH), so a kernel has to
    come from a Python that was started with its own.
    """
    common = {name: text for name, text in environment.items() if not name.startswith(OWN)}
    key = (sandbox,) if sandbox else (sandbox, executable, tuple(sorted(common.items())))
    with _LOCK:
        if key not in _WARM:
            own = {"executable": executable, "environment": common}
            _WARM[key] = WarmPython(sandbox, purpose=zygote.KERNELS, **own)
        return _WARM[key]


@atexit.register
def close_all():
    """End every warm Python of this process, and with them their kernels."""
    with _LOCK:
        while _WARM:
            _WARM.popitem()[1].close()


class WarmProvisioner(LocalProvisioner):
    """Forks a kernel from a warm Python instead of starting a new one: `labkit-warm`."""

    sandbox = False
    sockets = None  # the folder of the kernel's sockets, where they are in a folder

    async def launch_kernel(self, cmd, **kwargs):
        """Fork the kernel that `cmd` would start; returns how to connect to it."""
        self.cwd = kwargs.get("cwd") or os.getcwd()
        # In a thread: the first start takes seconds, in which a server has others to serve.
        self.process = await asyncio.to_thread(self.fork, cmd, kwargs.get("env") or dict(os.environ))
        return self.connection_info

    def fork(self, cmd, environment):
        """Have the kernel forked; returns a Process."""
        # [python, "-m", "ipykernel_launcher", "-f", connection file, ...]
        arguments = cmd[cmd.index("-f") :]
        request = {
            "arguments": arguments,
            "path": arguments[1],
            "folder": str(self.cwd),
            "variables": {name: text for name, text in environment.items() if name.startswith(OWN)},
        }
        if self.sandbox:
            request["connection"] = Path(arguments[1]).read_text(encoding="utf-8")
            request["sockets"] = str(self.sockets)
        python = warm_python(self.sandbox, cmd[0], environment)
        return Process(python.begin({"kernel": request}, seconds=0))

    async def send_signal(self, signum):
        """Send a signal to the kernel and what it has started."""
        if self.process:
            self.process.send_signal(signum)

    async def cleanup(self, restart=False):
        """Give back the ports, and remove the folder of the sockets."""
        await super().cleanup(restart=restart)
        if self.sockets and not restart:
            shutil.rmtree(self.sockets, ignore_errors=True)


class SandboxProvisioner(WarmProvisioner):
    """Forks a kernel in the sandbox that answers are graded in: `labkit-sandbox`.

    It has no network: its sockets are files in a folder of its own. It works in an empty folder in memory,
    wherever the notebook lies.
    """

    sandbox = True

    async def pre_launch(self, **kwargs):
        """Choose the sockets' folder, before the connection file is written."""
        manager = self.parent
        if self.sockets is None:
            environment = kwargs.get("env") or dict(os.environ)
            python = await asyncio.to_thread(warm_python, True, sys.executable, environment)
            self.sockets = python.folder / uuid.uuid4().hex[:12]
            manager.transport, manager.ip, manager.cache_ports = "ipc", str(self.sockets / "k"), False
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        hand_over(self.sockets)
        return await super().pre_launch(**kwargs)


class Process:
    """A kernel's process, with as much of subprocess.Popen as a provisioner asks for."""

    stdin = stdout = stderr = None

    def __init__(self, conversation):
        self.conversation, self.returncode = conversation, None

    def poll(self):
        """The exit status, or None while it runs."""
        if self.returncode is None:
            status = self.conversation.poll()
            self.returncode = -signal.SIGKILL if status == LOST else status
            if status is not None:
                self.conversation.close()
        return self.returncode

    def wait(self):
        """The exit status of a process that has ended."""
        return self.poll()

    def send_signal(self, number):
        """Send a signal to the process and what it has started."""
        if self.poll() is None:
            self.conversation.send_signal(int(number))
