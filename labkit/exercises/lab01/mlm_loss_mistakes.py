"""What goes wrong with the price of a wrong guess: one builder, and its choices made wrongly."""

import math

import torch
import torch.nn.functional as F

from labkit.exercises.exercise import Misconception, variant
from labkit.training.objectives import IGNORE


def _mean(costs, keep):
    return costs[keep].mean()


def _right(log_p, labels):
    return log_p.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)


def pricer(
    part=lambda logits, labels: (logits, labels),
    keep=lambda labels: labels != IGNORE,
    log_p=lambda logits, keep: logits.log_softmax(-1),
    twice=False,  # another softmax behind it
    pick=_right,  # (log_p, labels) -> (B, T)
    cost=lambda log_p: -log_p,
    reduce=_mean,
    base=1.0,
    sign=1.0,
    finish=lambda loss: loss,
):
    """mlm_loss with single choices made wrongly."""

    def wrong(logits, labels):
        logits, labels = part(logits, labels)
        kept = keep(labels)
        scores = log_p(logits, kept)
        scores = scores.exp().log_softmax(-1) if twice else scores
        costs = cost(pick(scores, labels)) / base
        return finish(sign * reduce(costs, kept))

    return wrong


def _over_hidden(logits, keep):
    """The softmax over the hidden positions, of each word."""
    scores = logits.masked_fill(~keep.unsqueeze(-1), -torch.inf)
    return logits - scores.flatten(0, 1).logsumexp(0)


def _all_pairs(logits, labels):
    hidden = labels != IGNORE
    return -logits[hidden].log_softmax(-1)[:, labels[hidden]].mean()


def _mixed_up(logits, labels):
    return F.cross_entropy(logits.reshape(logits.shape[0], logits.shape[2], logits.shape[1]), labels)


def _per_sentence(costs, keep):
    return torch.stack([c[k].mean() for c, k in zip(costs, keep, strict=True)]).mean()


def _per_sentence_with_any(costs, keep):
    return torch.stack([c[k].mean() for c, k in zip(costs, keep, strict=True) if k.any()]).mean()


def _first_of_each(costs, keep):
    return torch.stack([c[k][0] for c, k in zip(costs, keep, strict=True) if k.any()]).mean()


def _guesses(logits, labels):
    return logits[labels != IGNORE].argmax(-1)


def _distinct(logits, labels):
    hidden = labels != IGNORE
    return pricer(reduce=lambda costs, keep: costs[keep].sum())(logits, labels) / len(labels[hidden].unique())


MISCONCEPTIONS = (
    variant(
        pricer,
        "the sum, not the mean",
        (
            "Your loss is a sum.",
            "It grows with the number of hidden words, so losses of two batches cannot be compared.",
            "Divide by how many positions are hidden.",
        ),
        reduce=lambda costs, keep: costs[keep].sum(),
    ),
    variant(
        pricer,
        "divided by all positions",
        (
            "You divide by the number of all positions.",
            "Most positions carry no label: the loss would shrink with the length of the text, not with the model's skill.",
            "Divide by the number of labels that are not -100.",
        ),
        reduce=lambda costs, keep: (costs * keep).sum() / keep.numel(),
    ),
    variant(
        pricer,
        "divided by the length",
        (
            "You divide the sum by T.",
            "A mean divides by the number of things added up, here the hidden positions of the batch.",
            "Divide by the number of labels that are not -100.",
        ),
        reduce=lambda costs, keep: costs[keep].sum() / keep.shape[1],
    ),
    variant(
        pricer,
        "divided by the batch size",
        (
            "You divide the sum by the number of sentences.",
            "A mean divides by the number of things added up, here the hidden positions of the batch.",
            "Divide by the number of labels that are not -100.",
        ),
        reduce=lambda costs, keep: costs[keep].sum() / keep.shape[0],
    ),
    variant(
        pricer,
        "divided by two",
        (
            "You divide the sum by 2, however many are hidden.",
            "The slide's sentence has two blanks; another batch has more.",
            "Divide by the number of labels that are not -100.",
        ),
        reduce=lambda costs, keep: costs[keep].sum() / 2,
    ),
    variant(
        pricer,
        "divided by one more",
        (
            "You divide the sum by one more than there are hidden positions.",
            "That makes every loss too small; it is not needed, as something is hidden always.",
            "Take the + 1 away.",
        ),
        reduce=lambda costs, keep: costs[keep].sum() / (keep.sum() + 1),
    ),
    variant(
        pricer,
        "divided by one less",
        (
            "You divide the sum by one less than there are hidden positions.",
            "n - 1 belongs to a sample's variance. A mean divides by n.",
            "Divide by the number of labels that are not -100.",
        ),
        reduce=lambda costs, keep: costs[keep].sum() / (keep.sum() - 1),
    ),
    Misconception(
        "divided by the different answers",
        _distinct,
        (
            "A word that is hidden twice counts once in what you divide by.",
            "Every hidden position is a question of its own.",
            "Divide by the number of labels that are not -100.",
        ),
    ),
    variant(
        pricer,
        "divided by V as well",
        (
            "You divide by the number of words too.",
            "A mean over a table of (number hidden, V) with one entry other than 0 in each row divides by V.",
            "Pick the one entry of each row first, or sum over the words and take the mean then.",
        ),
        pick=lambda log_p, labels: _right(log_p, labels) / log_p.shape[-1],
    ),
    variant(
        pricer,
        "all positions count",
        (
            "Positions without a label are counted as well.",
            "-100 is not a word; clamped or wrapped around it becomes one, and the model is paid for it.",
            "Select the hidden positions first: logits[labels != -100] has one row for each.",
        ),
        keep=lambda labels: labels > -1000,
    ),
    variant(
        pricer,
        "the id 0 does not count",
        (
            "Hidden tokens with the id 0 are left out.",
            "0 is the id of a piece like any other. Only -100 says that nothing was hidden.",
            "labels != -100",
        ),
        keep=lambda labels: labels > 0,
    ),
    variant(
        pricer,
        "the other positions count",
        (
            "You take the positions that are not hidden.",
            "A label of -100 says that nothing was hidden there.",
            "labels != -100, not ==.",
        ),
        keep=lambda labels: labels == IGNORE,
    ),
    variant(
        pricer,
        "the first position is left out",
        (
            "Position 0 never counts with you.",
            "That there stands a [CLS] is said by its label, -100, and by nothing else.",
            "The labels alone decide what counts.",
        ),
        part=lambda logits, labels: (logits[:, 1:], labels[:, 1:]),
    ),
    variant(
        pricer,
        "the last position is left out",
        (
            "The last position never counts with you.",
            "A slice [:-1] leaves it out; here every position can be hidden.",
            "The labels alone decide what counts.",
        ),
        part=lambda logits, labels: (logits[:, :-1], labels[:, :-1]),
    ),
    variant(
        pricer,
        "shifted by one",
        (
            "Each label is compared with the logits of the position before it.",
            "That is a decoder's loss. BERT predicts every token at its own place.",
            "Leave out the slices: logits and labels belong together as they are.",
        ),
        part=lambda logits, labels: (logits[:, :-1], labels[:, 1:]),
    ),
    variant(
        pricer,
        "only the first sentence",
        (
            "Only the first sentence of the batch counts.",
            "logits[0] is one sentence; the mean is over the hidden positions of all.",
            "logits[labels != -100] takes them from the whole batch.",
        ),
        part=lambda logits, labels: (logits[:1], labels[:1]),
    ),
    variant(
        pricer,
        "only the first blank of a sentence",
        (
            "Only the first hidden position of each sentence counts.",
            "A sentence can have many blanks.",
            "logits[labels != -100] takes all of them.",
        ),
        reduce=_first_of_each,
    ),
    variant(
        pricer,
        "only the first blank of the batch",
        (
            "Only the very first hidden position of the batch counts.",
            "[0] picks one; each hidden position of each sentence has its price.",
            "The mean over all of them: .mean(), without [0].",
        ),
        reduce=lambda costs, keep: costs[keep][0],
    ),
    Misconception(
        "mean of the sentences' means",
        pricer(reduce=_per_sentence_with_any),
        (
            "You average within each sentence, and then over the sentences.",
            "A sentence with one hidden word would count as much as one with ten.",
            "Put the hidden positions of the whole batch in one row, then take one mean.",
        ),
        (pricer(reduce=_per_sentence),),
    ),
    variant(
        pricer,
        "the middle one",
        (
            "You take the median of the costs.",
            "The mean counts all of them: one bad guess is not to be overlooked.",
            ".mean()",
        ),
        reduce=lambda costs, keep: costs[keep].median(),
    ),
    variant(
        pricer,
        "the largest one",
        (
            "You take the largest of the costs.",
            "The mean counts all of them.",
            ".mean()",
        ),
        reduce=lambda costs, keep: costs[keep].max(),
    ),
    variant(
        pricer,
        "no mean at all",
        (
            "You return one cost for each hidden position.",
            "One number is asked for: their mean.",
            "Put .mean() behind it.",
        ),
        reduce=lambda costs, keep: costs[keep],
    ),
    variant(
        pricer,
        "the minus is missing",
        (
            "Your loss is negative.",
            "The logarithm of a probability is below 0; the price is minus that.",
            "Put a minus in front.",
        ),
        sign=-1.0,
    ),
    variant(
        pricer,
        "the logarithm of the mean",
        (
            "You take the logarithm of the mean probability.",
            "One sure guess would hide a bad one. Each position has its own price, and these are averaged.",
            "First the logarithm, then the mean.",
        ),
        reduce=lambda costs, keep: -(-costs[keep]).exp().mean().log(),
    ),
    variant(
        pricer,
        "perplexity",
        (
            "You return e to the power of the loss.",
            "That is the perplexity; the loss is its logarithm.",
            "Leave out the exp at the end.",
        ),
        finish=torch.exp,
    ),
    variant(
        pricer,
        "probability instead of its logarithm",
        (
            "You average the probabilities, without a logarithm.",
            "-log p punishes a confident mistake without limit; -p shrugs at it.",
            "log_softmax instead of softmax, or torch.log of the probabilities.",
        ),
        cost=lambda log_p: -log_p.exp(),
    ),
    variant(
        pricer,
        "1 - p instead of -log p",
        (
            "You average 1 - p.",
            "-log p punishes a confident mistake without limit; 1 - p never exceeds 1.",
            "log_softmax instead of softmax, and a minus.",
        ),
        cost=lambda log_p: 1 - log_p.exp(),
    ),
    variant(
        pricer,
        "something added to the probability",
        (
            "Very small probabilities cost too little: something was added before the logarithm.",
            "That puts a ceiling on the price of a confident mistake.",
            "log_softmax needs no help against log(0): it never makes the probability itself.",
        ),
        cost=lambda log_p: -(log_p.exp() + 1e-3).log(),
    ),
    Misconception(
        "a ceiling on the price",
        pricer(cost=lambda log_p: -(log_p.exp() + 1e-9).log()),
        (
            "A very unlikely right word costs too little: a small number was added, or a limit set.",
            "That puts a ceiling on the price of a confident mistake.",
            "log_softmax needs no help against log(0): it never makes the probability itself.",
        ),
        tuple(
            pricer(cost=cost)
            for small in (1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
            for cost in (
                lambda log_p, small=small: -(log_p.exp() + small).log(),
                lambda log_p, small=small: -log_p.exp().clamp(min=small).log(),
            )
        )
        + (pricer(cost=lambda log_p: -log_p.exp().clamp(min=1e-9).log()),),
    ),
    Misconception(
        "the probability is made first",
        pricer(cost=lambda log_p: -log_p.exp().log()),
        (
            "A very unlikely right word costs infinitely much with you.",
            "Its probability is too small for a float and becomes 0; the logarithm of 0 is minus infinity.",
            "log_softmax does both steps at once, and never makes the probability itself.",
        ),
    ),
    variant(
        pricer,
        "softmax twice",
        (
            "The softmax is applied twice.",
            "F.cross_entropy expects logits and takes the softmax itself; twice makes all words alike.",
            "Hand it the logits as they are.",
        ),
        twice=True,
    ),
    variant(
        pricer,
        "no softmax",
        (
            "Your costs are the logits themselves: no softmax was taken.",
            "Logits are any numbers; log_softmax makes logarithms of probabilities of them.",
            "nll_loss and a plain look-up want log_softmax first; cross_entropy does both.",
        ),
        log_p=lambda logits, keep: logits,
    ),
    variant(
        pricer,
        "the logarithm of the logits",
        (
            "You take the logarithm of the logits, without a softmax.",
            "Logits can be negative, and have no logarithm then: nan.",
            "log_softmax",
        ),
        log_p=lambda logits, keep: logits.log(),
    ),
    Misconception(
        "cross_entropy with the words on the last axis",
        lambda logits, labels: F.cross_entropy(logits, labels),
        (
            "F.cross_entropy got (B, T, V) logits, and took the T positions for the words.",
            "It expects the classes on axis 1: one row per prediction, (N, V), with N labels.",
            "Pick the hidden positions first: logits[labels != -100] is such a table.",
        ),
    ),
    Misconception(
        "reshaped, not transposed",
        _mixed_up,
        (
            "Your logits got into disorder: reshape cuts the same numbers anew, (B, V, T) from (B, T, V).",
            "To exchange two axes, every number has to move.",
            "logits.transpose(1, 2), or pick the hidden positions first.",
        ),
        (
            lambda logits, labels: F.cross_entropy(
                logits.transpose(1, 2).reshape(-1, logits.shape[-1]), labels.flatten()
            ),
        ),
    ),
    Misconception(
        "rows and labels in different orders",
        lambda logits, labels: F.cross_entropy(logits.transpose(0, 1).flatten(0, 1), labels.flatten()),
        (
            "Logits and labels are laid out in different orders, so a row gets another position's label.",
            "One goes sentence by sentence, the other position by position: one of the two is transposed.",
            "Transpose neither: logits.reshape(-1, V) and labels.reshape(-1) go together.",
        ),
        (lambda logits, labels: F.cross_entropy(logits.flatten(0, 1), labels.T.flatten()),),
    ),
    variant(
        pricer,
        "softmax over the wrong axis",
        (
            "Your softmax runs over the positions, not over the words.",
            "The question is which word stands here, so the probabilities of the V words must sum to 1.",
            "logits are (B, T, V): the axis of the words is the last one.",
        ),
        log_p=lambda logits, keep: logits.log_softmax(1),
    ),
    variant(
        pricer,
        "softmax over the sentences",
        (
            "Your softmax runs over the sentences of the batch, not over the words.",
            "The question is which word stands here, so the probabilities of the V words must sum to 1.",
            "logits are (B, T, V): the axis of the words is the last one.",
        ),
        log_p=lambda logits, keep: logits.log_softmax(0),
    ),
    variant(
        pricer,
        "softmax over the hidden positions",
        (
            "Your softmax runs over the hidden positions, not over the words.",
            "In logits[hidden], (number hidden, V), axis 0 counts the positions.",
            "dim=-1",
        ),
        log_p=_over_hidden,
    ),
    variant(
        pricer,
        "softmax over everything",
        (
            "Your softmax runs over all numbers of the batch at once.",
            "Each position asks its own question: its V probabilities must sum to 1.",
            "softmax along the last axis only, dim=-1.",
        ),
        log_p=lambda logits, keep: logits - logits.flatten().logsumexp(0),
    ),
    Misconception(
        "each row with each label",
        _all_pairs,
        (
            "You pair every hidden position with every label.",
            "log_p[:, labels] takes all these columns in every row.",
            "One entry for each row: gather, or log_p[torch.arange(n), labels].",
        ),
    ),
    variant(
        pricer,
        "the model's own favourite",
        (
            "You price the most probable word, not the right one.",
            "How sure the model is says nothing about whether it is right.",
            "labels say which column to look up: gather, or an index.",
        ),
        pick=lambda log_p, labels: log_p.max(-1).values,
    ),
    Misconception(
        "the share of wrong guesses",
        lambda logits, labels: (_guesses(logits, labels) != labels[labels != IGNORE]).float().mean(),
        (
            "You return the share of the hidden positions where the most probable word is wrong.",
            "The loss asks for more: how probable was the right word? A near miss costs less than a bad one.",
            "The mean of -log of the right word's probability; no argmax.",
        ),
    ),
    Misconception(
        "the share of right guesses",
        lambda logits, labels: (_guesses(logits, labels) == labels[labels != IGNORE]).float().mean(),
        (
            "You return the share of the hidden positions where the most probable word is right.",
            "That is accuracy. The loss asks for more: how probable was the right word?",
            "The mean of -log of the right word's probability; no argmax.",
        ),
    ),
    variant(
        pricer,
        "all words instead of the right one",
        (
            "You average over all words of the vocabulary.",
            "The price is that of the right word alone.",
            "labels say which column to look up: gather, or an index.",
        ),
        pick=lambda log_p, labels: log_p.mean(-1),
    ),
    variant(
        pricer,
        "entropy",
        (
            "You compute how undecided the model is, the entropy; which word is right plays no part.",
            "The price is that of the right word alone.",
            "labels say which column to look up: gather, or an index.",
        ),
        pick=lambda log_p, labels: (log_p.exp() * log_p).sum(-1),
    ),
    variant(
        pricer,
        "labels made less sure",
        (
            "A part of your loss is the price of the wrong words: label smoothing.",
            "That is a trick of training. Here the price is that of the right word alone.",
            "Leave label_smoothing out.",
        ),
        pick=lambda log_p, labels: 0.9 * _right(log_p, labels) + 0.1 * log_p.mean(-1),
    ),
    variant(
        pricer,
        "logarithm to base 2",
        (
            "Your loss is in bits.",
            "The slides and PyTorch use the natural logarithm: nats.",
            "torch.log instead of torch.log2.",
        ),
        base=math.log(2),
    ),
    variant(
        pricer,
        "logarithm to base 10",
        (
            "Your logarithm has the base 10.",
            "The slides and PyTorch use the natural logarithm: nats.",
            "torch.log instead of torch.log10.",
        ),
        base=math.log(10),
    ),
    variant(
        pricer,
        "rounded",
        (
            "Your loss is rounded.",
            "Rounding is for printing; a loss is computed with further.",
            "Return it as it is.",
        ),
        finish=lambda loss: torch.round(loss, decimals=2),
    ),
    variant(
        pricer,
        "always the loss of a shrug",
        (
            "Your loss is log V, whatever the logits are.",
            "That is the price of knowing nothing; a model that knows something pays less.",
            "Compute it from logits and labels.",
        ),
        log_p=lambda logits, keep: torch.zeros_like(logits).log_softmax(-1),
    ),
    variant(
        pricer,
        "a pair instead of a number",
        (
            "You return several things.",
            "A single number is asked for.",
            "Return the loss alone.",
        ),
        finish=lambda loss: (loss, 0),
    ),
)
