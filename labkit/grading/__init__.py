"""Grading: read a submission, splice its answers into the pristine notebook, run, verify, report."""

SEED = 20181011  # of the inputs that are drawn, unless another is asked for
