"""Grading: who handed in what, run it shut in, judge it outside, report.

`labkit grade` (`command`) makes a `classroom`, which goes through these in order:

- what is there: `collect` lists files and archives; `people` says whose each is (its docstring has the rules;
  `names` reads rosters and names files);
- what is in it: `reader` has each file read by a process with limits (`reading`: `archives`, `cells`,
  `program`, `answers`, `submissions`), with what `facts` knows of the labs;
- what it is worth: `marking` asks a `grader`, which starts two processes for a notebook: a `worker` runs the
  student's cells (`shell`, `course`), and an `examiner` listens to it and judges. Both are forked from a warm
  Python (`zygote`, kept by a `pool`) in the `sandbox` (`folders`: what it shows; `hindrances`: why there is
  none), where `isolation` and `syscalls` take away the rest;
- what is kept and told: `kept`, `grades`, `tally`, `reports`, `feedback`, `class_page`, `alike`, `lms`.

Elsewhere: `cluster` and `remote` (Dask), `github`, `gradescope`, `plugin` (pytest), `submit` and `splice`
(nbval), `kernel` (Jupyter).
"""

SEED = 20181011  # of the inputs that are drawn, unless another is asked for
