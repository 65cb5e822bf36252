"""Who is who: tables of what lies in a folder and whose it is.

A path as people write it: "class.zip!amy/lab01.ipynb" is a file in an archive, "amy/" an empty folder.
"""

import random
import sys
import time

import pytest

from labkit.grading.gaps import absent, remarks
from labkit.grading.names import Names, Roster
from labkit.grading.people import Entry, Person, identify, table

SLUGS = [
    "01_mlm_fill_in_blank",
    "02_causal_masks",
    "03_feature_extraction",
    "04_attention_visualization",
    "05_bert_vs_gpt_classifiers",
]
SURE, DOUBT = False, True


def entry(path):
    """The Entry of a path: of an empty folder, a notebook, a damaged archive or another file."""
    name = path.lower()
    notebook = name.endswith((".ipynb", ".ipynb.txt"))
    kind = "empty" if name.endswith("/") else "notebook" if notebook else "other"
    return Entry(tuple(path.rstrip("/").split("!")), "archive" if name.endswith(".zip") else kind)


def people(paths, **options):
    """{path: Person or None}"""
    paths = list(paths)
    return dict(zip(paths, identify([entry(path) for path in paths], SLUGS, **options), strict=True))


def students(paths, **options):
    """{path: student or None}"""
    return {path: person and person.student for path, person in people(paths, **options).items()}


PLATFORMS = {
    "Moodle: a folder a student": {
        "Jane Doe_123456_assignsubmission_file_/lab01.ipynb": "Jane Doe",
        "Jane Doe_123456_assignsubmission_onlinetext_/onlinetext.html": "Jane Doe",
        "Zoë Ng_123457_assignsubmission_file_/sub/lab01.ipynb": "Zoë Ng",
        "Max O'Neil_123458_assignsubmission_comments_/": "Max O'Neil",
    },
    "Moodle: loose files": {
        "Jane Doe_123456_assignsubmission_file_lab01.ipynb": "Jane Doe",
        "John Doe_123457_assignsubmission_file_lab01.ipynb": "John Doe",
        "Jane Doe_123456_assignsubmission_file_notes.pdf": "Jane Doe",
        "Ann Lee_99_assignsubmission_file_essay.pdf": "Ann Lee",
        "index.html": None,
    },
    "Moodle: without numbers": {
        "Jane Doe_assignsubmission_file_/lab01.ipynb": "Jane Doe",
        "John Doe_assignsubmission_file/lab01.ipynb": "John Doe",
        "Ann_assignsubmission_file_lab01.ipynb": "Ann",
    },
    "Moodle: participants without names": {
        "Participant_123_assignsubmission_file_/lab01.ipynb": "Participant 123",
        "Participant_124_assignsubmission_file_/lab01.ipynb": "Participant 124",
    },
    "Moodle: one name, two numbers": {
        "Jane Doe_123456_assignsubmission_file_/lab01.ipynb": "Jane Doe (123456)",
        "Jane Doe_123457_assignsubmission_file_/lab01.ipynb": "Jane Doe (123457)",
        "Bo_3_assignsubmission_file_/lab01.ipynb": "Bo",
    },
    "Moodle: one number, two spellings of ë": {
        "Zo\u00eb_5_assignsubmission_file_/lab01.ipynb": "Zo\u00eb",
        "Zoe\u0308_5_assignsubmission_onlinetext_/onlinetext.html": "Zo\u00eb",
    },
    "Moodle: two exports are one person's labs": {
        "lab01.zip!Jane Doe_1_assignsubmission_file_/a.ipynb": "Jane Doe",
        "lab02.zip!Jane Doe_7_assignsubmission_file_/a.ipynb": "Jane Doe",
        "lab02.zip!John Doe_8_assignsubmission_file_/a.ipynb": "John Doe",
    },
    "Moodle: exports as it calls them": {
        "CS101-Lab 01-123456.zip!Jane Doe_1_assignsubmission_file_/a.ipynb": "Jane Doe",
        "CS101-Lab 02-123457.zip!Jane Doe_7_assignsubmission_file_/a.ipynb": "Jane Doe",
        "CS101-Lab 02-123457.zip!Bo_8_assignsubmission_file_/a.ipynb": "Bo",
    },
    "Moodle: zip files in a zip file": {
        "class.zip!Jane Doe_12_assignsubmission_file_.zip!lab01/x.ipynb": "Jane Doe",
        "class.zip!Jane Doe_12_assignsubmission_file_.zip!lab02/x.ipynb": "Jane Doe",
        "class.zip!John Doe_13_assignsubmission_file_work.zip": "John Doe",
    },
    "Moodle: names that are common words": {
        "Lab_1_assignsubmission_file_/lab01.ipynb": "Lab",
        "Final Mark_2_assignsubmission_file_/lab01.ipynb": "Final Mark",
        "Assignment_3_assignsubmission_file_lab01.ipynb": "Assignment",
    },
    "Canvas": {
        "doejane_LATE_12345_67890_lab02-1.ipynb": "doejane",
        "doejohn_12346_67891_lab02.ipynb": "doejohn",
        "doejane_12345_67892_lab02-2.ipynb": "doejane",
        "leeann_12347_67893_report.pdf": "leeann",
        "leeann_12347_text.html": "leeann",
        "ngzoe_12348_67894_work.zip!lab/lab02.ipynb": "ngzoe",
    },
    "Canvas: one name, two numbers": {
        "doejane_12345_1_lab.ipynb": "doejane (12345)",
        "doejane_12346_2_lab.ipynb": "doejane (12346)",
    },
    "Canvas: two assignments": {
        "lab01.zip!doejane_12345_1_lab.ipynb": "doejane",
        "lab02.zip!doejane_12345_2_lab.ipynb": "doejane",
        "lab02.zip!lab_12346_3_lab.ipynb": "lab",
    },
    "Canvas: a number tells two of a name in two exports": {
        "lab01.zip!doejane_12345_1_lab.ipynb": "doejane (12345)",
        "lab02.zip!doejane_12349_2_lab.ipynb": "doejane (12349)",
    },
    "Canvas: without names": {
        "anon_9Ux2f_67890_lab02.ipynb": "anon 9Ux2f",
        "anon_LATE_7Ab3k_67891_lab02.ipynb": "anon 7Ab3k",
    },
    "not Canvas: a date": {
        "amy_2024_10_lab01.ipynb": "amy",
        "bob_2024_10_lab01.ipynb": "bob",
    },
    "not Canvas: a lab's and a group's number": {
        "lab_01_02_jane.ipynb": "02_jane",
        "group_7_01_x.ipynb": "group_7_01_x",
    },
    "Blackboard": {
        "Lab 01_jdoe1_attempt_2024-10-01-12-00-00_lab01.ipynb": "jdoe1",
        "Lab 01_jdoe1_attempt_2024-10-01-12-00-00.txt": "jdoe1",
        "Lab 01_jdoe1_attempt_2024-10-02-12-00-00_lab01.ipynb": "jdoe1",
        "Lab 01_ann.lee_attempt_2024-10-01-12-00-00_lab01.ipynb": "ann.lee",
        "Lab 01_z_ng_attempt_2024-10-01-12-00-00_lab01.ipynb": "z_ng",
        "Lab 01_bo_attempt_2024-10-01-12-00-00.txt": "bo",
    },
    "Blackboard: an assignment with an underscore": {
        "Lab_01_jdoe1_attempt_2024-10-01-12-00-00_x.ipynb": "jdoe1",
        "Lab_01_jdoe2_attempt_2024-10-01-12-00-00_x.ipynb": "jdoe2",
    },
    "Blackboard: the whole gradebook": {
        "gradebook_CS101_Lab2001_jdoe1_attempt_2024-10-01-12-00-00_x.ipynb": "jdoe1",
        "gradebook_CS101_Lab2001_jdoe2_attempt_2024-10-01-12-00-00_x.ipynb": "jdoe2",
    },
    "Brightspace": {
        "12345-678910 - Jane Doe - Oct 1, 2024 1200 PM/lab01.ipynb": "Jane Doe",
        "12345-678910 - Jane Doe - Oct 2, 2024 1200 PM/lab01.ipynb": "Jane Doe",
        "12346-678910 - Ann Smith - Lee - Oct 1, 2024 1200 PM - lab01.ipynb": "Ann Smith - Lee",
        "12347-678910 - Bo - Oct 1, 2024 1200 PM - essay.pdf": "Bo",
        "index.html": None,
    },
    "Brightspace: one name, two numbers": {
        "12345-678910 - Jane Doe - Oct 1, 2024 1200 PM/lab01.ipynb": "Jane Doe (12345)",
        "12346-678910 - Jane Doe - Oct 1, 2024 1200 PM/lab01.ipynb": "Jane Doe (12346)",
    },
    "Google Classroom": {
        "lab01 - Jane Doe.ipynb": "Jane Doe",
        "John Doe - 01_mlm_fill_in_blank.ipynb": "John Doe",
        "Copy of 01_mlm_fill_in_blank.ipynb - Ann Lee.ipynb": "Ann Lee",
        "Kopie von 01_mlm_fill_in_blank - Zoë.ipynb": "Zoë",
    },
    "Google Classroom: a report among notebooks": {
        "lab01 - Jane Doe.ipynb": "Jane Doe",
        "lab01 - John Doe.ipynb": "John Doe",
        "lab01 - Ann Lee.pdf": "Ann Lee",
        "lab01 - instructions.pdf": None,
    },
    "Sakai": {
        "Lab 01/Doe, Jane(jdoe1)/Submission attachment(s)/lab01.ipynb": "Doe, Jane",
        "Lab 01/Doe, John(jdoe2)/Submission attachment(s)/lab01.ipynb": "Doe, John",
        "Lab 01/grades.csv": None,
    },
    "GitHub Classroom": {
        "lab-02-submissions/lab-02-amy/notebooks/02_causal_masks.ipynb": "amy",
        "lab-02-submissions/lab-02-bob/notebooks/02_causal_masks.ipynb": "bob",
        "lab-02-submissions/lab-02-bob/README.md": "bob",
    },
    "nbgrader": {
        "submitted/amy/lab01/lab01.ipynb": "amy",
        "submitted/amy/lab02/lab02.ipynb": "amy",
        "submitted/bob/lab01/lab01.ipynb": "bob",
    },
}

FOLDERS = {
    "a folder a student": {
        "amy/lab01.ipynb": "amy",
        "amy/deep/down/lab02.ipynb": "amy",
        "bob/essay.pdf": "bob",
        "cat/": "cat",
        "README.txt": None,
        "Thumbs.db": None,
        "desktop.ini": None,
        "instructions.pdf": None,
        "gradebook.csv": None,
    },
    "a zip file a student": {
        "amy.zip!lab01/x.ipynb": "amy",
        "amy.zip!lab02/y.ipynb": "amy",
        "bob.zip!x.ipynb": "bob",
        "cat.zip": "cat",
        "dan.rar": "dan",
        "eve.tar.gz": "eve",
        "fay.7z": "fay",
    },
    "one student's zip file alone": {
        "amy.zip!lab01/x.ipynb": "amy",
        "amy.zip!lab02/y.ipynb": "amy",
    },
    "a lab in front of the name": {
        "lab01-janedoe/01.ipynb": "janedoe",
        "lab02-janedoe/02.ipynb": "janedoe",
        "lab01_bob.zip!x.ipynb": "bob",
        "Lab 2 Cat.zip": "Cat",
    },
    "sections": {
        "section 1/amy/lab01.ipynb": "amy",
        "section 1/bob.zip!lab01.ipynb": "bob",
        "section 2/cat.ipynb": "cat",
    },
    "labs above students": {
        "lab01/amy/x.ipynb": "amy",
        "lab01/bob/x.ipynb": "bob",
        "lab02/amy/x.ipynb": "amy",
        "lab02/instructions.pdf": None,
        "lab03/": None,
    },
    "labs in years": {
        "2024/lab01/amy/x.ipynb": "amy (2024/lab01/amy)",
        "2024/lab02/amy/x.ipynb": "amy (2024/lab01/amy)",
        "2023/lab01/amy/x.ipynb": "amy (2023/lab01/amy)",
    },
    "labs in sections": {
        "section A/lab 1/amy.ipynb": "amy (section A/lab 1/amy)",
        "section A/lab 2/amy.ipynb": "amy (section A/lab 1/amy)",
        "section B/lab 1/amy.ipynb": "amy (section B/lab 1/amy)",
    },
    "parts of a class": {
        "Tutorium Mo/amy.ipynb": "amy",
        "Tutorium Di/bob.ipynb": "bob",
        "Tutorium Di/cat/lab01.ipynb": "cat",
    },
    "what GitHub packs": {
        "lab01-amy-main.zip!lab01-amy-main/notebooks/a.ipynb": "amy",
        "lab01-bob-main.zip!lab01-bob-main/notebooks/a.ipynb": "bob",
    },
    "what Google Drive packs": {
        "Lab 1-20241001T120000Z-001.zip!Lab 1/amy - lab01.ipynb": "amy",
        "Lab 1-20241001T120000Z-001.zip!Lab 1/bob - lab01.ipynb": "bob",
    },
    "a course's zip files of loose notebooks": {
        "CS101 Lab 1.zip!jane.ipynb": "jane",
        "CS101 Lab 1.zip!john.ipynb": "john",
        "CS101 Lab 2.zip!jane.ipynb": "jane",
        "CS101 Lab 2.zip!john.ipynb": "john",
    },
    "one student alone": {"ann/old.ipynb": "ann", "ann/new.ipynb": "ann"},
    "words in a folder's name": {"a_zip_bomb/lab01.ipynb": "a_zip_bomb", "a_link/lab01.ipynb": "a_link"},
    "labs above files": {
        "lab01/amy.ipynb": "amy",
        "lab02/amy.ipynb": "amy",
        "02_causal_masks/bob.ipynb": "bob",
    },
    "weeks in a zip file": {
        "class.zip!week 1/amy/notebook.ipynb": "amy",
        "class.zip!week 2/amy/notebook.ipynb": "amy",
        "class.zip!week 2/bob/notebook.ipynb": "bob",
    },
    "a zip file around a folder of its name": {
        "amy.zip!amy/lab01.ipynb": "amy",
        "bob.zip!bob/lab01/a.ipynb": "bob",
    },
    "a whole class in a zip file of any name": {
        "cohort24.zip!cohort24/amy/lab01.ipynb": "amy",
        "cohort24.zip!cohort24/bob/lab01.ipynb": "bob",
        "cohort24.zip!cohort24/cat/lab01.ipynb": "cat",
    },
    "folders within a student's": {
        "amy/src/a.ipynb": "amy",
        "amy/old/a.ipynb": "amy",
        "bob/bert/a.ipynb": "bob",
        "bob/gpt/a.ipynb": "bob",
        "cat/theory/a.ipynb": "cat",
        "cat/code/a.ipynb": "cat",
        "dan/a.ipynb": "dan",
    },
    "a zip file within a student's folder": {
        "amy/work.zip!x/01.ipynb": "amy",
        "amy/work.zip!y/02.ipynb": "amy",
        "bob/lab01.ipynb": "bob",
    },
    "case tells folders apart": {
        "amy/lab01.ipynb": "amy",
        "Amy/lab01.ipynb": "Amy",
    },
    "numbers for names": {
        "1/lab01.ipynb": "1",
        "2/lab01.ipynb": "2",
        "1234567/lab01.ipynb": "1234567",
    },
    "a folder, a zip file and a notebook of one name": {
        "amy/lab01.ipynb": "amy",
        "amy.zip!lab01.ipynb": "amy",
        "amy.ipynb": "amy",
    },
    "groups": {
        "group 7/lab01.ipynb": "group 7",
        "group 8/lab01.ipynb": "group 8",
    },
    "a common word among people's names": {
        "lab01/amy/x.ipynb": "amy",
        "lab01/Work/x.ipynb": "Work",
    },
    "groups of people": {
        "group A/amy/lab01.ipynb": "amy",
        "group A/bob/lab01.ipynb": "bob",
        "group B/cat/lab01.ipynb": "cat",
        "group B/dan/lab01.ipynb": "dan",
    },
    "a student called as a common word": {
        "Final/lab01.ipynb": "Final",
        "Mark/lab01.ipynb": "Mark",
        "amy/lab01.ipynb": "amy",
    },
}

LOOSE = {
    "a file a student": {
        "jane_doe_lab01.ipynb": "jane_doe",
        "jane_doe_lab02.ipynb": "jane_doe",
        "lab01_john.ipynb": "john",
        "José Álvarez.ipynb": "José Álvarez",
        "ann.ipynb.txt": "ann",
        "notes.txt": None,
    },
    "words for a lab": {
        "Lab 01 - Jane.ipynb": "Jane",
        "Lab 01 - John.ipynb": "John",
    },
    "words for an assignment": {
        "Assignment 01 Jane.ipynb": "Jane",
        "Assignment 01 John.ipynb": "John",
    },
    "an underscore": {"Lab_01_Jane.ipynb": "Jane", "Lab_01_John.ipynb": "John"},
    "copies": {
        "Copy of 01_mlm_fill_in_blank - Jane.ipynb": "Jane",
        "Copy of 01_mlm_fill_in_blank - John (1).ipynb": "John",
    },
    "the lab's name": {
        "01_mlm_fill_in_blank - Jane (1).ipynb": "Jane",
        "01 mlm fill in blank John.ipynb": "John",
        "Ann-02_causal_masks.ipynb": "Ann",
    },
    "dates": {"2024-10-01 Jane.ipynb": "Jane", "2024-10-01 John.ipynb": "John"},
    "dates and times": {
        "2024-10-01-12-00-00_jane_lab01.ipynb": "jane",
        "20241001_john_lab01.ipynb": "john",
        "01.10.2024 ann.ipynb": "ann",
    },
    "groups": {"group_07_lab01.ipynb": "group_07", "group_08_lab01.ipynb": "group_08"},
    "numbers with dashes": {"12-34-567_lab01.ipynb": "12-34-567", "12-34-568_lab01.ipynb": "12-34-568"},
    "e-mail addresses": {
        "jane.doe@uni.edu_lab01.ipynb": "jane.doe@uni.edu",
        "lab01_jane.doe@uni-x.de.ipynb": "jane.doe@uni-x.de",
    },
    "students' numbers": {"s1234567_lab1.ipynb": "s1234567", "s1234568_lab1.ipynb": "s1234568"},
    "students by number": {"student_01.ipynb": "student_01", "student_02.ipynb": "student_02"},
    "a list of people": {
        "abc_01.ipynb": "abc_01",
        "abc_02.ipynb": "abc_02",
        "abc_17.ipynb": "abc_17",
    },
    "a number alone is a lab's": {"jane_1.ipynb": "jane", "jane_2.ipynb": "jane", "john_1.ipynb": "john"},
    "numbers of one name": {"jane_1_lab01.ipynb": "jane_1", "jane_2_lab01.ipynb": "jane_2"},
    "several attempts": {
        "jane_lab01.ipynb": "jane",
        "jane_lab01 (1).ipynb": "jane",
        "jane_lab01-1.ipynb": "jane",
        "jane_lab01_final.ipynb": "jane",
        "jane_lab01_v2.ipynb": "jane",
    },
    "without a space": {"Lab01Jane.ipynb": "Jane", "johnlab01.ipynb": "john"},
    "a course's name before three": {
        "NLP24_Jane.ipynb": "Jane",
        "NLP24_John.ipynb": "John",
        "NLP24_Ann.ipynb": "Ann",
    },
    "names in other scripts": {
        "李雷_lab01.ipynb": "李雷",
        "lab01 韩梅梅.ipynb": "韩梅梅",
        "Ольга.ipynb": "Ольга",
    },
    "signs in names": {"O'Brien-Smith_lab01.ipynb": "O'Brien-Smith", "lab01_Doe, Jane.ipynb": "Doe, Jane"},
    "one letter": {"a_lab01.ipynb": "a", "b_lab01.ipynb": "b"},
    "case tells files apart": {"jane_lab01.ipynb": "jane", "Jane_lab01.ipynb": "Jane"},
    "damaged archives": {"lab01_bob.zip": "bob", "amy.zip": "amy"},
    "a name that is a word, among others": {
        "lab01 - Amy.ipynb": "Amy",
        "lab01 - Bob.ipynb": "Bob",
        "lab01 - Lab.ipynb": "Lab",
    },
}


@pytest.mark.parametrize("files", PLATFORMS.values(), ids=PLATFORMS)
def test_what_platforms_export(files):
    assert students(files) == files


@pytest.mark.parametrize("files", FOLDERS.values(), ids=FOLDERS)
def test_folders_and_archives(files):
    assert students(files) == files


@pytest.mark.parametrize("files", LOOSE.values(), ids=LOOSE)
def test_loose_files(files):
    assert students(files) == files


# What could be taken for less, or for one person: (files and students, is there a doubt).
CLOSE = {
    "numbers for folders": ({"1/x.ipynb": "1", "2/x.ipynb": "2", "3/x.ipynb": "3"}, DOUBT),
    "numbers for folders, with zeros": ({"01/x.ipynb": "01", "02/x.ipynb": "02"}, DOUBT),
    "numbers for zip files": ({"1.zip!x.ipynb": "1", "2.zip!x.ipynb": "2"}, DOUBT),
    "numbers for folders, files of several names": (
        {"1/mywork.ipynb": "1", "2/mywork.ipynb": "2", "3/hello.ipynb": "3", "19/answers.ipynb": "19"},
        DOUBT,
    ),
    "numbers that the files below say are labs": (
        {"1/lab01_jane.ipynb": "jane", "1/lab01_bo.ipynb": "bo", "2/lab02_jane.ipynb": "jane"},
        SURE,
    ),
    "sections with one name in two": (
        {
            "A/Jane Doe/x.ipynb": "Jane Doe (A)",
            "A/John Roe/x.ipynb": "John Roe",
            "B/Ann Lee/x.ipynb": "Ann Lee",
            "B/Jane Doe/x.ipynb": "Jane Doe (B)",
        },
        DOUBT,
    ),
    "a section of one person": (
        {
            "Spring/Jane Doe/x.ipynb": "Jane Doe",
            "Spring/John Roe/x.ipynb": "John Roe",
            "Fall/Ann Lee/x.ipynb": "Ann Lee",
        },
        DOUBT,
    ),
    "zip files in folders of teachers": (
        {
            "Prof Smith/Jane Doe.zip!x.ipynb": "Jane Doe",
            "Prof Smith/John Roe.zip!x.ipynb": "John Roe",
            "Prof Jones/Ann Lee.zip!x.ipynb": "Ann Lee",
        },
        DOUBT,
    ),
    "sections or families": (
        {"Smith/Jane/x.ipynb": "Jane", "Smith/John/x.ipynb": "John", "Doe/Ann/x.ipynb": "Ann"},
        DOUBT,
    ),
    "a section beside a person": (
        {"A/Jane Doe/x.ipynb": "Jane Doe", "A/John Roe/x.ipynb": "John Roe", "amy/x.ipynb": "amy"},
        DOUBT,
    ),
    "signs and numbers for folders": ({"#1/x.ipynb": "#1", "#2/x.ipynb": "#2"}, DOUBT),
    "submissions by number": (
        {"submission 1/x.ipynb": "submission 1", "submission 2/x.ipynb": "submission 2"},
        SURE,
    ),
    "numbers above people": (
        {"1/amy/x.ipynb": "amy (1)", "1/bob/x.ipynb": "bob", "2/amy/x.ipynb": "amy (2)"},
        DOUBT,
    ),
    "first names in groups": (
        {"Group A/amy.ipynb": "amy", "Group A/bob.ipynb": "bob", "Group B/cat.ipynb": "cat"},
        DOUBT,
    ),
    "teachers or students": ({"Spring/Jane Doe/x.ipynb": "Spring", "Fall/Ann Lee/x.ipynb": "Fall"}, DOUBT),
    "a course before a dash": (
        {f"Deep Learning - {name}.ipynb": name for name in ("Jane Doe", "Bo Ray", "Al Fay")},
        SURE,
    ),
    "a folder with more words": (
        {"Jane Doe (late)/x.ipynb": "Jane Doe (late)", "Jane Doe/x.ipynb": "Jane Doe"},
        DOUBT,
    ),
    "files in sections": (
        {
            "\u00dcbung A/Jane Doe.ipynb": "Jane Doe",
            "\u00dcbung A/Roe, John.ipynb": "Roe, John",
            "\u00dcbung B/Ann Lee.ipynb": "Ann Lee",
        },
        DOUBT,
    ),
    "files in teams": (
        {
            "team alpha/Jane Doe.ipynb": "Jane Doe",
            "team alpha/John Roe.ipynb": "John Roe",
            "team beta/Ann Lee.ipynb": "Ann Lee",
        },
        DOUBT,
    ),
    "folders in groups": (
        {"group 1/Jane Doe/x.ipynb": "Jane Doe", "group 1/John Roe/x.ipynb": "John Roe"},
        DOUBT,
    ),
    "one way of working": (
        {
            "amy/theory/x.ipynb": "amy",
            "amy/model/x.ipynb": "amy",
            "bob/theory/x.ipynb": "bob",
            "bob/model/x.ipynb": "bob",
        },
        DOUBT,
    ),
    "numbers behind a name": (
        {"Maria 1/x.ipynb": "Maria 1", "Maria 2/x.ipynb": "Maria 2", "Ann/x.ipynb": "Ann"},
        DOUBT,
    ),
    "numbers behind some files' names": (
        {"Maria 1.ipynb": "Maria 1", "Maria 2.ipynb": "Maria 2", "John.ipynb": "John"},
        DOUBT,
    ),
    "numbers behind all names": (
        {"Jane Doe - 1/x.ipynb": "Jane Doe - 1", "Jane Doe - 2/x.ipynb": "Jane Doe - 2"},
        DOUBT,
    ),
    "numbers of computers": (
        {"PC 1.ipynb": "PC 1", "PC 2.ipynb": "PC 2", "Pair 1.ipynb": "Pair 1"},
        DOUBT,
    ),
    "a surname for a version": ({"Max.zip!x.ipynb": "Max", "Max Copy.zip!x.ipynb": "Max Copy"}, DOUBT),
    "surnames for versions": ({"Will.ipynb": "Will", "Will Final.ipynb": "Will Final"}, DOUBT),
    "a version without a lab": (
        {"jane.ipynb": "jane (jane)", "jane_final.ipynb": "jane (jane_final)"},
        DOUBT,
    ),
    "surnames that are words": (
        {
            "Mark Lab.ipynb": "Mark Lab",
            "Will Final.ipynb": "Will Final",
            "Max Copy.ipynb": "Max Copy",
            "Jane Doe.ipynb": "Jane Doe",
        },
        SURE,
    ),
    "folders' surnames that are words": (
        {f"Mark {word}/x.ipynb": f"Mark {word}" for word in ("Lab", "Final", "Task", "Assignment")},
        DOUBT,
    ),
    "one first name": (
        {f"Jane {last}/x.ipynb": f"Jane {last}" for last in ("Doe", "Roe", "Lee")},
        SURE,
    ),
    "one first name, files": ({f"Jane-{n}.ipynb": f"Jane-{n}" for n in ("Doe", "Roe", "Lee")}, SURE),
    "one last name": ({f"{n} Smith.ipynb": f"{n} Smith" for n in ("Ann", "Bob", "Cy")}, SURE),
    "one last name first": ({f"Smith, {n}/x.ipynb": f"Smith, {n}" for n in "ABC"}, SURE),
    "a course and one first name": (
        {f"NLP24_Jane {n}.ipynb": f"Jane {n}" for n in ("Doe", "Roe", "Lee")},
        SURE,
    ),
    "Canvas: without names, late": (
        {
            "anonymous_sfKDB_LATE_678901_lab.ipynb": "anon sfKDB",
            "anonymous_9Ux2f_67890_lab.ipynb": "anon 9Ux2f",
        },
        SURE,
    ),
    "Blackboard: an assignment of many words": (
        {
            "Lab_01_Fill_in_jroe_attempt_2023-10-02-12-33-11_x.ipynb": "jroe",
            "Lab_01_Fill_in_alee_attempt_2023-10-02-12-33-11_x.ipynb": "alee",
        },
        SURE,
    ),
    "an address in brackets": (
        {"Jane Doe (jdoe@uni.edu)/x.ipynb": "Jane Doe", "John Roe <jroe@uni.edu>.ipynb": "John Roe"},
        SURE,
    ),
    "two addresses of one name": (
        {
            "Jane Doe (a@uni.edu)/x.ipynb": "Jane Doe (a@uni.edu)",
            "Jane Doe (b@uni.edu)/x.ipynb": "Jane Doe (b@uni.edu)",
        },
        SURE,
    ),
    "Brightspace: without numbers": (
        {
            "Jane Doe - Oct 1, 2023 1233 PM/x.ipynb": "Jane Doe",
            "Ann Lee - Oct 1, 2023 133 PM - lab01.ipynb": "Ann Lee",
        },
        SURE,
    ),
}


@pytest.mark.parametrize(("files", "doubted"), CLOSE.values(), ids=CLOSE)
def test_what_could_be_taken_for_less_or_for_one(files, doubted):
    found = people(files)
    assert {file: person.student for file, person in found.items()} == files
    assert any(person.doubt for person in found.values()) == doubted
    shuffled = dict(reversed(files.items()))
    assert people(shuffled) == found


KEPT_APART = {
    "spaces around a folder's name": ("Jane Doe/x.ipynb", "Jane Doe /x.ipynb", " Jane Doe/x.ipynb"),
    "spaces around a file's name": ("Jane Doe.ipynb", "Jane Doe .ipynb"),
    "six spellings": tuple(
        f"{name}/x.ipynb"
        for name in ("Jane Doe", "Jane Doe ", " Jane Doe", "jane doe", "Jane  Doe", "JANE DOE")
    ),
    "Brightspace without numbers, twice": (
        "Jane Doe - Oct 1, 2023 1233 PM/x.ipynb",
        "Jane Doe - Oct 2, 2023 1233 PM/x.ipynb",
    ),
    "a surname that may be a word": ("lab01/Mark.ipynb", "lab02/Mark_Lab.ipynb"),
    "numbers of what may be labs or people": ("abc_1.ipynb", "abc_2.ipynb"),
    "one lab twice, in two forms": ("jane_lab01.ipynb", "lab01_jane.ipynb"),
    "one lab twice, written otherwise": ("jane_lab01.ipynb", "jane-01_mlm_fill_in_blank.ipynb"),
    "case": ("amy/lab01.ipynb", "Amy/lab01.ipynb"),
    "spaces": ("jane_doe.ipynb", "jane doe.ipynb"),
    "composed and decomposed letters": ("Zo\u00eb/lab01.ipynb", "Zoe\u0308/lab01.ipynb"),
    "two sections": ("section 1/amy/lab01.ipynb", "section 2/amy/lab02.ipynb"),
    "one lab in two places": ("export1/amy/lab01.ipynb", "export2/amy/lab01.ipynb"),
    "places that tell nothing": ("late/amy/x.ipynb", "ontime/amy/y.ipynb"),
    "files without a name": ("lab01.ipynb", "lab01 (1).ipynb"),
    "files without a name in two places": ("submission.zip!lab01.ipynb", "submission (1).zip!lab01.ipynb"),
    "two numbers in two exports of one lab": (
        "lab01.zip!Jane_1_assignsubmission_file_/lab01.ipynb",
        "lab01 (late).zip!Jane_7_assignsubmission_file_/lab01.ipynb",
    ),
    "a file called as somebody else's": (
        "amy.zip!bob_1_2_x.ipynb",
        "amy.zip!cat_3_4_x.ipynb",
        "bob/lab01.ipynb",
    ),
    "folders of two forms": ("lab01-amy/lab01.ipynb", "amy-lab01/lab01.ipynb"),
}
SAID = ("differ only in how", "does not say whose", "taken for a person's, not a lab's")
TOLD_APART = {
    "numbers of one Moodle export": (
        "Jane_1_assignsubmission_file_/lab01.ipynb",
        "Jane_2_assignsubmission_file_/lab01.ipynb",
    ),
    "Canvas's numbers": ("lab01.zip!jane_11_2_a.ipynb", "lab02.zip!jane_13_4_a.ipynb"),
    "participants": (
        "lab01.zip!Participant_5_assignsubmission_file_/a.ipynb",
        "lab02.zip!Participant_6_assignsubmission_file_/a.ipynb",
    ),
}
DOUBTFUL = {
    "nothing is left of the name": ("lab01_final.ipynb", "lab01_final"),
    "a word of the course": ("lab05_Bert.ipynb", "Bert"),
    "an archive without a name": ("lab01.zip", "lab01"),
    "a folder of common words": ("Final/lab01.ipynb", "Final"),
}


@pytest.mark.parametrize("files", KEPT_APART.values(), ids=KEPT_APART)
def test_where_it_cannot_be_told_people_are_kept_apart_and_a_doubt_says_so(files):
    found = people(files).values()
    assert len({person.student for person in found}) == len(files)
    assert any(person.doubt for person in found)


@pytest.mark.parametrize("files", TOLD_APART.values(), ids=TOLD_APART)
def test_numbers_tell_people_apart_without_a_doubt(files):
    found = people(files).values()
    assert len({person.student for person in found}) == len(files)
    assert not any(person.doubt for person in found)


@pytest.mark.parametrize(("file", "student"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_name_that_may_be_none_is_doubted(file, student):
    (person,) = people([file]).values()
    assert person.student == student and person.doubt


@pytest.mark.parametrize("files", {**PLATFORMS, **LOOSE}.values(), ids={**PLATFORMS, **LOOSE})
def test_what_can_be_told_is_not_doubted(files):
    doubts = {person.doubt for person in people(files).values() if person and person.doubt}
    assert all(any(text in doubt for text in SAID) for doubt in doubts)


@pytest.mark.parametrize(
    ("file", "number", "email"),
    [
        ("Jane Doe_123456_assignsubmission_file_/lab01.ipynb", "123456", ""),
        ("doejane_LATE_12345_67890_lab02-1.ipynb", "12345", ""),
        ("Lab 01_jdoe1_attempt_2024-10-01-12-00-00_lab01.ipynb", "jdoe1", ""),
        ("12345-678910 - Jane Doe - Oct 1, 2024 1200 PM/lab01.ipynb", "12345", ""),
        ("jane.doe@uni.edu_lab01.ipynb", "", "jane.doe@uni.edu"),
        ("s1234567_lab1.ipynb", "s1234567", ""),
        ("Jane_1234567_lab1.ipynb", "1234567", ""),
        ("jane_lab01.ipynb", "", ""),
    ],
)
def test_numbers_and_addresses(file, number, email):
    (person,) = people([file]).values()
    assert (person.id, person.email) == (number, email)


ROSTER = Roster(
    [
        Person("Jane Doe", "1234567", "jane.doe@uni.edu"),
        Person("Zo\u00eb \u00c1lvarez", "1234568", "zoe@uni.edu"),
        Person("Lee, Ann", "1234569", "ann@uni.edu"),
        Person("Max Bauer"),
        Person("Max Bauer", "1234571"),
    ]
)


@pytest.mark.parametrize(
    ("file", "student"),
    [
        ("Jane Doe_5_assignsubmission_file_/lab01.ipynb", "Jane Doe"),
        ("doejane_5_6_lab01.ipynb", "Jane Doe"),
        ("lab01_1234567.ipynb", "Jane Doe"),
        ("jane.doe@uni.edu_lab01.ipynb", "Jane Doe"),
        ("jane.doe/lab01.ipynb", "Jane Doe"),
        ("Zoe\u0308 A\u0301lvarez.ipynb", "Zo\u00eb \u00c1lvarez"),
        ("zoe_alvarez_lab01.ipynb", "Zo\u00eb \u00c1lvarez"),
        ("Ann Lee/lab01.ipynb", "Lee, Ann"),
        ("leeann_7_8_lab.ipynb", "Lee, Ann"),
        ("Max Bauer 1234571.ipynb", "Max Bauer (1234571)"),
        ("Jane Doe - my work.pdf", None),
        ("jane_doe_lab01.pdf", "Jane Doe"),
        ("Ann Lee/x/a.ipynb", "Lee, Ann"),
    ],
)
def test_the_roster_finds_people(file, student):
    (found,) = people([file], roster=ROSTER).values()
    assert (found and found.student) == student
    if found:
        listed = next(person for person in ROSTER.people if person.student == student)
        assert (found.id, found.email) == (listed.id or found.id, listed.email)


def test_a_roster_joins_what_the_rules_alone_would_keep_apart():
    files = ["late/Jane Doe/a.ipynb", "Jane Doe/b.ipynb", "canvas.zip!doejane_5_6_lab01.ipynb"]
    assert set(students(files, roster=ROSTER).values()) == {"Jane Doe"}


def test_two_people_of_one_place_are_not_one_line_of_the_roster():
    found = students(["Jane Doe/lab01.ipynb", "jane doe/lab01.ipynb"], roster=ROSTER)
    assert found["Jane Doe/lab01.ipynb"] == "Jane Doe" and found["jane doe/lab01.ipynb"] == "jane doe"
    files = [f"Jane Doe_{n}_assignsubmission_file_/lab01.ipynb" for n in (5, 6)]
    found = people(files, roster=ROSTER).values()
    assert {person.student for person in found} == {"Jane Doe (5)", "Jane Doe (6)"}
    assert all("Jane Doe" in person.doubt for person in found)


def test_a_name_on_two_lines_of_the_roster_is_neither():
    (person,) = people(["Max Bauer/lab01.ipynb"], roster=ROSTER).values()
    assert person.student not in {listed.student for listed in ROSTER.people} and person.doubt


def test_the_roster_tells_a_class_from_a_student():
    roster = Roster([Person("Amy"), Person("Bob"), Person("Theory")])
    files = ["Rot/Amy/a.ipynb", "Rot/Bob/a.ipynb", "Theory/x/a.ipynb", "Theory/y/a.ipynb"]
    assert list(students(files, roster=roster).values()) == ["Amy", "Bob", "Theory", "Theory"]


def test_a_names_file_decides_over_all_rules():
    names = Names([("amy/*", Person("Amy Lee", "7", "amy@uni.edu")), ("lab01 (1).ipynb", Person("Bob"))])
    files = ["amy/lab01.ipynb", "lab01 (1).ipynb", "bob/lab01.ipynb", "Bob/lab02.ipynb", "notes.txt"]
    found = people(files, names=names)
    assert found["amy/lab01.ipynb"] == Person("Amy Lee", "7", "amy@uni.edu")
    assert found["lab01 (1).ipynb"].student == found["Bob/lab02.ipynb"].student == "Bob"
    assert found["bob/lab01.ipynb"].student == "bob" and found["notes.txt"] is None


def test_two_of_one_name_in_a_names_file_are_two():
    names = Names(
        [("a.ipynb", Person("Max", "1")), ("b.ipynb", Person("Max", "2")), ("c.ipynb", Person("Max", "1"))]
    )
    assert list(students(["a.ipynb", "b.ipynb", "c.ipynb"], names=names).values()) == [
        "Max (1)",
        "Max (2)",
        "Max (1)",
    ]


# Lines of a names file, the students of files by them, and whether there is a doubt.
DECIDED = {
    "two people with one number": (
        [("a.ipynb", "Jane Doe", "1"), ("b.ipynb", "John Roe", "1")],
        {"a.ipynb": "Jane Doe", "b.ipynb": "John Roe"},
        DOUBT,
    ),
    "two of one name, and a third": (
        [("a.ipynb", "Jane Doe", "1"), ("b.ipynb", "Jane Doe", "2")],
        {"a.ipynb": "Jane Doe (1)", "b.ipynb": "Jane Doe (2)", "Jane Doe/x.ipynb": "Jane Doe (Jane Doe)"},
        DOUBT,
    ),
    "two of one name, and a line without a number": (
        [("a.ipynb", "Jane Doe", "1"), ("b.ipynb", "Jane Doe", "2"), ("c.ipynb", "Jane Doe", "")],
        {"a.ipynb": "Jane Doe (1)", "b.ipynb": "Jane Doe (2)", "c.ipynb": "Jane Doe (Jane Doe)"},
        DOUBT,
    ),
    "a number on one line alone": (
        [("a.ipynb", "Jane Doe", "1"), ("b.ipynb", "Jane Doe", "")],
        {"a.ipynb": "Jane Doe", "b.ipynb": "Jane Doe"},
        SURE,
    ),
    "a path that is a file's name, too": (
        [("Jane.ipynb", "Jane Doe", "1")],
        {"Jane.ipynb": "Jane Doe", "bob/Jane.ipynb": "bob"},
        SURE,
    ),
    "a file's name": ([("Jane.ipynb", "Jane Doe", "1")], {"bob/Jane.ipynb": "Jane Doe"}, SURE),
    "two patterns for one file": (
        [("a*", "Jane Doe", ""), ("*x.ipynb", "Bo", "")],
        {"ax.ipynb": "Jane Doe", "bx.ipynb": "Bo"},
        DOUBT,
    ),
}


@pytest.mark.parametrize(("lines", "files", "doubted"), DECIDED.values(), ids=DECIDED)
def test_what_a_names_file_decides(lines, files, doubted):
    names = Names([(path, Person(student, number)) for path, student, number in lines])
    found = people(files, names=names)
    assert {file: person.student for file, person in found.items()} == files
    assert any(person.doubt for person in found.values()) == doubted


def test_people_of_a_names_file_with_one_number_are_on_the_roster_by_name():
    names = Names([("a.ipynb", Person("Jane Doe", "1")), ("b.ipynb", Person("John Roe", "1"))])
    roster = Roster([Person("Jane Doe", "1"), Person("John Roe", "2")])
    for known in (roster, Roster(roster.people[:1])):
        found = people(["a.ipynb", "b.ipynb"], names=names, roster=known)
        assert [person.student for person in found.values()] == ["Jane Doe", "John Roe"]
        assert all(person.doubt for person in found.values())


def test_a_number_for_a_folder_is_a_line_of_the_roster():
    roster = Roster([Person("Jane Doe", "1"), Person("John Roe", "2"), Person("Ann Lee", "3")])
    found = students(["1/x.ipynb", "2/x.ipynb", "3/x.ipynb"], roster=roster)
    assert list(found.values()) == ["Jane Doe", "John Roe", "Ann Lee"]


def test_a_whole_name_of_the_roster_comes_before_a_part_of_it():
    roster = Roster([Person(name) for name in ("Mark Lab", "Will Final", "Max Copy", "Mark")])
    files = ["Mark Lab.ipynb", "Copy of Mark Lab - 01_mlm_fill_in_blank.ipynb"]
    assert set(students(files, roster=roster).values()) == {"Mark Lab"}


def test_gaps_between_files_roster_and_names_file_are_said():
    roster = Roster([Person("Jane Doe", "1"), Person("John Roe", "1"), Person("Ann Lee", "3")])
    names = Names([("x.ipynb", Person("Jane Doe")), ("y*", Person("Bo")), ("z/q.ipynb", Person("Bo"))])
    files = ["a/x.ipynb", "Stranger/lab01.ipynb", "Ann Lee/lab01.ipynb"]
    found = list(people(files, names=names, roster=roster).values())
    said = remarks([entry(file).origin for file in files], found, names, roster)
    assert (
        len(said) == 3 and all(text in said[0] for text in ("y*", "z/q.ipynb")) and "x.ipynb" not in said[0]
    )
    assert "John Roe" in said[1] and "Stranger" in said[2] and "Ann Lee" not in said[2]
    missing = absent(found, roster)
    assert missing == [roster.people[1]] and absent(found, None) == []
    text = table([entry(file) for file in files], found, [""] * 3, missing, said)
    assert any(line.split() == ["(no", "file)", "John", "Roe", "1"] for line in text.splitlines())
    assert text.endswith(said[2])


def test_a_names_file_and_a_roster_together():
    names = Names([("x.ipynb", Person("1234568", "1234568"))])
    assert people(["x.ipynb"], names=names, roster=ROSTER)["x.ipynb"].student == "Zo\u00eb \u00c1lvarez"


NAMES = [
    "Jane Doe",
    "Zo\u00eb \u00c1lvarez",
    "\u674e\u96f7",
    "\u97e9\u6885\u6885",
    "Max O'Neil",
    "Anne-Marie Smith-Lee",
    "Lab",
    "Mark",
    "Final",
    "Copy",
    "Li",
    "X",
    "\u041e\u043b\u044c\u0433\u0430",
    "R2 Dtwo",
    "\u0645\u062d\u0645\u062f",
    "Assignment",
    "Bert",
    "Summer Page",
    "Will New",
    "D\u00e9sir\u00e9e de la Cruz",
    "Student",
]
FORMATS = {
    "Moodle": "{name}_{number}_assignsubmission_file_/lab01.ipynb",
    "Moodle, loose": "{name}_{number}_assignsubmission_file_lab01.ipynb",
    "Moodle, without numbers": "{name}_assignsubmission_file_/lab01.ipynb",
    "Moodle, in an archive": "class.zip!{name}_{number}_assignsubmission_file_/lab01.ipynb",
    "Canvas": "{name}_{number}_98765_lab01.ipynb",
    "Canvas, late": "{name}_LATE_{number}_98765_lab01-2.ipynb",
    "Blackboard": "Lab 01_{name}_attempt_2024-10-01-12-00-00_lab01.ipynb",
    "Brightspace": "{number}-678910 - {name} - Oct 1, 2024 1200 PM/lab01.ipynb",
    "Brightspace, loose": "{number}-678910 - {name} - Oct 1, 2024 1200 PM - lab01.ipynb",
    "a lab's folder": "lab01/{name}_{number}_assignsubmission_file_/lab01.ipynb",
}
MADE_BY_HAND = {
    "Classroom": "lab01 - {name}.ipynb",
    "Classroom, a copy": "Copy of 01_mlm_fill_in_blank.ipynb - {name}.ipynb",
    "a folder": "{name}/lab01.ipynb",
    "an archive": "{name}.zip!lab01/lab01.ipynb",
    "a lab's folders": "lab02/{name}/lab02.ipynb",
}


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_every_name_is_kept_in_every_platforms_form(form):
    files = {form.format(name=name, number=54321 + n): name for n, name in enumerate(NAMES)}
    assert students(files) == files


@pytest.mark.parametrize("form", MADE_BY_HAND.values(), ids=MADE_BY_HAND)
def test_different_names_are_different_people(form):
    files = {form.format(name=name): name for name in NAMES}
    found = students(files)
    assert len(set(found.values())) == len(NAMES)
    words = {"Lab", "Copy", "Final", "Assignment"}  # which say nothing by themselves
    assert {found[file] for file, name in files.items() if name not in words} == set(NAMES) - words
    assert all(name in found[file] for file, name in files.items())


def test_the_order_of_files_does_not_matter():
    chance = random.Random(1)
    every = [*PLATFORMS.values(), *FOLDERS.values(), *LOOSE.values(), *KEPT_APART.values()]
    for files in every:
        files = list(files)
        expected = people(files)
        for _ in range(3):
            chance.shuffle(files)
            assert people(files) == expected


WORDS = [
    "lab01",
    "Jane",
    "jane",
    "_",
    " ",
    "-",
    ".",
    "(1)",
    "final",
    "Copy of ",
    "/",
    "!",
    ".zip",
    "2024-10-01",
]
WORDS += [
    "_12_34_",
    "_assignsubmission_file_",
    "_attempt_2024-10-01-12-00-00",
    "12345-67 - ",
    "01_mlm",
    "Bert",
    "\u00eb",
]
WORDS += [
    "\u202e",
    "\ud800",
    "\0",
    "\n",
    "group 7",
    "section 1",
    "lab02/",
    "amy/",
    "@",
    "a@b.de",
    "\U0001f600",
    "e\u0308",
]


def test_no_notebook_is_nobodys_and_no_name_is_empty_or_two_peoples():
    chance = random.Random(2)
    for _ in range(400):
        many = chance.randint(1, 8)
        files = {"".join(chance.choices(WORDS, k=chance.randint(1, 7))) + ".ipynb" for _ in range(many)}
        files = sorted(files)
        found = people(files)
        assert all(found.values())
        for person in found.values():
            assert person.student.strip() and len(person.student) <= 120
            assert not set(person.student) & set("\0\n\u202e\ud800")
        chance.shuffle(files)
        assert people(files) == found
        spread = people([f"Jo_{n}_assignsubmission_file_/{file}" for n, file in enumerate(files)]).values()
        assert len({person.student for person in spread}) == len(files)


@pytest.mark.parametrize("name", ["a\u202eb", "a\nb", "a\0b", "a\ud800b", "\u202e", "q" * 5000], ids=ascii)
@pytest.mark.parametrize(
    "form", ["{}.ipynb", "{}/lab01.ipynb", "{}_7_8_lab.ipynb", "{}_7_assignsubmission_file_/a.ipynb"]
)
def test_odd_names_are_shown_safely_and_stay_different(name, form):
    files = [form.format(name), form.format(name + "c"), form.format("ab"), form.format("a b")]
    found = people(files)
    assert len({person.student for person in found.values()}) == 4
    for person in found.values():
        assert person.student.strip() and len(person.student) <= 120
        assert not set(person.student + person.doubt) & set("\0\n\u202e\ud800")


@pytest.mark.parametrize(
    "piece",
    [
        "_",
        "-",
        " ",
        "a_",
        "1_",
        "1-",
        "(1)",
        "a@",
        "@",
        ".",
        "lab01",
        "2024-10-01 ",
        " - ",
        "/",
        "a/",
        "!",
        "e\u0301",
    ],
)
def test_long_names_are_read_in_no_time(piece):
    start = time.process_time()
    for tail in ("x.ipynb", "_assignsubmission_file_x.ipynb", "_1_2_x.ipynb", " - 1-2 - x.ipynb"):
        long = piece * (100_000 // len(piece))
        assert identify([Entry((long + tail,), "notebook"), Entry((tail,), "notebook")], SLUGS)[0]
    assert time.process_time() - start < (8 if sys.gettrace() else 0.8)  # coverage counts each line


def test_a_large_class_is_told_quickly():
    files = [
        Entry((f"Student {n}_{n}_assignsubmission_file_/lab0{lab}.ipynb",), "notebook")
        for n in range(1000)
        for lab in (1, 2)
    ]
    files += [Entry((f"lab01 - Name{n} Surname{n % 50}.ipynb",), "notebook") for n in range(1000)]
    start = time.process_time()
    found = identify(files, SLUGS)
    assert len({person.student for person in found}) == 2000
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "form",
    ["{}/x.ipynb", "Kim {}/x.ipynb", "N{0} S{0}/Data Foo/x.ipynb", "G{}/Al Bo.ipynb", "Jane {}.zip!x.ipynb"],
)
def test_a_large_class_of_folders_is_told_quickly(form):
    start = time.process_time()
    found = identify([entry(form.format(n)) for n in range(1500)], SLUGS)
    assert len({person.student for person in found}) == 1500
    assert time.process_time() - start < 4


def test_the_table_shows_each_file_and_then_the_doubts():
    files = [
        "amy/lab01.ipynb",
        "\u674e\u96f7/lab01.ipynb",
        "lab01.ipynb",
        "README.txt",
        "doejane_5_6_lab.ipynb",
        "a\x1b[31m.ipynb",
    ]
    text = table(
        [entry(file) for file in files], list(people(files).values()), ["01", "01", "01", "", "02", "?"]
    )
    lines = text.splitlines()
    assert lines[0].split() == ["file", "student", "id", "lab"]
    assert lines[1].split() == ["amy/lab01.ipynb", "amy", "01"] and "(nobody)" in lines[4]
    assert lines[5].split() == ["doejane_5_6_lab.ipynb", "doejane", "5", "02"]
    assert lines[-1].startswith("- ") and "lab01.ipynb" in lines[-1] and "\x1b" not in text
