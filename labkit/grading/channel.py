"""What processes of the grader say to each other: JSON, an object a line."""

import json


class Channel:
    """JSON lines in both directions over a connected socket."""

    def __init__(self, connection):
        self.file = connection.makefile("rwb")

    def send(self, message):
        """Write one message."""
        self.file.write(json.dumps(message).encode() + b"\n")
        self.file.flush()

    def receive(self):
        """The next message, or None at the end."""
        line = self.file.readline()
        return self.parse(line) if line else None

    @staticmethod
    def parse(line):
        """One line as a message. Raises ValueError."""
        return json.loads(line)
