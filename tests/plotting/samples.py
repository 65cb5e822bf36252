"""A made-up pre-training log and one of each figure."""

import numpy as np

from labkit import plotting
from labkit.models.generation import TokenGuess

TEXT = "The [MASK] sat on the mat."
STEPS = [
    (1_000, 6.0, ["the", ",", ".", "a", "of"], [0.06, 0.05, 0.04, 0.03, 0.02]),
    (30_000, 5.0, ["the", "man", ",", "film", "a"], [0.10, 0.08, 0.05, 0.04, 0.03]),
    (2_000_000, 3.5, ["cat", "man", "dog", "film", "boy"], [0.46, 0.12, 0.10, 0.05, 0.01]),
]
LOG = [
    {
        "step": i,
        "pieces": pieces,
        "heldout": {"loss": loss, "top1": 0.1 * (i + 1), "top5": 0.2 * (i + 1)},
        "probes": [{"text": TEXT, "words": words, "probs": probs}],
    }
    for i, (pieces, loss, words, probs) in enumerate(STEPS)
]
TOKENS = "[CLS] the [MASK] sat [SEP] it slept [SEP] [PAD] [PAD]".split()
IDS = [101, 1996, 103, 2938, 102, 2009, 7771, 102, 0, 0]
SEGMENTS = [0, 0, 0, 0, 0, 1, 1, 1, 0, 0]
MASK = [1] * 8 + [0, 0]

WORDS = ["the", "cat", "sat", "."]
MAPS = np.full((2, 2, 4, 4), 0.25)  # 2 layers, 2 heads
MAPS[1, 0, 2] = [0.8, 0.1, 0.1, 0.0]

POINTS = [[[0.1 * k, 0.2], [k - 2.0, (-1.0) ** k]] for k in range(5)]  # 5 points, 2 layers
SENTENCES = ["The bank lent.", "A bank <b> of mud.", "One bat flew.", "Our bank failed.", "$5 at the bank."]
SENSES = ["money", "river", None, "money", "money"]

# name -> (how to draw it, what its summary must say)
FIGURES = {
    "token_strip": (
        lambda: plotting.token_strip(TOKENS, IDS, SEGMENTS, MASK, title="Two sentences", highlight=[2]),
        ["10 tokens", "5 in segment A", "3 in segment B", "2 padding", "sat 2938", "position 2 ([MASK])"],
    ),
    "token_strip_plain": (
        lambda: plotting.token_strip(["un", "##happy"], [4895, 3]),
        ["un 4895", "2 tokens"],
    ),
    "mask_counts": (
        lambda: plotting.mask_counts({"[MASK]": 803, "random": 97, "unchanged": 100}),
        ["803 of 1000 = 80%", "97 of 1000 = 9.7%", "expected 10%"],
    ),
    "probability_bars": (
        lambda: plotting.probability_bars(["cat", "dog", ","], [0.46, 0.2, 0.0001], highlight="dog"),
        ["cat 46%", "dog ★ 20%", '"," under 0.1%'],
    ),
    "compare_bars": (
        lambda: plotting.compare_bars(
            {"full context": (["door", "box"], [0.73, 0.1]), "left only": (["a", "film"], [0.21, 0.09])}
        ),
        ["full context: door 73%", "left only: a 21%, film 9.0%"],
    ),
    "learning_slider": (
        lambda: plotting.learning_slider(LOG, TEXT),
        ["3 checkpoints", "1k pieces: the 6.0%", "2M pieces: cat 46%"],
    ),
    "learning_lines": (
        lambda: plotting.learning_lines(LOG, TEXT),
        ["cat: 46% at the end; first in the top five at 2M", "film: 5.0% at the end", "at 30k"],
    ),
    "training_curve": (
        lambda: plotting.training_curve(LOG),
        ["1k to 2M pieces", "loss 6.0 to 3.5", "top-1 accuracy 10% to 30%", "top-5 accuracy 20% to 60%"],
    ),
    "share_matrix": (
        lambda: plotting.share_matrix(
            [[0.9, 0.2], [0.15, 0.8]], ["cat", "film"], ["purred", "bored me"], "Who did what", "who", "what"
        ),
        ["who by what", "cat: purred 90%, bored me 20%", "film: purred 15%, bored me 80%"],
    ),
    "share_matrix_of_offsets": (
        lambda: plotting.share_matrix(
            [[0.9, 0.06, 0.04]], ["head 0"], ["-1", "itself", "+1"], "How far", "head", "looks at"
        ),
        ["head 0: -1 90%, itself 6.0%, +1 4.0%"],
    ),
    "accuracy_by_rate": (
        lambda: plotting.accuracy_by_rate([0.5, 0.15], [0.27, 0.4], [(0.25, 0.29), (0.37, 0.43)]),
        ["15% masked: 40% (37% to 43%)", "50% masked: 27% (25% to 29%)"],
    ),
    "accuracy_bars": (
        lambda: plotting.accuracy_bars(["bert", "gpt"], [0.61, 0.2], [(0.5, 0.7), (0.12, 0.31)]),
        ["bert: 61% (50% to 70%)", "gpt: 20% (12% to 31%)"],
    ),
    "accuracy_bars_without_intervals": (
        lambda: plotting.accuracy_bars(["bert", "gpt"], [0.61, 0.2]),
        ["bert: 61%", "gpt: 20%"],
    ),
    "accuracy_bars_groups": (
        lambda: plotting.accuracy_bars(
            ["bert", "gpt"],
            groups={
                "left": [(0.6, 0.5, 0.7), (0.5, 0.4, 0.6)],
                "right": [(0.58, 0.5, 0.7), (0.1, 0.05, 0.2)],
            },
        ),
        ["left, bert: 60% (50% to 70%)", "right, gpt: 10% (5.0% to 20%)"],
    ),
    "learning_curves": (
        lambda: plotting.learning_curves(
            {
                "TF-IDF": ([40, 20, 640], [(0.56, 0.5, 0.6), (0.51, 0.45, 0.55), (0.7, 0.66, 0.74)]),
                "bert-mini": ([20, 40], [(0.5, 0.45, 0.56), (0.55, 0.51, 0.6)]),
            }
        ),
        [
            "TF-IDF: 51% (45% to 55%) with 20, 56% (50% to 60%) with 40",
            "70% (66% to 74%) with 640",
            "bert-mini: 50%",
        ],
    ),
    "layer_curves": (
        lambda: plotting.layer_curves(
            {"bert-mini": [(0.5, 0.4, 0.6), (0.6, 0.55, 0.65)], "minilm": [(0.6, 0.5, 0.7)] * 3}
        ),
        ["bert-mini: layer 0 50% (40% to 60%), layer 1 60%", "layer 2 60% (50% to 70%)"],
    ),
    "cost_accuracy": (
        lambda: plotting.cost_accuracy(
            {"TF-IDF": (0.02, 0.7, 0.66, 0.74), "bert-mini": (2.5, 0.55, 0.5, 0.6)}
        ),
        ["TF-IDF: 70% (66% to 74%) for 0.02 seconds for 1,000 texts", "bert-mini: 55%", "for 2.5 seconds"],
    ),
    "attention_heatmap": (
        lambda: plotting.attention_heatmap(MAPS, WORDS, layer=1, head=0),
        ["Layer 1, head 0: sat looks at the 80%", "the looks at cat 25%"],
    ),
    "attention_grid": (
        lambda: plotting.attention_grid(MAPS, WORDS),
        ['4 tokens, the to "."', "layer 0, head 1:", "layer 1, head 0: sat looks at the 80%"],
    ),
    "attention_explorer": (
        lambda: plotting.attention_explorer(MAPS, WORDS, layer=1),
        ["4 tokens (drawn first: layer 1)", "layer 1, head 0: sat looks at the 80%"],
    ),
    "head_scatter": (
        lambda: plotting.head_scatter(
            [[0.1, 1.5], [2.0, 0.7]], [[1.0, 3.5], [4.0, 2.0]], names={(0, 0): "next"}
        ),
        ["layer 0, head 0 (next): entropy 0.1, distance 1.0", "layer 1, head 1: entropy 0.7, distance 2.0"],
    ),
    "head_matrix": (
        lambda: plotting.head_matrix(
            [[0.85, 0.01], [-0.2, 0.0]], "Loss without this head", "nats", [[0.1, 0.02], [0.1, 0.1]]
        ),
        ["layer 0: head 0 0.85, head 1 (0.01)", "layer 1: head 0 -0.20, head 1 (0.00)", "interval holds 0"],
    ),
    "word_scores": (
        lambda: plotting.word_scores(
            {"attention": [0.5, 0.2, 0.3, 0.0], "deletion": [0.1, 0.6, 0.3, 0.0]}, ["the", "cat", "the", "."]
        ),
        ["4 tokens", "attention: the 50%, the 30%, cat 20%", "deletion: cat 60%"],
    ),
    "correlation_dots": (
        lambda: plotting.correlation_dots(["attention", "gradient"], [(0.5, 0.4, 0.6), (-0.1, -0.2, 0.0)]),
        ["attention: 0.50 (0.40 to 0.60)", "gradient: -0.10 (-0.20 to 0.00)"],
    ),
    "mask_panels": (
        lambda: plotting.mask_panels(
            {
                "BERT": (["the", "cat"], [[1, 1], [1, 1]]),
                "GPT": (["the", "cat"], [[True, False], [True, True]]),
            }
        ),
        ["BERT: 4 of 4 pairs may look", "GPT: 3 of 4 pairs", "the looks at: the\n", "cat looks at: the cat"],
    ),
    "influence_maps": (
        lambda: plotting.influence_maps(
            {
                "bert": (["a", "b", "."], [[0.9, 0.4, 0.1], [0.5, 0.8, 0.2], [0.1, 0.1, 0.7]]),
                "gpt": (["a", "b", "."], [[0.9, 0.0, 0.0], [0.5, 0.8, 0.0], [0.2, 0.3, 0.7]]),
            }
        ),
        [
            "bert, 3 tokens: 3 of the 3 outputs before",
            "gpt, 3 tokens: 0 of the 3",
            "a by nothing, b by a, . by b",
        ],
    ),
    "next_token_bars": (
        lambda: plotting.next_token_bars(
            [TokenGuess("The", 0.1, "It", 0.2, 3), TokenGuess("cat", 0.46, "cat", 0.46, 1)]
        ),
        ["The 10% (favourite: It 20%)", "cat 46% (the favourite)"],
    ),
    "agreement_lines": (
        lambda: plotting.agreement_lines(
            {"forced": [(0.2, 0.1, 0.3), (0.25, 0.2, 0.3)], "free": [(0.2, 0.1, 0.3), (0.05, 0.0, 0.1)]}
        ),
        ["forced: step 1 20%, step 2 25%", "free: step 1 20%, step 2 5.0%"],
    ),
    "loss_lines": (
        lambda: plotting.loss_lines({"masked": [3.5, 2.9, 2.4], "cheat": [3.5, 1.0, 0.04]}),
        ["masked: 3.5 at the start, 2.4 after 3 steps", "cheat: 3.5 at the start, 0.0 after 3"],
    ),
    "layer_lines": (
        lambda: plotting.layer_lines(
            {"bert": [0.5, 0.7], "gpt": [0.5, 0.6]},
            "Senses told apart",
            "share right",
            {"bert": [(0.4, 0.6), (0.6, 0.8)]},
            (0.5, "a coin"),
            shares=True,
        ),
        ["bert: 50% (40% to 60%), 70% (60% to 80%)", "gpt: 50%, 60%", "a coin: 50%", "layers 0 to 1"],
    ),
    "layer_lines_numbers": (
        lambda: plotting.layer_lines({"bert": [0.251, -0.3, 1.0]}, "Cosines", "cosine"),
        ["bert: 0.25, -0.30, 1.00", "layers 0 to 2"],
    ),
    "layer_lines_close": (
        lambda: plotting.layer_lines({"bert": [1.0, 0.95], "gpt": [1.0, 0.78]}, "Cosines", "cosine"),
        ["bert: 1.00, 0.95", "gpt: 1.00, 0.78"],
    ),
    "similarity_matrix": (
        lambda: plotting.similarity_matrix([[1, 0.834], [-0.2, 1]], ["a", "b"], ["a", "<b>"], "Who is like"),
        ["cosine of each row with each column", "a: a 1.00, <b> 0.83", "b: a -0.20, <b> 1.00"],
    ),
    "projection_slider": (
        lambda: plotting.projection_slider({"bert": POINTS, "gpt": POINTS}, SENTENCES, SENSES, "A map"),
        ["5 points, layers 0 to 1", "gpt: layer 0 50%, layer 1"],
    ),
    "projection_panels": (
        lambda: plotting.projection_panels(
            {"bert": POINTS, "gpt": POINTS}, SENTENCES, SENSES, "A map", groups=list("aabaa"), layers=[0, 1]
        ),
        ["5 points", "bert: layer 0 50%"],
    ),
    "class_map": (
        lambda: plotting.class_map(
            {
                "01 wordpiece": {"passed": 7, "a known mistake": 3, "no notebook": 2},
                "01 mlm_loss": {"no answer": 4, "another mistake": 8},
            },
            {"01 wordpiece": {"no ## at all": 2, "<b>never</b> splits": 1}},
        ),
        [
            "01 wordpiece: 7 of 12 passed; a known mistake 3, no notebook 2\n  2 students: no ## at all",
            "  1 student: <b>never</b> splits",
            "01 mlm_loss: 0 of 12 passed; another mistake 8, no answer 4",
        ],
    ),
}
