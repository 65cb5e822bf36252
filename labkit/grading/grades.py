"""What a student reached in a lab: the form in which results are kept, reported and sent between machines."""

from dataclasses import dataclass, field

NO_LAB = "??"  # stands for the lab of what can't be read


@dataclass
class Grade:
    """One student's result in one lab.

    exercises: a dict for each exercise of the lab, in its order: what `Report.json` holds and
        text: the report as text;  printed: what the answer printed;
        code: the student's code as it was graded, "" where there was none;
        ended: how it ended where it did not come back with an answer: "syntax" (no Python), "error" (an
            exception wherever it is wrong), "time", "crash" (or too much memory), and "" otherwise.
    """

    student: str
    lab: str
    origin: str = ""  # the file that counts, for people
    problem: str = ""  # why nothing could be graded
    notes: list = field(default_factory=list)
    exercises: list = field(default_factory=list)
    id: str = ""  # as the LMS or the roster knows them; "" where nobody said
    email: str = ""
    seed: int = 0
    version: str = ""  # of the course: its number, and a digest of what grades are made by
    date: str = ""  # on which it was graded, YYYY-MM-DD

    @property
    def points(self):
        """Points reached."""
        return sum(report["points"] for report in self.exercises)

    @property
    def max_points(self):
        """Points there are."""
        return sum(report["max_points"] for report in self.exercises)
