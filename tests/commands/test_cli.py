"""The command line: what it says, when it fails, and what it does not import."""

import errno
import importlib
import lzma
import shlex
import subprocess
import sys

import pytest

from labkit.commands import cli
from labkit.messages import LabkitError, program
from labkit.pretraining import command


def test_help_lists_every_command_and_imports_no_torch():
    code = (
        "import sys\nfrom labkit.commands.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'torch', 'transformers', 'numpy'} & set(sys.modules)\nassert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for name in cli.COMMANDS:
        assert f"    {name}" in done.stdout


def test_python_m_labkit_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "labkit", "--version"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "labkit")


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_its_parts(name, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help"])
    assert end.value.code == 0
    assert f"usage: labkit {name}" in capsys.readouterr().out
    assert callable(cli._part(name, f"run_{name}"))


def test_no_command_shows_the_help(capsys):
    assert cli.main([]) == 2
    assert "doctor" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "said"), [("doctr", "Did you mean labkit doctor?"), ("xyzzy", "There is doctor, fetch,")]
)
def test_an_unknown_command_gets_a_suggestion(word, said, capsys):
    assert cli.main([word]) == 2
    assert said in capsys.readouterr().err


def test_errors_for_users_are_one_message(monkeypatch, capsys):
    monkeypatch.delenv("LABKIT_TRACEBACK", raising=False)
    monkeypatch.setattr("labkit.commands.doctor.report", _raising(LabkitError("make room")))
    assert cli.main(["doctor"]) == 1
    assert capsys.readouterr().err == "labkit doctor: make room\n"


def test_a_package_that_is_not_installed_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nbformat", None)  # makes `import nbformat` fail
    monkeypatch.setattr("labkit.commands.doctor.report", lambda: importlib.import_module("nbformat"))
    assert cli.main(["doctor"]) == 1
    assert "labkit doctor: it needs the package nbformat" in capsys.readouterr().err


FAULTS = [
    TypeError("a fault"),
    ValueError("a fault"),
    OSError("a fault"),
    ZeroDivisionError("a fault"),
    FileNotFoundError(errno.ENOENT, "a fault", "a file of ours"),
    ModuleNotFoundError("a fault", name="labkit.xyzzy"),
]


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
def test_faults_of_ours_keep_their_traceback_and_say_where_to_report(error, monkeypatch, capsys):
    monkeypatch.setattr("labkit.commands.doctor.report", _raising(error))
    assert cli.main(["doctor"]) == program.BUG == 70
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last)") and "a fault" in said
    last = said.strip().splitlines()[-1]
    assert last.startswith("This is a fault of labkit's, not yours.") and "labkit 0." in last
    assert "to the course's authors" in last  # this copy has no address yet


def test_the_report_goes_to_the_course_s_own_address(monkeypatch):
    address = importlib.import_module("labkit.authoring.address")
    monkeypatch.setattr(address, "REPOSITORY", "ada/bert-labs")
    assert "at https://github.com/ada/bert-labs/issues" in program.where_to_report()


def test_a_traceback_can_be_asked_for(monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_TRACEBACK", "1")
    monkeypatch.setattr("labkit.commands.doctor.report", _raising(LabkitError("make room")))
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback") and "LabkitError: make room" in said
    assert "fault of labkit's" not in said


def test_fetch_goes_on_after_a_failure_and_says_so(monkeypatch, capsys):
    from labkit.models.downloads import Outcome

    outcomes = [Outcome("one", None, LabkitError("no network")), Outcome("two", "somewhere")]
    monkeypatch.setattr("labkit.models.downloads.fetch_all", lambda: outcomes)
    assert cli.main(["fetch"]) == 1
    assert capsys.readouterr().out == "one: no network\ntwo: somewhere\n"
    monkeypatch.setattr("labkit.models.downloads.fetch_all", lambda: outcomes[1:])
    assert cli.main(["fetch"]) == 0


# labkit pretrain: every mistake is caught before anything is trained.


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """A corpus with held-out text beside it, and a training that only notes what it was asked for."""
    asked = {}

    def pretrain(kind, corpus, heldout, folder, recipe, **options):
        asked.update(kind=kind, corpus=corpus, heldout=heldout, folder=folder, recipe=recipe, **options)
        return {"pieces": 2048, "minutes": 1.0, "heldout": {"loss": 4.25}}

    def keep_freed_memory():  # really done, it would hold for all tests that come after
        asked["kept memory"] = True

    monkeypatch.setattr("labkit.training.loop.keep_freed_memory", keep_freed_memory)
    monkeypatch.setattr("labkit.pretraining.run.pretrain", pretrain)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_text("One document.\nAnother document.\n")
    (tmp_path / "heldout.txt").write_text("A third document.\n")
    return asked


def test_pretrain_hands_everything_on(texts, tmp_path, capsys):
    options = ["--minutes", "0.5", "--pieces", "2048", "--threads", "1", "--learning-rate", "0.002"]
    options += ["--mask-rate", "0.2", "--mask-rate-end", "0.15", "--spare-frequent", "0.001"]
    options += ["--lengths", "16:1,64:2", "--seed", "5", "--device", "cpu"]
    options += ["--pieces-per-step", "512", "--warmup-pieces", "900"]
    assert (
        cli.main(["pretrain", "gpt", "--corpus", "corpus.txt", "--output", "run", "--resume", *options]) == 0
    )
    recipe = texts["recipe"]
    assert texts["kind"] == "decoder"
    assert texts["heldout"].resolve() == tmp_path / "heldout.txt"
    assert (recipe.minutes, recipe.pieces, recipe.learning_rate) == (0.5, 2048, 0.002)
    assert (recipe.mask_rate, recipe.seed) == (0.2, 5)
    assert (recipe.mask_rate_end, recipe.spare_frequent) == (0.15, 0.001)
    assert recipe.lengths == ((16, 1), (64, 2))
    assert (recipe.pieces_per_step, recipe.warmup_pieces, texts["device"]) == (512, 900, "cpu")
    assert texts["kept memory"]
    assert (texts["threads"], texts["resume"], str(texts["folder"])) == (1, True, "run")
    said = capsys.readouterr()
    assert 'labkit.load("run/model")' in said.out and "loss 4.25" in said.out
    assert "no checkpoint in run yet" in said.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "corpus.txt").unlink(), "--corpus corpus.txt: there is no such file"),
        (lambda folder: (folder / "corpus.txt").write_text(" \n\n"), "--corpus corpus.txt is empty"),
        (lambda folder: (folder / "corpus.txt").write_bytes(b"caf\xe9\n"), "plain text in UTF-8"),
        (lambda folder: (folder / "heldout.txt").unlink(), "There is no heldout.txt beside corpus.txt"),
        (lambda folder: (folder / "heldout.txt").write_text(""), "--heldout heldout.txt is empty"),
    ],
)
def test_pretrain_names_what_is_wrong_with_a_file(texts, tmp_path, capsys, change, said):
    change(tmp_path)
    assert cli.main(["pretrain", "bert", "--corpus", "corpus.txt"]) == 1
    assert said in capsys.readouterr().err
    assert not texts


def test_pretrain_refuses_to_measure_on_the_training_text(texts, capsys):
    assert cli.main(["pretrain", "bert", "--corpus", "corpus.txt", "--heldout", "./corpus.txt"]) == 1
    assert "are the same file" in capsys.readouterr().err
    assert not texts


def test_pretrain_reads_xz_and_says_when_it_is_damaged(texts, tmp_path, capsys):
    whole = lzma.compress(b"One document.\n" * 1000)
    (tmp_path / "corpus.txt.xz").write_bytes(whole)
    assert cli.main(["pretrain", "bert", "--corpus", "corpus.txt.xz"]) == 0
    for damaged in (whole[:40], b"not xz at all"):
        (tmp_path / "corpus.txt.xz").write_bytes(damaged)
        assert cli.main(["pretrain", "bert", "--corpus", "corpus.txt.xz"]) == 1
        assert "cannot be read as an .xz file" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon"])
def test_pretrain_wants_minutes_above_zero(texts, capsys, value):
    with pytest.raises(SystemExit) as end:
        cli.main(["pretrain", "bert", "--corpus", "corpus.txt", f"--minutes={value}"])
    assert end.value.code == 2
    assert f"expected a number above 0, got '{value}'" in capsys.readouterr().err


def test_pretrain_wants_a_masking_rate_below_one(texts, capsys):
    with pytest.raises(SystemExit):
        cli.main(["pretrain", "bert", "--corpus", "corpus.txt", "--mask-rate-end", "15"])
    assert "expected a share between 0 and 1, got '15'" in capsys.readouterr().err


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(texts, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("labkit.pretraining.run.pretrain", _raising(KeyboardInterrupt()))
    line = ["pretrain", "bert", "--corpus", "corpus.txt", "--output", "my run", "--pieces", "4096"]
    assert cli.main(line) == 130
    assert "before the first checkpoint" in capsys.readouterr().err
    (tmp_path / "my run").mkdir(exist_ok=True)
    (tmp_path / "my run" / "checkpoint.safetensors").touch()
    assert cli.main(line) == 130
    said = capsys.readouterr().err
    assert "is kept in my run/checkpoint.safetensors" in said
    again = said.strip().splitlines()[-1].strip()
    assert again.startswith("labkit pretrain bert --corpus corpus.txt") and again.endswith("--resume")
    assert "--output 'my run'" in again and "--pieces 4096" in again


def test_the_command_that_goes_on_has_the_same_recipe(texts, tmp_path, monkeypatch, capsys):
    options = ["--learning-rate", "0.00123456789", "--lengths", "16:1,64:2", "--mask-rate-end", "0.15"]
    line = ["pretrain", "bert", "--corpus", "corpus.txt", "--output", "run", "--device", "cpu", *options]
    assert cli.main(line) == 0
    before = dict(texts)
    (tmp_path / "run").mkdir(exist_ok=True)
    (tmp_path / "run" / "checkpoint.safetensors").touch()
    with monkeypatch.context() as patch:
        patch.setattr("labkit.pretraining.run.pretrain", _raising(KeyboardInterrupt()))
        assert cli.main(line) == 130
    again = shlex.split(capsys.readouterr().err.strip().splitlines()[-1])
    texts.clear()
    assert cli.main(again[1:]) == 0
    assert texts.pop("resume") and not before.pop("resume")
    assert texts == before


def test_ctrl_c_elsewhere_is_one_word(monkeypatch, capsys):
    monkeypatch.setattr("labkit.commands.doctor.report", _raising(KeyboardInterrupt()))
    assert cli.main(["doctor"]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"


def test_every_kind_has_a_name():
    assert set(command.KINDS.values()) == {"encoder", "decoder"}


def _raising(error):
    def raise_it(*args, **kwargs):
        raise error

    return raise_it
