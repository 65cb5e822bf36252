"""The engine on a small exercise of its own: every kind of answer a student can hand in."""

import random
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from labkit.exercises.engine import MOST_SEEDS, check
from labkit.exercises.exercise import Case, Exercise, Misconception, variant
from labkit.exercises.limits import OutOfTime, time_limit
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.report import MIME, passing_text


def mean(values):
    return sum(values) / len(values)


HINTS = ("You return the sum.", "A sum grows with the length.", "Divide by how many there are.")
EXERCISE = Exercise(
    name="mean",
    title="The mean",
    minutes=1,
    reference=mean,
    cases=lambda seed: [Case(([1, 2, 3 + seed],), "mean([...])"), Case(([5, 6],), "mean([5, 6])")],
    properties=(matches_reference("the mean", 2), inputs_unchanged()),
    misconceptions=(
        Misconception("the sum", sum, HINTS),
        Misconception("the last", lambda values: values[-1], ("last", "why", "where")),
    ),
    seconds=0.5,
)


def test_a_right_answer_gets_all_points_and_the_same_text_every_time():
    report = check(lambda values: float(sum(values)) / len(values), EXERCISE)
    assert report.passed and report.points == report.max_points == 3
    assert report.text == passing_text(EXERCISE) == check(mean, EXERCISE, attempt=7, seed=5).text


@pytest.mark.parametrize("attempt", [1, 2, 3, 4])
def test_hints_climb_and_never_hold_more_than_there_are(attempt):
    report = check(lambda values: sum(values), EXERCISE, attempt=attempt)
    assert report.misconception == "the sum"
    assert report.hints == list(HINTS[:attempt])
    assert report.more_hints == (attempt < 3)
    assert report.points == 0  # that the inputs were left alone earns nothing by itself


def test_an_unknown_mistake_shows_the_smallest_case_with_expected_and_got():
    report = check(lambda values: max(values), EXERCISE)
    assert report.status == "wrong" and not report.hints or report.misconception == "the last"
    report = check(lambda values: -1, EXERCISE)
    assert report.misconception == "" and not report.hints
    assert "expected: 2.333" in report.text and "got:      -1" in report.text


def test_changing_an_argument_costs_its_point_and_says_so():
    def impatient(values):
        total, count = 0, len(values)
        while values:
            total += values.pop()
        return total / count

    report = check(impatient, EXERCISE)
    assert report.points == 2
    assert "changed its argument values" in report.text


@pytest.mark.parametrize("thing", [None, 3, "mean", [1, 2], mean([1, 2]), int])
def test_something_that_is_not_a_function_is_explained(thing):
    report = check(thing, EXERCISE)
    assert report.status == "unusable" and report.points == 0
    assert "not a function" in report.text and "lab.check(mean)" in report.text


@pytest.mark.parametrize("function", [lambda: 1, lambda a, b: 1, lambda *, values: 1])
def test_wrong_arguments_are_explained(function):
    report = check(function, EXERCISE)
    assert report.status == "unusable"
    assert "mean is called as mean(values)" in report.text


# From Python 3.14 on a hint is evaluated when somebody asks for it, before that at the definition.
LAZY = pytest.mark.skipif(sys.version_info < (3, 14), reason="here such a function cannot be defined")
HINTS_AT_ONCE = ["", ": list", ": 'Nowhere'"]
HINTS_LATER = [
    ": Nowhere",
    ": Nowhere[int] | None",
    ": Nowhere.deeper",
    ": sys.nowhere",
    ": nowhere('a', B=1)",
    ": (B, T)",
]
HINTS_WITHOUT_A_TEXT = [": 1 / 0", ": [n for n in nowhere]"]


@pytest.mark.parametrize("returned", ["", "-> float", pytest.param("-> Nowhere", marks=LAZY)])
@pytest.mark.parametrize(
    "hint", [*HINTS_AT_ONCE, *(pytest.param(h, marks=LAZY) for h in HINTS_LATER + HINTS_WITHOUT_A_TEXT)]
)
def test_type_hints_may_name_what_is_not_there(hint, returned):
    def report(result, more=""):
        space = {"sys": sys}
        exec(f"def mean(values{hint}{more}) {returned}:\n    return {result}", space)
        return check(space["mean"], EXERCISE)

    assert report("sum(values) / len(values)").passed
    assert report("sum(values)").misconception == "the sum"
    assert "changed its argument" in report("sum(values) / [len(values), values.pop()][0]").text
    too_many = report("0", more=", more")
    assert not too_many.passed
    if hint not in HINTS_WITHOUT_A_TEXT:
        assert too_many.status == "unusable" and "yours is mean(values, more)." in too_many.text


def test_extra_arguments_with_defaults_are_fine():
    assert check(lambda values, digits=None: mean(values), EXERCISE).passed


def test_an_unsolved_stub_is_not_called_wrong():
    def stub(values):
        raise NotImplementedError("write mean here")

    report = check(stub, EXERCISE)
    assert report.status == "unsolved" and report.points == 0
    assert "not written yet" in report.text


def test_a_function_that_never_returns_is_stopped():
    def endless(values):
        while True:
            pass

    report = check(endless, EXERCISE)
    assert report.status == "unusable"
    assert "did not come back within 0.5 seconds" in report.text and "loop" in report.text


def test_a_function_that_never_returns_and_swallows_exceptions_is_stopped():
    def stubborn(values):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                while time.monotonic() < deadline:
                    pass
            except Exception:
                pass

    started = time.monotonic()
    assert check(stubborn, EXERCISE).status == "unusable"
    assert time.monotonic() - started < 50


def test_an_error_shows_the_students_own_line():
    def broken(values):
        return values[99]

    report = check(broken, EXERCISE)
    assert report.points == 0
    assert "IndexError" in report.text and "return values[99]" in report.text


def test_a_check_leaves_the_notebooks_random_numbers_alone():
    random.seed(7)
    before = random.getstate()
    check(mean, EXERCISE)
    assert random.getstate() == before


def test_input_is_an_error_and_not_a_wait():
    def asking(values):
        return float(input("the mean? "))

    report = check(asking, EXERCISE)
    assert report.status == "wrong" and "input() waits" in report.text
    assert input.__name__ != "no_input"  # and it is put back


def test_the_notebooks_own_exit_does_not_end_the_kernel():
    ended = []

    class Exit:  # as IPython's: an object, not a function, which would be a helper of the student's
        def __call__(self):
            ended.append("kernel")

    names = {"exit": Exit()}
    exec("def mean(values):\n    exit()", names)
    report = check(names["mean"], EXERCISE)
    assert not ended and "exit()" in report.text
    names["exit"]()
    assert ended == ["kernel"]  # and it is put back


def test_a_helper_called_exit_is_a_helper():
    names = {}
    exec(
        "def exit(values):\n    return sum(values) / len(values)\ndef mean(values):\n    return exit(values)",
        names,
    )
    assert check(names["mean"], EXERCISE).passed


def test_two_mistakes_at_once_get_the_hint_of_the_smallest_failing_case():
    def both(values):
        return sum(values) if len(values) == 3 else -1

    report = check(both, EXERCISE)
    assert report.misconception == "the sum"


def test_a_mistake_that_would_show_where_the_answer_is_right_is_not_named():
    """Right for some cases on which the sum is wrong: whoever did this did not forget to divide."""

    def sometimes(values):
        return sum(values) if len(values) == 3 else sum(values) / len(values)

    report = check(sometimes, EXERCISE)
    assert report.status == "wrong" and report.misconception == "" and report.hints == []


def test_a_stub_that_the_answer_calls_is_named():
    def helper(values):
        raise NotImplementedError("write helper here")

    def mean(values):
        return helper(values)

    report = check(mean, EXERCISE)
    assert report.status == "unsolved"
    assert "calls helper, which is not written yet" in report.problem and "lab.best(helper)" in report.problem


@pytest.mark.parametrize("leave", [exit, SystemExit])
def test_exit_does_not_end_the_notebook(leave):
    def leaving(values):
        raise SystemExit if leave is SystemExit else leave()

    report = check(leaving, EXERCISE)
    assert report.status == "wrong" and "exit()" in report.text


def test_what_a_function_prints_is_shown_and_a_flood_is_cut(capsys):
    def chatty(values):
        print("looking at", values)
        for _ in range(100_000):
            print("x")
        return 0

    report = check(chatty, replace(EXERCISE, seconds=60))  # how long it takes is not the point
    assert "looking at [1, 2, 4]" in report.text
    assert len(report.text) < 3000
    assert capsys.readouterr().out == ""


def test_a_result_of_another_kind_is_a_failed_property_not_a_crash():
    exercise = replace(EXERCISE, observe=lambda output, case: float(output[0]))
    report = check(lambda values: None, exercise)
    assert report.status == "wrong" and report.points == 0


def test_the_report_comes_in_three_forms():
    bundle = check(lambda values: sum(values), EXERCISE)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", MIME}
    assert bundle[MIME]["points"] == 0 and bundle[MIME]["misconception"] == "the sum"
    assert [p["passed"] for p in bundle[MIME]["properties"]] == [False, False]
    assert 'role="status"' in bundle["text/html"] and "does not hold" in bundle["text/html"]


def test_html_escapes_what_the_student_wrote():
    report = check(lambda values: "<script>alert(1)</script>", EXERCISE)
    assert "<script>" not in report.html and "&lt;script&gt;" in report.html


def test_the_time_limit_also_works_outside_the_main_thread():
    seen = []

    def work():
        try:
            with time_limit(0.2):
                while True:
                    pass
        except OutOfTime:
            seen.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=30)
    assert seen == ["stopped"]


def test_a_limit_in_a_thread_ends_while_python_is_traced():
    """As a debugger and coverage do: there a signal that nobody answered stopped the thread for good."""
    code = """if True:
        import sys, threading
        from labkit.exercises.limits import OutOfTime, time_limit
        seen = []
        def work():
            for _ in range(3):
                try:
                    with time_limit(0.1):
                        while True:
                            pass
                except OutOfTime:
                    seen.append(sum(range(5)))
        trace = lambda *_: trace
        threading.settrace(trace)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(60)
        print(seen, flush=True)
        """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "[10, 10, 10]", run.stderr


def test_the_time_limit_leaves_nothing_behind():
    with time_limit(0.3):
        pass
    try:
        time.sleep(0.5)
    except OutOfTime:
        pytest.fail("the timer was left running")


def test_a_limit_within_a_limit_leaves_the_outer_one_running():
    begin = time.process_time()
    with pytest.raises(OutOfTime), time_limit(0.4):
        with time_limit(5.0):
            pass
        while time.process_time() < begin + 5:
            pass
    assert time.process_time() < begin + 2


def test_the_limit_counts_own_time_and_waiting_by_the_clock():
    with time_limit(0.2):
        time.sleep(0.4)  # another program had the processor
    with pytest.raises(OutOfTime), time_limit(0.2):
        time.sleep(5)


def test_what_asks_for_a_stream_finds_one():
    def total(values):
        print("tty" if sys.stdout.isatty() else "file", file=sys.stdout, flush=True)
        sys.stdout.writelines(["a", "b"])
        return sum(values) if sys.stdout.writable() and sys.stdout.encoding else None

    report = check(total, EXERCISE)
    assert report.printed.startswith("file\nab")


def test_importing_costs_no_time(tmp_path, monkeypatch):
    """scikit-learn and scipy take seconds to be imported the first time."""
    (tmp_path / "slow_to_import.py").write_text(
        "import time\nuntil = time.process_time() + 0.8\nwhile time.process_time() < until:\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "def mean(values):\n    import slow_to_import\n    return sum(values) / len(values)"
    names = {}
    exec(code, names)
    assert check(names["mean"], EXERCISE).passed
    assert "slow_to_import" in sys.modules
    del sys.modules["slow_to_import"]


def test_an_import_that_never_ends_is_stopped_by_the_clock(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.exercises.limits.LONGEST_IMPORT", 1.0)
    (tmp_path / "endless_import.py").write_text("while True:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {}
    exec("def mean(values):\n    import endless_import", names)
    begin = time.monotonic()
    assert "did not come back" in check(names["mean"], replace(EXERCISE, seconds=0.3)).text
    assert time.monotonic() - begin < 30


def test_a_long_case_is_not_cut_in_the_middle_of_a_word():
    def endless(values):
        while True:
            pass

    words = " ".join(["vocabulary"] * 60)
    long = replace(EXERCISE, cases=lambda seed: [Case(([1],), words)], seconds=0.2)
    assert "vocabulary ..." in check(endless, long).text


def test_an_error_comes_with_plain_words():
    def missing(values):
        return total / len(values)  # noqa: F821

    report = check(missing, EXERCISE)
    assert "NameError" in report.text and "return total / len(values)" in report.text
    assert len(report.hints) == 1 and "total" in report.hints[0] and report.misconception == ""


def test_an_error_or_a_change_is_told_before_a_difference():
    def changes(values):
        values.append(0)
        return sum(values) / len(values)

    def fails_late(values):
        return 0 if len(values) == 3 else values[99]

    for answer, said in ((changes, "changed its argument values"), (fails_late, "IndexError")):
        text = check(answer, EXERCISE).text
        assert said in text and "expected:" not in text


def test_printing_instead_of_returning_earns_nothing_and_says_so():
    def prints(values):
        print(sum(values) / len(values))

    report = check(prints, EXERCISE)
    assert report.points == 0 and "prints its result" in report.hints[0]


def test_one_relation_is_named_where_no_misconception_fits():
    report = check(lambda values: -sum(values) / len(values), EXERCISE)
    assert report.hints == ["The sign is turned round."]


def test_the_hint_is_about_the_property_that_is_shown():
    """Both properties fail, each by a mistake of its own; the first is shown."""
    parts = replace(
        EXERCISE,
        name="ends",
        reference=lambda values: {"first": values[0], "last": values[-1]},
        properties=(
            matches_reference("the first", 1, project=lambda seen: seen["first"]),
            matches_reference("the last", 1, project=lambda seen: seen["last"]),
            inputs_unchanged(),
        ),
        misconceptions=(
            Misconception("a late end", lambda v: {"first": v[0], "last": v[-2]}, ("last", "b", "c")),
            Misconception("a late start", lambda v: {"first": v[1], "last": v[-1]}, ("first", "b", "c")),
        ),
    )
    report = check(lambda values: {"first": values[1], "last": 99}, parts)
    assert report.misconception == "a late start"
    report = check(lambda values: {"first": values[0], "last": values[-2]}, parts)
    assert report.misconception == "a late end"


def _scaled(power=1, divide=True, offset=0):
    def wrong(values):
        return sum(v**power for v in values) / (len(values) if divide else 1) + offset

    return wrong


def test_of_two_choices_made_wrongly_at_once_one_is_named():
    both = replace(
        EXERCISE,
        misconceptions=(
            variant(_scaled, "squares", ("squares", "b", "c"), power=2),
            variant(_scaled, "the sum", ("sum", "b", "c"), divide=False),
            variant(_scaled, "one more", ("more", "b", "c"), offset=1),
        ),
    )
    report = check(_scaled(power=2, divide=False), both)
    assert report.misconception == "squares" and report.hints == ["squares"]
    assert check(_scaled(divide=False, offset=1), both).misconception == "the sum"
    assert check(_scaled(power=3, divide=False), both).misconception == ""


def test_an_error_in_another_place_is_not_the_same_mistake():
    known = replace(
        EXERCISE,
        misconceptions=(Misconception("one too far", lambda values: values[len(values)], ("far", "b", "c")),),
    )
    assert check(lambda values: [1, 2][len(values)], known).misconception == "one too far"

    def other(values):
        return (1, 2)[len(values)]

    report = check(other, known)
    assert report.misconception == "" and "IndexError" in report.text


def test_what_a_check_finds_does_not_hang_on_what_was_checked_before():
    """The reference's results and the wrong answers' are kept from check to check."""
    fresh, used = replace(EXERCISE), replace(EXERCISE)
    for wrong in EXERCISE.misconceptions:
        check(wrong.wrong, used)
    for wrong in EXERCISE.misconceptions:
        assert check(wrong.wrong, used).text == check(wrong.wrong, replace(fresh)).text


def test_the_reference_is_asked_once_a_seed_and_again_after_many_others():
    asked = []

    def reference(values):
        asked.append(values)
        return EXERCISE.reference(values)

    exercise = replace(EXERCISE, reference=reference)
    check(EXERCISE.reference, exercise)
    once = len(asked)
    check(EXERCISE.reference, exercise)
    assert len(asked) == once > 0
    for seed in range(2, 2 + MOST_SEEDS):
        check(EXERCISE.reference, exercise, seed=seed)
    before = len(asked)
    check(EXERCISE.reference, exercise)
    assert len(asked) == before + once
