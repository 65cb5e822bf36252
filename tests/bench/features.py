"""labkit.features.extract against transformers' feature-extraction pipeline and against one text at a time.

All of them give the mean of the last layer's vectors over the real tokens. The pipeline is measured at
several batch sizes, and the fastest one counts; it returns tensors, faster than its default of nested lists.
One text at a time is measured twice: the whole network, as lab 05's exercise does it, and without its head.
"""

import statistics
import time
from functools import partial

import numpy as np
import torch

from labkit import load
from labkit.measures.features import extract, hidden_states, pool
from labkit.texts.reviews import load as load_reviews

NUM_TEXTS = 2000
BATCH_SIZES = (1, 8, 32, 128)
TURNS = 3


def review_texts(num=NUM_TEXTS):
    """`num` texts of a review's length: the course's reviews, repeated two to a text where they run out."""
    reviews = [review.text for review in load_reviews()]
    pairs = [f"{a} {b}" for a, b in zip(reviews, reviews[1:], strict=False)]
    return (reviews + pairs)[:num]


def pipeline_features(model, texts, batch_size):
    """The mean over each text's real tokens, by the pipeline.  -> (N, D)"""
    from transformers import FeatureExtractionPipeline

    body = getattr(model.network, model.network.base_model_prefix)
    tokenizer = model.tokenizer
    if tokenizer.pad_token is None:  # GPT-2 has none, and the pipeline pads
        tokenizer.pad_token = tokenizer.eos_token
    pipe = FeatureExtractionPipeline(
        model=body,
        tokenizer=tokenizer,
        return_tensors=True,
        tokenize_kwargs={"truncation": True, "max_length": model.max_length},
    )
    rows = []
    for text, states in zip(texts, pipe(texts, batch_size=batch_size), strict=True):  # (1, T, D) each
        num_tokens = len(tokenizer(text, truncation=True, max_length=model.max_length).input_ids)
        rows.append(states[0, :num_tokens].mean(dim=0))  # what is behind them is padding
    return torch.stack(rows).numpy()


def one_at_a_time(model, texts):
    """Lab 05's exercise, `features`: the whole network for each text.  -> (N, D)"""
    rows = []
    for text in texts:
        batch = model.tokenizer(text, return_tensors="pt", truncation=True, max_length=model.max_length)
        with torch.inference_mode():
            hidden = model.network(**batch, output_hidden_states=True).hidden_states[-1][0]  # (T, D)
        rows.append(hidden.mean(dim=0))
    return torch.stack(rows).numpy()


def one_at_a_time_without_head(model, texts):
    """Lab 03's own functions in a loop.  -> (N, D)"""
    rows = []
    for text in texts:
        hidden, attention_mask = hidden_states(model, [text])
        rows.append(pool(hidden[-1], attention_mask, "mean"))
    return torch.cat(rows).numpy()


def ours(model, texts):
    """(N, D), the last of the layers that `extract` gives."""
    return extract(model, texts, "mean")[:, -1]


def texts_per_second(function, *args):
    """(speed, result) of one call."""
    begin = time.perf_counter()
    result = function(*args)
    return len(result) / (time.perf_counter() - begin), result


def bench_features(kind, texts=None, turns=TURNS, batch_sizes=BATCH_SIZES):
    """Print how many times faster than each other way, and how far the results differ.

    Returns ({way: ratio}, largest difference).
    """
    model = load("bert" if kind == "encoder" else "gpt")
    texts = review_texts() if texts is None else texts
    sample = texts[:: max(1, len(texts) // 200)]
    best = max(batch_sizes, key=lambda size: texts_per_second(pipeline_features, model, sample, size)[0])
    ways = {
        "ours": ours,
        f"the pipeline at its best batch size ({best})": partial(pipeline_features, batch_size=best),
        "one text at a time": one_at_a_time,
        "one text at a time without the head": one_at_a_time_without_head,
    }
    for way in ways.values():  # first calls build kernels
        way(model, sample)
    speeds, results = {name: [] for name in ways}, {}
    for _ in range(turns):  # in turns: a machine that slows down slows all of them
        for name, way in ways.items():
            speed, results[name] = texts_per_second(way, model, texts)
            speeds[name].append(speed)
    median = {name: statistics.median(column) for name, column in speeds.items()}
    others = [name for name in ways if name != "ours"]
    ratios = {name: median["ours"] / median[name] for name in others}
    difference = max(float(np.abs(results["ours"] - results[name]).max()) for name in others)
    said = ", ".join(f"{ratio:.2f} x {name}" for name, ratio in ratios.items())
    print(f"features {kind}: {median['ours']:,.0f} texts/s, {said}; they differ by {difference:.1g} at most")
    return ratios, difference
