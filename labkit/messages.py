"""Errors that a user can act on: one plain message instead of a traceback."""


class LabkitError(Exception):
    """What was wrong, what was expected, what to do.

    A notebook shows the message alone (IPython asks `_render_traceback_`); the command line prints it
    and exits with status 1.
    """

    def _render_traceback_(self):
        return [str(self)]
