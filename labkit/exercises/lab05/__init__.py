"""Lab 05: BERT vs GPT classifiers."""

from labkit.exercises.lab05.bootstrap_interval import BOOTSTRAP_INTERVAL
from labkit.exercises.lab05.compare import COMPARE
from labkit.exercises.lab05.features import FEATURES
from labkit.exercises.lab05.fit_probe import FIT_PROBE
from labkit.exercises.lab05.layer_sweep import LAYER_SWEEP
from labkit.exercises.lab05.learning_curve import LEARNING_CURVE
from labkit.exercises.lab05.questions import QUESTIONS

TITLE = "BERT vs GPT classifiers"
SLUG = "05_bert_vs_gpt_classifiers"
BUILDS = "probes, learning curves, the claim of 100 examples against 10,000"
EXERCISES = (FEATURES, FIT_PROBE, LAYER_SWEEP, BOOTSTRAP_INTERVAL, LEARNING_CURVE, COMPARE)

__all__ = ["BUILDS", "EXERCISES", "QUESTIONS", "SLUG", "TITLE"]
