"""Errors that a user can act on: one plain message instead of a traceback. Everything else is a bug of ours.

named.py    what the system says against a file that the user has named, as such a message
hiding.py   files of the user's that hide a module of Python's or of a library
causes.py   what around labkit makes a library fail: such files, settings, the working folder
program.py  what every command does around its work: messages, bugs, exit status
"""


class LabkitError(Exception):
    """What was wrong, what was expected, what to do.

    A notebook shows the message alone (IPython asks `_render_traceback_`); the command line prints it
    and exits with status 1.
    """

    def _render_traceback_(self):
        return [str(self)]
