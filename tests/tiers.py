"""Which test is in which tier: said here, and nowhere else.

quick    `make test`: what a newcomer and a contributor wait for, under six minutes on two idle cores
full     `make test-slow`; together with the quick ones `make test-all`: everything that needs no browser
browser  `make test-browser`

What no rule names is quick, a new file too. A test belongs in the full tier when it is slow and a quick one
sees most of what it sees: then say so in a rule. Of tests that are many of a kind, some can stay quick.
"""

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase

TIERS = ("quick", "full", "browser")


@dataclass(frozen=True)
class Rule:
    """tests: a path, or path::function, as pytest writes it, with * for anything. The first that fits counts.

    one_in: of the tests of one function, every one_in-th is quick all the same, the first among them: for
        functions with many parameters.
    """

    tests: str
    tier: str
    one_in: int = 0


ALONE = 1_000_000  # one_in: only the first
RULES = (
    Rule("tests/browser/test_answers.py", "quick"),
    Rule("tests/browser/*", "browser"),
    # Whole labs are run: the first lab stands for the others.
    Rule("tests/notebooks/test_styles.py::test_the_lab_goes_on_with_every_accepted_style", "full"),
    Rule("tests/notebooks/test_notebooks.py::test_nbval_*", "full"),
    *(
        Rule(f"tests/notebooks/test_notebooks.py::test_{name}", "full", one_in=ALONE)
        for name in (
            "unsolved_notebook_fails_in_its_check_cells_alone",
            "unsolved_checks_print_no_traceback",
            "the_solution_prints_what_is_saved_in_it",
            "solution_runs_alone_from_the_wheel_and_passes_its_checks",
            "checks_say_nothing_on_stderr",
            "figures_say_in_words_what_they_show",
        )
    ),
    # Every mistake that is known, every style and property, with several seeds: some of each kind are quick.
    Rule("tests/exercises/test_every_lab.py::test_every_misconception_*", "full", one_in=80),
    Rule("tests/exercises/test_every_lab.py::test_right_answers_in_other_styles_pass", "full", one_in=10),
    Rule("tests/exercises/test_every_lab.py::test_cases_are_the_same_in_every_process", "full"),
    Rule("tests/exercises/test_every_lab.py", "full", one_in=17),
    Rule("tests/exercises/test_lab*.py", "full", one_in=8),
    Rule("tests/exercises/test_not_a_number.py", "full", one_in=8),
    # Every state, text, file and setting with every function: some of each kind are quick.
    Rule("tests/models/test_steady.py::test_the_same_numbers_in_every_state", "full", one_in=6),
    Rule("tests/models/test_encoding.py::test_strange_texts_have_right_results", "full", one_in=6),
    Rule("tests/models/test_encoding.py::test_a_word_of_a_million_letters", "full"),
    Rule("tests/models/test_loading.py::test_hf_endpoint_and_offline_as_a_user_sets_them", "full"),
    Rule("tests/measures/test_transfer.py::test_measure_and_keep", "full"),
    Rule("tests/measures/test_projection.py::test_umap_*", "full"),
    Rule("tests/messages/test_hiding.py", "full", one_in=4),
    Rule("tests/messages/test_causes.py", "full", one_in=4),
    Rule("tests/commands/test_user_errors.py", "full", one_in=4),
    Rule("tests/training/test_loop.py::test_freed_memory_is_kept_for_the_next_tensor", "full"),
    Rule("tests/plotting/test_front_ends.py::test_on_colab_*", "full"),
    Rule("tests/pretraining/test_run.py::test_a_run_learns_*", "full", one_in=ALONE),
    Rule("tests/pretraining/test_run.py::test_a_killed_run_*", "full", one_in=ALONE),
    Rule("tests/grading/test_answers.py::test_hostile_texts_*", "full"),
    # Programs that labs and courses need once, each run from its start.
    Rule("tests/authoring/test_new.py::test_what_every_lab_must_do_it_does", "full"),
    Rule("tests/authoring/test_new.py::test_the_notebook_runs_and_takes_right_answers_alone", "full"),
    Rule("tests/bench/*", "full"),
    Rule("tests/pretraining/test_processes.py", "full"),
    Rule("tests/grading/test_nbgrader.py", "full"),
    Rule("tests/grading/test_cluster.py", "full"),
    Rule("tests/grading/test_plugin.py", "full"),
    Rule("tests/grading/test_github.py::test_the_grading_step_runs_and_says_the_points", "full"),
    Rule("tests/grading/test_gradescope.py", "full"),
    Rule("tests/grading/test_kernel.py", "full"),
    # The grader is the same for every answer. The sandbox's walls, and what attacks them: one is quick.
    Rule("tests/grading/test_walls.py::test_what_answers_need_works", "quick"),
    Rule("tests/grading/test_walls.py", "full"),
    Rule("tests/grading/test_hostile_answers.py::test_patching_gains_nothing", "full", one_in=8),
    Rule("tests/grading/test_hostile_answers.py::test_behaviour_costs_the_exercise_*", "full", one_in=8),
    Rule("tests/grading/test_hostile_answers.py", "full"),
    Rule("tests/grading/test_pool.py::test_processes_that_an_answer_leaves_behind_are_ended", "quick"),
    Rule("tests/grading/test_pool.py", "full"),
    Rule("tests/grading/test_nothing_lost.py", "full"),
    Rule("tests/grading/test_grader.py::test_every_labs_solutions_get_full_points", "full", one_in=ALONE),
    Rule("tests/grading/test_as_in_the_notebook.py", "full", one_in=8),
    Rule("tests/grading/test_damage.py", "full"),
    Rule("tests/grading/test_agreement.py::test_nbval_*", "full"),
    Rule("tests/grading/test_agreement.py", "full", one_in=8),
    Rule("tests/grading/test_reading.py::test_what_costs_too_much_*", "full", one_in=ALONE),
)


def tiers_of(tests):
    """The tier of each test, for the ids of tests in the order in which they were collected."""
    seen, tiers = Counter(), []
    for test in tests:
        function = test.split("[")[0]
        rule = next((rule for rule in RULES if _fits(rule, function)), Rule("*", "quick"))
        stays = rule.one_in and seen[function] % rule.one_in == 0
        seen[function] += 1
        tiers.append("quick" if stays else rule.tier)
    return tiers


def _fits(rule, function):
    path = function.split("::")[0]
    return fnmatchcase(function if "::" in rule.tests else path, rule.tests)
