"""Exercise 2.5: the wrong answers that students write."""

import math

import torch
import torch.nn.functional as F

from labkit.exercises.exercise import Misconception, variant


def _shift(logits, input_ids):
    return logits[:, :-1], input_ids[:, 1:]


def _own_logs(logits):
    return logits.log_softmax(dim=-1)


def _gather(log_probs, targets):
    return log_probs.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def _mean(losses, targets):
    return losses.mean()


def _loss(
    shift=_shift,
    texts=lambda logits, input_ids: (logits, input_ids),
    log_probs=_own_logs,
    pick=_gather,
    sign=-1.0,
    base=1.0,
    reduce=_mean,
    finish=lambda loss: loss,
):
    """next_token_loss, with single choices made wrongly."""

    def answer(logits, input_ids):
        logits, targets = shift(*texts(logits, input_ids))  # (B, T - 1, V) and (B, T - 1)
        losses = sign * pick(log_probs(logits), targets) / base
        return finish(reduce(losses, targets))

    return answer


def _over_the_border(logits, input_ids):
    return logits.flatten(0, 1)[None, :-1], input_ids.flatten()[None, 1:]


def _padded(logits, input_ids):
    return logits, F.pad(input_ids[:, 1:], (0, 1))


def _last_again(logits, input_ids):
    return logits, torch.cat([input_ids[:, 1:], input_ids[:, -1:]], dim=1)


def _all_of_its_text(log_probs, targets):
    return log_probs.gather(-1, targets[:, None, :].expand(-1, log_probs.shape[1], -1))


def _one_hot(log_probs, targets):
    return F.one_hot(targets, log_probs.shape[-1]) * log_probs


def _smoothed(log_probs, targets):
    return 0.9 * _gather(log_probs, targets) + 0.1 * log_probs.mean(dim=-1)


def _without_zero(losses, targets):
    return losses[targets != 0].mean()


def _mistake(name, hints, **choices):
    return variant(_loss, name, hints, **choices)


MISCONCEPTIONS = (
    _mistake(
        "not shifted",
        (
            "Each position is judged by its own token.",
            "Token t is in the input at position t: a model that copies would get loss 0 for nothing.",
            "The logits at position t predict the token at t + 1: shift one against the other.",
        ),
        shift=lambda logits, input_ids: (logits, input_ids),
    ),
    _mistake(
        "both cut at the front",
        (
            "Each position from the second on is judged by its own token.",
            "Both lose their first entry in yours, so logits and ids still stand side by side as before.",
            "logits[:, :-1] and input_ids[:, 1:]: one loses its last entry, the other its first.",
        ),
        shift=lambda logits, input_ids: (logits[:, 1:], input_ids[:, 1:]),
    ),
    _mistake(
        "both cut at the end",
        (
            "Each position but the last is judged by its own token.",
            "Both lose their last entry in yours, so logits and ids still stand side by side as before.",
            "logits[:, :-1] and input_ids[:, 1:]: one loses its last entry, the other its first.",
        ),
        shift=lambda logits, input_ids: (logits[:, :-1], input_ids[:, :-1]),
    ),
    _mistake(
        "shifted the wrong way",
        (
            "Each position is judged by the token before it.",
            "That one is known already. The question is what comes next.",
            "Which of the two loses its first entry, and which its last?",
        ),
        shift=lambda logits, input_ids: (logits[:, 1:], input_ids[:, :-1]),
    ),
    _mistake(
        "shifted by two",
        (
            "Each position is judged by the token after the next.",
            "Position t knows tokens 0 to t and is asked for t + 1. Is there a shift too many?",
            "logits[:, :-1] and input_ids[:, 1:], once.",
        ),
        shift=lambda logits, input_ids: (logits[:, :-2], input_ids[:, 2:]),
    ),
    _mistake(
        "shifted along the texts",
        (
            "You shift along the batch: each text is judged by the next one's tokens.",
            "The first axis counts the texts. The positions are the second.",
            "logits[:, :-1], with a colon for the texts.",
        ),
        shift=lambda logits, input_ids: (logits[:-1], input_ids[1:]),
    ),
    _mistake(
        "the last position predicts the first token",
        (
            "Your last position is judged by the first token of the text.",
            "roll brings what falls out at one end in at the other; a text is no ring.",
            "There are T positions but only T − 1 next tokens: leave the last logits out.",
        ),
        shift=lambda logits, input_ids: (logits, input_ids.roll(-1, dims=1)),
    ),
    _mistake(
        "across the border between two texts",
        (
            "The last position of one text is judged by the first token of the next.",
            "Once the batch is one long row, the border is forgotten.",
            "Shift first, within each text, and flatten afterwards.",
        ),
        shift=_over_the_border,
    ),
    _mistake(
        "the first prediction is left out",
        (
            "The prediction of the second token is missing from your mean.",
            "Position 0 knows one token, and is asked for the next like any other.",
            "logits[:, :-1] and input_ids[:, 1:]; in a loop, range(T − 1) begins at 0.",
        ),
        shift=lambda logits, input_ids: (logits[:, 1:-1], input_ids[:, 2:]),
    ),
    _mistake(
        "the last prediction is left out",
        (
            "The prediction of the last token is missing from your mean.",
            "There are T − 1 predictions in a text of T tokens. Yours are T − 2.",
            "In a loop: range(T − 1) already stops before the last position.",
        ),
        shift=lambda logits, input_ids: (logits[:, :-2], input_ids[:, 1:-1]),
    ),
    _mistake(
        "the last position predicts token 0",
        (
            "Your last position is judged too, by a token 0 put behind the text.",
            "No token comes after the last, so nothing can be asked there. Id 0 is a real token.",
            "The logits lose their last entry instead: logits[:, :-1].",
        ),
        shift=_padded,
    ),
    _mistake(
        "the last position predicts the last token again",
        (
            "Your last position is judged too, by the last token once more.",
            "No token comes after the last, so nothing can be asked there.",
            "The logits lose their last entry instead: logits[:, :-1].",
        ),
        shift=_last_again,
    ),
    _mistake(
        "only the last prediction",
        (
            "Only the last token of each text is predicted in your loss.",
            "Behind the triangle every position gives a lesson: T − 1 in each text.",
            "logits[:, :-1], all of them, not logits[:, -2].",
        ),
        shift=lambda logits, input_ids: (logits[:, -2:-1], input_ids[:, -1:]),
    ),
    _mistake(
        "only the first text",
        (
            "Only the first text of the batch counts in your loss.",
            "The mean goes over all the predictions of all the texts.",
            "Is there a [0] somewhere, or a return inside the loop over the texts?",
        ),
        texts=lambda logits, input_ids: (logits[:1], input_ids[:1]),
    ),
    _mistake(
        "only the last text",
        (
            "Only the last text of the batch counts in your loss.",
            "The mean goes over all the predictions of all the texts.",
            "Does every round of the loop overwrite what the one before has found? Collect first.",
        ),
        texts=lambda logits, input_ids: (logits[-1:], input_ids[-1:]),
    ),
    _mistake(
        "the sum, not the mean",
        (
            "Your loss is a sum.",
            "It grows with the length of the text, so losses of two batches cannot be compared.",
            "Divide by the number of predictions.",
        ),
        reduce=lambda losses, targets: losses.sum(),
    ),
    _mistake(
        "a sum for each text",
        (
            "You sum over each text and take the mean over the texts only.",
            "A longer text would have a larger loss, whatever the model knows.",
            "One mean over all predictions: .mean() without an axis.",
        ),
        reduce=lambda losses, targets: losses.sum(dim=1).mean(),
    ),
    _mistake(
        "divided by T − 1 only",
        (
            "Your sum over all texts is divided by the predictions of one text.",
            "There are B · (T − 1) predictions in all.",
            "Let .mean() count them.",
        ),
        reduce=lambda losses, targets: losses.sum() / targets.shape[1],
    ),
    _mistake(
        "divided by T instead of T − 1",
        (
            "You divide by the number of tokens.",
            "There is one prediction less than there are tokens in each text.",
            "How many rows are left after the shift? Let .mean() count them.",
        ),
        reduce=lambda losses, targets: losses.sum() / (len(targets) * (targets.shape[1] + 1)),
    ),
    _mistake(
        "one loss for each text",
        (
            "You return a loss for each text, not one for all.",
            "A single number is wanted: the mean over all predictions.",
            ".mean() without an axis.",
        ),
        reduce=lambda losses, targets: losses.mean(dim=1),
    ),
    _mistake(
        "one loss for each prediction",
        (
            "You return a loss for each prediction.",
            "A single number is wanted: their mean.",
            '.mean() at the end (cross_entropy takes it by itself, unless told reduction="none").',
        ),
        reduce=lambda losses, targets: losses,
    ),
    _mistake(
        "one loss for each prediction, in a row",
        (
            "You return a long row of losses, one for each prediction.",
            "A single number is wanted: their mean.",
            '.mean() at the end (cross_entropy takes it by itself, unless told reduction="none").',
        ),
        reduce=lambda losses, targets: losses.flatten(),
    ),
    _mistake(
        "the median",
        (
            "You take the median of the losses.",
            "A few great surprises are part of the cost; the median does not see them.",
            ".mean()",
        ),
        reduce=lambda losses, targets: losses.median(),
    ),
    _mistake(
        "the logarithm of the mean probability",
        (
            "You take the mean of the probabilities first, and the logarithm of that.",
            "One certain guess would then make up for a hopeless one.",
            "First the logarithm of each, then the mean.",
        ),
        reduce=lambda losses, targets: -(-losses).exp().mean().log(),
    ),
    _mistake(
        "token 0 is left out",
        (
            "Where the next token is 0, you leave the prediction out.",
            "0 is a token like any other. Nothing here is padded.",
            "No ignore_index=0, and no `if` that takes 0 for nothing.",
        ),
        reduce=_without_zero,
    ),
    _mistake(
        "softmax twice",
        (
            "The softmax is applied twice.",
            "F.cross_entropy expects logits and takes the softmax itself; twice makes all words alike.",
            "Hand it the logits as they are.",
        ),
        log_probs=lambda logits: logits.softmax(dim=-1).log_softmax(dim=-1),
    ),
    _mistake(
        "softmax over the positions",
        (
            "Your softmax runs over the positions, not over the words.",
            "The question is which word comes next, so the probabilities of the V words must sum to 1.",
            "logits are (B, T, V): the axis of the words is the last one.",
        ),
        log_probs=lambda logits: logits.log_softmax(dim=1),
    ),
    Misconception(
        "softmax over all positions",
        lambda logits, input_ids: -_gather(logits.log_softmax(dim=1)[:, :-1], input_ids[:, 1:]).mean(),
        (
            "Your softmax runs over the positions, and over the last one too.",
            "The question is which word comes next, so the probabilities of the V words must sum to 1.",
            "logits are (B, T, V): dim=1 are the positions, dim=-1 the words.",
        ),
        spellings=(
            lambda logits, input_ids: -_gather(logits.softmax(dim=1)[:, :-1], input_ids[:, 1:]).log().mean(),
        ),
    ),
    _mistake(
        "softmax over the texts",
        (
            "Your softmax runs over the texts of the batch.",
            "The question is which word comes next, so the probabilities of the V words must sum to 1.",
            "logits are (B, T, V): the axis of the words is the last one.",
        ),
        log_probs=lambda logits: logits.log_softmax(dim=0),
    ),
    _mistake(
        "no softmax",
        (
            "You take the logits themselves for logarithms of probabilities.",
            "Logits may be any numbers; only a softmax makes them sum to 1 as probabilities.",
            ".log_softmax(dim=-1) before you pick.",
        ),
        log_probs=lambda logits: logits,
    ),
    _mistake(
        "probability instead of its logarithm",
        (
            "You average the probabilities, without a logarithm.",
            "-log p punishes a confident mistake without limit; -p shrugs at it.",
            "log_softmax instead of softmax.",
        ),
        log_probs=lambda logits: logits.softmax(dim=-1),
    ),
    _mistake(
        "1 minus the probability",
        (
            "Your loss is 1 minus the mean probability; there is no logarithm.",
            "-log p punishes a confident mistake without limit; 1 - p is never more than 1.",
            "log_softmax instead of softmax, and a minus in front of the mean.",
        ),
        log_probs=lambda logits: logits.softmax(dim=-1),
        finish=lambda loss: 1 + loss,
    ),
    _mistake(
        "the logarithm of a probability that is 0 to the computer",
        (
            "Where a token is very unlikely, your loss is infinite.",
            "e to the −120 is 0 to a computer, and the logarithm of 0 is −∞.",
            ".log_softmax(dim=-1) does both in one step, and never meets that 0.",
        ),
        log_probs=lambda logits: logits.softmax(dim=-1).log(),
    ),
    _mistake(
        "unlikely tokens are let off",
        (
            "For very unlikely tokens your loss is too small.",
            "A small number added to the probabilities, or a floor under them, hides how surprised the model was.",
            ".log_softmax(dim=-1) bears any logits, without such a guard.",
        ),
        log_probs=lambda logits: logits.log_softmax(dim=-1).clamp(min=-10.0),
    ),
    *(
        _mistake(
            f"{amount} added to the probabilities",
            (
                f"Your probabilities are a little too large (by {amount} each).",
                "Something added against log(0) changes every loss, most of all that of unlikely tokens.",
                ".log_softmax(dim=-1) needs no such guard.",
            ),
            log_probs=lambda logits, amount=amount: (logits.softmax(dim=-1) + amount).log(),
        )
        for amount in (1e-3, 1e-8)
    ),
    _mistake(
        "the model's favourite instead of the true token",
        (
            "You take the loss of the model's favourite, not of the token that came.",
            "The lesson is what the text says. A model that is sure and wrong has to pay for it.",
            "Pick with gather and the shifted input_ids, not with max or argmax.",
        ),
        pick=lambda log_probs, targets: log_probs.max(dim=-1).values,
    ),
    _mistake(
        "every position meets every target",
        (
            "At each position you pick the entries of *all* the targets.",
            "log_probs[:, targets] crosses the two; each position has one target only.",
            "gather(-1, targets.unsqueeze(-1)) picks one entry in each row.",
        ),
        pick=lambda log_probs, targets: log_probs[..., targets],
    ),
    _mistake(
        "every position meets every target of its text",
        (
            "At each position you pick the entries of all the targets of its text.",
            "Each position has a single target: the token that comes next there.",
            "gather wants an index (B, T - 1, 1), one entry for each row: targets.unsqueeze(-1).",
        ),
        pick=_all_of_its_text,
    ),
    _mistake(
        "the zeros of a one-hot vector are averaged too",
        (
            "Your loss is V times too small: the mean goes over the words of the vocabulary too.",
            "Of each row one entry is the true token's; the zeros beside it are no predictions.",
            "Sum over the words first, .sum(dim=-1), and then take the mean (or pick with gather).",
        ),
        pick=_one_hot,
    ),
    _mistake(
        "the mean over the whole vocabulary",
        (
            "Your mean goes over all the words of the vocabulary; the ids play no part.",
            "Of each row only one entry counts: that of the token that came.",
            "gather(-1, targets.unsqueeze(-1)) before the mean.",
        ),
        pick=lambda log_probs, targets: log_probs,
    ),
    _mistake(
        "the entropy of the prediction",
        (
            "You compute how unsure the model is, not how surprised it was: the ids play no part.",
            "−Σ p log p is the entropy. The cross-entropy asks for −log p of the token that came.",
            "gather(-1, targets.unsqueeze(-1)) instead of a product with the probabilities.",
        ),
        pick=lambda log_probs, targets: (log_probs.exp() * log_probs).sum(dim=-1),
    ),
    _mistake(
        "smoothed labels",
        (
            "A tenth of your loss is spread over all the words of the vocabulary.",
            "Label smoothing is a trick of some trainings; the loss of this exercise is −log p alone.",
            "cross_entropy without label_smoothing.",
        ),
        pick=_smoothed,
    ),
    _mistake(
        "wrong guesses are counted",
        (
            "You count the guesses that are wrong.",
            "That only asks which token is the favourite. The loss asks how likely the true one was.",
            ".log_softmax(dim=-1), then gather.",
        ),
        pick=lambda log_probs, targets: -(log_probs.argmax(dim=-1) != targets).float(),
    ),
    _mistake(
        "squared distance of ids",
        (
            "Your loss is the squared distance between two ids.",
            "An id is a name: 7 is not nearer to 8 than to 2. The loss is −log p of the token that came.",
            ".log_softmax(dim=-1), then gather.",
        ),
        pick=lambda log_probs, targets: -((log_probs.argmax(dim=-1) - targets).float() ** 2),
    ),
    _mistake(
        "the sign is forgotten",
        (
            "Your loss has the wrong sign: it is not above 0.",
            "The logarithm of a probability is never above 0, and a loss is to be small when the guess is good: it is *minus* log p.",
            "A minus in front of the mean.",
        ),
        sign=1.0,
    ),
    _mistake(
        "in bits",
        (
            "Your loss is in bits: the logarithm is to base 2.",
            "The natural logarithm gives nats, which are smaller by the factor log 2 = 0.69.",
            "log_softmax or torch.log, not log2.",
        ),
        base=math.log(2),
    ),
    _mistake(
        "logarithm to base 10",
        (
            "Your logarithm is to base 10.",
            "A loss in nats uses the natural logarithm; yours is smaller by the factor log 10 = 2.3.",
            "log_softmax or torch.log, not log10.",
        ),
        base=math.log(10),
    ),
    _mistake(
        "the perplexity",
        (
            "You return e to the power of the loss.",
            "That is the perplexity: among how many words the model wavers. The loss is its logarithm.",
            "Without exp.",
        ),
        finish=lambda loss: loss.exp(),
    ),
    _mistake(
        "an axis too many",
        (
            "Your result holds one number in a tensor with an axis, not a scalar.",
            "A scalar tensor has the shape (): no axis at all.",
            "Take the mean over everything, without keepdim, and put no list around it.",
        ),
        finish=lambda loss: loss.reshape(1),
    ),
    Misconception(
        "rows are mixed up on the way to (N, V)",
        lambda logits, input_ids: F.cross_entropy(
            logits[:, :-1].reshape(logits.shape[-1], -1).T, input_ids[:, 1:].flatten()
        ),
        (
            "The numbers of different positions are mixed in your rows.",
            "reshape and view read the numbers in their old order and only break the lines elsewhere.",
            ".flatten(0, 1) makes (N, V) of (B, T, V): one row for each prediction.",
        ),
        spellings=(
            lambda logits, input_ids: F.cross_entropy(
                logits[:, :-1].reshape(len(logits), logits.shape[-1], -1), input_ids[:, 1:]
            ),
        ),
    ),
    Misconception(
        "rows and targets in different orders",
        lambda logits, input_ids: F.cross_entropy(
            logits[:, :-1].transpose(0, 1).flatten(0, 1), input_ids[:, 1:].flatten()
        ),
        (
            "With more than one text, your rows of logits and your targets stand in different orders.",
            "One of the two goes text by text, the other position by position.",
            "Flatten both as they are, without a transpose: logits.flatten(0, 1) and targets.flatten().",
        ),
        spellings=(
            lambda logits, input_ids: F.cross_entropy(
                logits[:, :-1].flatten(0, 1), input_ids[:, 1:].T.flatten()
            ),
        ),
    ),
    Misconception(
        "one side is not shifted",
        lambda logits, input_ids: F.cross_entropy(logits.flatten(0, 1), input_ids[:, 1:].flatten()),
        (
            "There are more rows of logits than targets, or the other way round.",
            "Both have to lose one entry of each text: the logits their last, the ids their first.",
            "logits[:, :-1] and input_ids[:, 1:].",
        ),
        spellings=(
            lambda logits, input_ids: F.cross_entropy(logits[:, :-1].flatten(0, 1), input_ids.flatten()),
        ),
    ),
    Misconception(
        "the words are not on the axis where cross_entropy looks",
        lambda logits, input_ids: F.cross_entropy(logits[:, :-1], input_ids[:, 1:]),
        (
            "cross_entropy takes your positions for the words.",
            "With three axes it expects the words on the second, (B, V, T); yours are on the last.",
            "One row for each prediction: logits.flatten(0, 1) and targets.flatten().",
        ),
    ),
)
