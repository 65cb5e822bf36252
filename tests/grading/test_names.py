"""Rosters and names files, as platforms, spreadsheets and people write them."""

import time

import pytest

from labkit.grading.names import Names, Roster, read_names, read_roster
from labkit.grading.people import Person
from labkit.messages import LabkitError

JANE = Person("Jane Doe", "1234567", "jane.doe@uni.edu")
ROSTERS = {
    "a name a line": ("Jane Doe\n\nJohn Doe\n", [Person("Jane Doe"), Person("John Doe")]),
    "a heading": ("Name\nJane Doe\n", [Person("Jane Doe")]),
    "last name first": ("Doe, Jane\nRoe, Rick\n", [Person("Doe, Jane"), Person("Roe, Rick")]),
    "columns without a header": ("Jane Doe,1234567,jane.doe@uni.edu\n", [JANE]),
    "last name first, without a header": ('"Doe, Jane",1234567\n', [Person("Doe, Jane", "1234567")]),
    "Moodle's participants": (
        "First name,Last name,ID number,Email address,Groups\nJane,Doe,1234567,jane.doe@uni.edu,A\n",
        [JANE],
    ),
    "Moodle's participants, older": (
        '"First name",Surname,"Email address"\nJane,Doe,jane.doe@uni.edu\n',
        [Person("Jane Doe", "", "jane.doe@uni.edu")],
    ),
    "Moodle's worksheet": (
        "Identifier,Full name,ID number,Email address,Status\n"
        "Participant 5,Jane Doe,1234567,jane.doe@uni.edu,\n",
        [JANE],
    ),
    "Canvas's gradebook": (
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab 01 (17)\n"
        "    Points Possible,,,,,20.0\n"
        '"Doe, Jane",17,1234567,jane.doe@uni.edu,A,\n'
        '"Student, Test",99,,x,A,\n',
        [Person("Doe, Jane", "1234567", "jane.doe@uni.edu")],
    ),
    "Canvas's gradebook, short": (
        'Student,ID,SIS Login ID\n"Doe, Jane",17,jdoe1\n',
        [Person("Doe, Jane", "17")],
    ),
    "Brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email\n#1234567,#jdoe,Doe,Jane,jane.doe@uni.edu\n",
        [JANE],
    ),
    "Blackboard": (
        '"Last Name","First Name","Username","Student ID"\n"Doe","Jane","jdoe1","1234567"\n',
        [Person("Jane Doe", "1234567")],
    ),
    "one column of both names": ('"Surname, First",ID\n"Doe, Jane",7\n', [Person("Doe, Jane", "7")]),
    "German, with semicolons": (
        "Vorname;Nachname;Matrikelnummer;E-Mail-Adresse\nZo\u00eb;\u00c1lvarez;7;zoe@uni.edu\n",
        [Person("Zo\u00eb \u00c1lvarez", "7", "zoe@uni.edu")],
    ),
    "tabs": ("Name\tE-mail\tID\nJane Doe\tjane.doe@uni.edu\t1234567\n", [JANE]),
    "any order": ("email,id,name\njane.doe@uni.edu,1234567,Jane Doe\n", [JANE]),
    "two of one name": (
        "Name,ID\nJane Doe,1\nJane Doe,2\n",
        [Person("Jane Doe (1)", "1"), Person("Jane Doe (2)", "2")],
    ),
    "one name twice": ("Jane Doe\nJane Doe\n", [Person("Jane Doe (line 1)"), Person("Jane Doe (line 2)")]),
    "a line break within a name": ('name,id\n"Jane\nDoe",7\n', [Person("Jane Doe", "7")]),
    "Excel's separator": ("sep=;\nName;ID\nJane Doe;7\n", [Person("Jane Doe", "7")]),
}


@pytest.mark.parametrize(("text", "people"), ROSTERS.values(), ids=ROSTERS)
def test_rosters(tmp_path, text, people):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    assert read_roster(tmp_path / "roster.csv").people == people


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(tmp_path, encoding):
    (tmp_path / "roster.csv").write_bytes("Name,ID\r\nZo\u00eb M\u00fcller,7\r\n".encode(encoding))
    assert read_roster(tmp_path / "roster.csv").people == [Person("Zo\u00eb M\u00fcller", "7")]
    (tmp_path / "names.csv").write_bytes("file,student\r\nZo\u00eb/*,Zo\u00eb\r\n".encode(encoding))
    assert read_names(tmp_path / "names.csv").match(("Zo\u00eb/a.ipynb",)) == Person("Zo\u00eb")


@pytest.mark.parametrize(
    ("read", "data", "reason"),
    [
        (read_roster, b"", "names nobody"),
        (read_roster, b"Name,ID\n", "names nobody"),
        (read_roster, b"PK\x03\x04", "Save it as CSV"),
        (read_roster, b"a\0b\0\0cd", "no text file"),
        (read_roster, b"ID,Email\n7,a@b.de\n", "no column has the names"),
        (read_roster, b"Name,ID\nJane,7\n\x01,\x02\n", "line 3: there is no name"),
        (read_names, b"", "names no file"),
        (read_names, b"student,id\nJane,7\n", "line 1: expected the columns"),
        (read_names, b"file,student\na.ipynb,Jane\nb.ipynb,\n", "line 3: it does not say whose"),
        (read_names, b"file,student\n,Jane\n", "line 2: it names no file"),
        (read_names, b"file,student\na,Jane,7\n", "line 2: there are more values"),
        (read_names, b"a.ipynb\n", "line 1: expected file, student"),
        (read_names, b"file,student\na,Jane\n\na,John\n", "line 4: line 2 says otherwise"),
    ],
)
def test_what_cannot_be_understood_is_said(tmp_path, read, data, reason):
    (tmp_path / "file.csv").write_bytes(data)
    with pytest.raises(LabkitError, match=reason):
        read(tmp_path / "file.csv")


@pytest.mark.parametrize("read", [read_names, read_roster])
def test_a_file_that_is_not_there(tmp_path, read):
    with pytest.raises(LabkitError, match="can't be read"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(LabkitError, match="can't be read"):
        read(tmp_path)


NAMES = "file,student,id,email\n"
MATCHES = [
    ("a/b.ipynb,Jane,7,j@x.de", ("a/b.ipynb",), Person("Jane", "7", "j@x.de")),
    ("class.zip!a/b (3).ipynb,Jane,,", ("class.zip", "a/b (3).ipynb"), Person("Jane")),
    ("b.ipynb,Jane,,", ("class.zip", "a/b.ipynb"), Person("Jane")),
    ("*_jd.ipynb,Jane,,", ("class.zip", "a/x_jd.ipynb"), Person("Jane")),
    ("group 3/*,Jane,,", ("group 3/deep/x.ipynb",), Person("Jane")),
    ("group 3,Jane,,", ("group 3/deep/x.ipynb",), Person("Jane")),
    ("group 3/,Jane,,", ("group 3/deep/x.ipynb",), Person("Jane")),
    ("class.zip!a,Jane,,", ("class.zip", "a/x.ipynb"), Person("Jane")),
    ("class.zip/a/x.ipynb,Jane,,", ("class.zip", "a/x.ipynb"), Person("Jane")),
    ("class.zip/a/*.ipynb,Jane,,", ("class.zip", "a/x.ipynb"), Person("Jane")),
    ("class.zip/a,Jane,,", ("class.zip", "a/x.ipynb"), Person("Jane")),
    ("lab[1].ipynb,Jane,,", ("lab[1].ipynb",), Person("Jane")),
    ("a\\b.ipynb,Jane,,", ("a/b.ipynb",), Person("Jane")),
    ("./a/b.ipynb,Jane,,", ("a/b.ipynb",), Person("Jane")),
    ("Zo\u00eb.ipynb,Jane,,", ("Zoe\u0308.ipynb",), Person("Jane")),
    ("a/b.ipynb,,7,", ("a/b.ipynb",), Person("7", "7")),
    ("a/b.ipynb,Jane,,", ("a/c.ipynb",), None),
    ("a,Jane,,", ("ab/c.ipynb",), None),
    ("A.ipynb,Jane,,", ("a.ipynb",), None),
    ("*.ipynb,All,,\na/b.ipynb,Jane,,", ("a/b.ipynb",), Person("Jane")),
    ("a,All,,\na/b.ipynb,Jane,,", ("a/b.ipynb",), Person("Jane")),
    ("a*,First,,\n*b.ipynb,Jane,,", ("a/b.ipynb",), Person("First")),
]


@pytest.mark.parametrize(("lines", "origin", "person"), MATCHES)
def test_names_files(tmp_path, lines, origin, person):
    (tmp_path / "names.csv").write_text(NAMES + lines + "\n", encoding="utf-8")
    assert read_names(tmp_path / "names.csv").match(origin) == person


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Student;Path;E-Mail;ID\nJane;a.ipynb;j@x.de;7\n", Person("Jane", "7", "j@x.de")),
        ("pattern\tname\na.*\tJane\n", Person("Jane")),
        ("a.ipynb,Jane\n", Person("Jane")),
        ("a.ipynb,Jane,7,j@x.de\n", Person("Jane", "7", "j@x.de")),
        ("a.ipynb,Jane,j@x.de\n", Person("Jane", "", "j@x.de")),
        ("# a comment\nfile,student\na.ipynb,Jane\n", Person("Jane")),
        ('file,student\na.ipynb,"Doe, Jane"\n', Person("Doe, Jane")),
        ("file,first name,last name\na.ipynb,Jane,Doe\n", Person("Jane Doe")),
    ],
)
def test_columns_of_names_files(tmp_path, text, person):
    (tmp_path / "names.csv").write_text(text, encoding="utf-8")
    assert read_names(tmp_path / "names.csv").match(("a.ipynb",)) == person


ROSTER = Roster(
    [
        JANE,
        Person("Zo\u00eb \u00c1lvarez", "7", "zoe@uni.edu"),
        Person("Lee, Ann", "8", "ann@uni.edu"),
        Person("M\u00fcller, J\u00f6rg", "9"),
        Person("Max Bauer", "10"),
        Person("Max Bauer", "11"),
        Person("amy"),
        Person("Amy"),
        Person("Jos\u00e9 Ruiz"),
        Person("Jose Ruiz"),
        Person("S\u00f8ren \u0141uk"),
    ]
)


@pytest.mark.parametrize(
    ("person", "found"),
    [
        (Person("Jane Doe"), "Jane Doe"),
        (Person("jane  doe"), "Jane Doe"),
        (Person("Doe, Jane"), "Jane Doe"),
        (Person("Doe Jane"), "Jane Doe"),
        (Person("jane_doe"), "Jane Doe"),
        (Person("doejane"), "Jane Doe"),
        (Person("?", "1234567"), "Jane Doe"),
        (Person("?", "", "JANE.DOE@uni.edu"), "Jane Doe"),
        (Person("jane.doe@uni.edu"), "Jane Doe"),
        (Person("1234567"), "Jane Doe"),
        (Person("zoe", "zoe"), "Zo\u00eb \u00c1lvarez"),
        (Person("Zoe\u0308 A\u0301lvarez"), "Zo\u00eb \u00c1lvarez"),
        (Person("zoe alvarez"), "Zo\u00eb \u00c1lvarez"),
        (Person("Ann Lee"), "Lee, Ann"),
        (Person("leeann"), "Lee, Ann"),
        (Person("Joerg Mueller"), "M\u00fcller, J\u00f6rg"),
        (Person("Jorg Muller"), "M\u00fcller, J\u00f6rg"),
        (Person("Soren Luk"), "S\u00f8ren \u0141uk"),
        (Person("amy"), "amy"),
        (Person("Amy"), "Amy"),
        (Person("AMY"), None),
        (Person("Jose Ruiz"), "Jose Ruiz"),
        (Person("Jos\u00e9 Ruiz"), "Jos\u00e9 Ruiz"),
        (Person("joseruiz"), None),
        (Person("Max Bauer"), None),
        (Person("Max Bauer", "11"), "Max Bauer (11)"),
        (Person("Jane Doe", "7"), None),
        (Person("Jane"), None),
        (Person("Doe"), None),
        (Person("?"), None),
        (Person(""), None),
    ],
)
def test_whom_a_roster_finds(person, found):
    listed = ROSTER.find(person)
    assert (listed and listed.student) == found


def test_canvas_numbers_of_a_gradebook_find_people(tmp_path):
    (tmp_path / "grades.csv").write_text(
        'Student,ID,SIS User ID,SIS Login ID\n"Doe, Jane",17,1234567,jdoe1\n'
    )
    roster = read_roster(tmp_path / "grades.csv")
    for number in ("17", "1234567", "jdoe1"):
        assert roster.find(Person("?", number)) == Person("Doe, Jane", "1234567")


def test_a_long_or_odd_name_is_made_showable(tmp_path):
    (tmp_path / "roster.txt").write_text("Ja\x1bne\u202e Doe\n" + "x" * 5000 + "\n" + "x" * 4999 + "y\n")
    people = read_roster(tmp_path / "roster.txt").people
    assert people[0].student == "Jane Doe" and len({person.student for person in people}) == 3
    assert all(len(person.student) <= 120 for person in people)


@pytest.mark.parametrize("piece", ["_", "/", "a/", "a ", ", ", "a!", "e\u0301"])
def test_long_names_are_looked_up_in_no_time(piece):
    long = piece * (100_000 // len(piece))
    names = Names([("*a*b*.ipynb", JANE), ("x/*", JANE), ("[ab]*", JANE)])
    start = time.process_time()
    names.match((long,)), ROSTER.find(Person(long)), ROSTER.find(Person("?", long, long))
    assert time.process_time() - start < 0.4


def test_a_cell_without_end_is_a_message(tmp_path):
    (tmp_path / "roster.csv").write_text('name,id\nJane Doe,1\n"' + "x" * 200_000 + '",2\n')
    with pytest.raises(LabkitError, match=r"roster.csv, line 3: a cell has more than 131,072 characters"):
        read_roster(tmp_path / "roster.csv")
