"""Grading: read a submission, splice its answers into the pristine notebook, run, verify, report."""
