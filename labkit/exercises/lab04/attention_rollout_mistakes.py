"""Exercise 4.6: what students write instead."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _mean(layer):
    return layer.mean(dim=0)


def _halves(attention, identity):
    return (attention + identity) / 2


def _build(
    maps=lambda maps: maps,
    fuse=_mean,
    identity=torch.eye,
    mix=_halves,
    layers=lambda maps: list(maps),
    start=torch.eye,
    combine=lambda step, rollout: step @ rollout,
    finish=lambda rollout: rollout,
):
    """attention_rollout with single choices made wrongly."""

    def answer(given):
        given = maps(given)
        length = given.shape[-1]
        rollout = start(length)
        for layer in layers(given):
            rollout = combine(mix(fuse(layer), identity(length)), rollout)
        return finish(rollout)

    return answer


def _of_steps(make):
    """make(the matrices of all layers, (L, T, T)): something else than their product."""

    def answer(maps):
        steps = _halves(maps.mean(dim=1), torch.eye(maps.shape[-1]))
        return make(steps)

    return answer


def _once(maps):
    steps = _halves(maps[0].mean(dim=0), torch.eye(maps.shape[-1]))
    for layer in maps[1:]:
        steps = layer.mean(dim=0) @ steps
    return steps


def _first_is_bare(maps):
    rollout = maps[0].mean(dim=0)
    for layer in maps[1:]:
        rollout = _halves(layer.mean(dim=0), torch.eye(maps.shape[-1])) @ rollout
    return rollout


def _at_the_end(maps):
    rollout = torch.eye(maps.shape[-1])
    for layer in maps:
        rollout = layer.mean(dim=0) @ rollout
    return _halves(rollout, torch.eye(maps.shape[-1]))


def _identity_again(maps):
    """1/2 (A @ rollout) + 1/2 identity."""
    identity = torch.eye(maps.shape[-1])
    rollout = identity
    for layer in maps:
        rollout = _halves(layer.mean(dim=0) @ rollout, identity)
    return rollout


def _head_by_head(maps):
    rollouts = []
    for head in range(maps.shape[1]):
        rollouts.append(_build()(maps[:, head : head + 1]))
    return torch.stack(rollouts).mean(dim=0)


def _new_shares(attention, identity):
    total = attention + identity
    return total / total.sum(dim=-1, keepdim=True)


def _new_columns(attention, identity):
    total = attention + identity
    return total / total.sum(dim=0, keepdim=True)


def _diagonal_set(attention, identity):
    total = torch.where(identity > 0, identity, attention)
    return total / total.sum(dim=-1, keepdim=True)


def _lowest_dropped(layer):
    mean = layer.mean(dim=0)
    return mean * (mean > mean.quantile(0.1))


def _cleared(rollout, places):
    rollout = rollout.clone()
    rollout[:, places] = 0.0
    return rollout


def _without_itself(rollout):
    rollout = rollout * (1 - torch.eye(len(rollout)))
    return rollout / rollout.sum(dim=-1, keepdim=True).clamp(min=1e-9)


def _every_layer(maps):
    rollout, rollouts = torch.eye(maps.shape[-1]), []
    for layer in maps:
        rollout = _halves(layer.mean(dim=0), torch.eye(maps.shape[-1])) @ rollout
        rollouts.append(rollout)
    return torch.stack(rollouts)


def _four_layers(steps):
    return steps[3] @ steps[2] @ steps[1] @ steps[0]


def _starts_with(rollout):
    """The product begins with something that is no matrix."""
    return _build(start=lambda length: rollout)


INSIDE = "(mean over heads + identity) / 2 belongs inside the loop."
MEAN = "mean over the heads: maps.mean(dim=1) is (L, T, T)."
ALL = "layer @ rollout, for every layer, from the first to the last."

_OF_LAYERS = (
    variant(
        _build,
        "without the residual connection",
        (
            "The token itself is missing from each layer.",
            "A block adds its attention's result to what was there: half of what leaves it never moved.",
            "(mean over heads + identity) / 2, in every layer.",
        ),
        mix=lambda attention, identity: attention,
    ),
    variant(
        _build,
        "not halved",
        (
            "Nothing is halved in your layers: the rows of mean + identity sum to 2.",
            "Attention gives 1 and the identity gives 1: together 2.",
            "Divide the sum by 2.",
        ),
        mix=lambda attention, identity: attention + identity,
    ),
    variant(
        _build,
        "a softmax for the halves",
        (
            "You make the rows sum to 1 with a softmax at the end, which changes all the numbers.",
            "A softmax leaves no 0 and makes the shares nearly even. Halves sum to 1 by themselves.",
            "(mean over heads + identity) / 2 in each layer, and no softmax.",
        ),
        mix=lambda attention, identity: attention + identity,
        finish=lambda rollout: rollout.softmax(dim=-1),
    ),
    variant(
        _build,
        "a softmax in each layer",
        (
            "You make each layer's rows sum to 1 with a softmax, which changes all the numbers.",
            "A softmax leaves no 0 and makes the shares nearly even. Halves sum to 1 by themselves.",
            "(mean over heads + identity) / 2 in each layer, and no softmax.",
        ),
        mix=lambda attention, identity: (attention + identity).softmax(dim=-1),
    ),
    variant(
        _build,
        "only the attention is halved",
        (
            "You halve the attention and not the identity.",
            "Half and half make 1; half and a whole make more with every layer.",
            "Brackets: (mean over heads + identity) / 2.",
        ),
        mix=lambda attention, identity: attention / 2 + identity,
    ),
    variant(
        _build,
        "only the identity is halved",
        (
            "You halve the identity and not the attention.",
            "/ binds more tightly than +.",
            "Brackets: (mean over heads + identity) / 2.",
        ),
        mix=lambda attention, identity: attention + identity / 2,
    ),
    variant(
        _build,
        "halved, without the identity",
        (
            "You halve the attention, and add nothing to it.",
            "The other half is the token itself.",
            "(mean over heads + identity) / 2.",
        ),
        mix=lambda attention, identity: attention / 2,
    ),
    variant(
        _build,
        "another mixture",
        (
            "Attention and identity don't have a half each in your layers.",
            "How much of a layer is the token itself is a guess; the formula says half.",
            "(mean over heads + identity) / 2.",
        ),
        mix=lambda attention, identity: 0.9 * attention + 0.1 * identity,
    ),
    variant(
        _build,
        "another mixture, the other way",
        (
            "Attention and identity don't have a half each: the identity has more.",
            "How much of a layer is the token itself is a guess; the formula says half.",
            "(mean over heads + identity) / 2.",
        ),
        mix=lambda attention, identity: 0.1 * attention + 0.9 * identity,
    ),
    variant(
        _build,
        "halved to whole numbers",
        (
            "Your shares are whole numbers: // cuts off what stands behind the point.",
            "A half of a share is no whole number.",
            "/ 2.",
        ),
        mix=lambda attention, identity: (attention + identity) // 2,
    ),
    variant(
        _build,
        "the columns made to sum to 1",
        (
            "You make the columns of each layer sum to 1.",
            "A row says where a token takes from: rows sum to 1. (With / 2 they do so by themselves.)",
            "(mean over heads + identity) / 2.",
        ),
        mix=_new_columns,
    ),
    variant(
        _build,
        "the diagonal is 1",
        (
            "You set the diagonal to 1 instead of adding the identity.",
            "A token also looks at itself: that weight is added to, not replaced.",
            "mean over heads + torch.eye(T).",
        ),
        mix=_diagonal_set,
    ),
    variant(
        _build,
        "ones for the identity",
        (
            "You add 1 everywhere: torch.ones is no identity.",
            "The identity has 1 where row and column are the same token, and 0 elsewhere.",
            "torch.eye(T).",
        ),
        identity=lambda length: torch.ones(length, length),
    ),
    variant(
        _build,
        "even shares for the identity",
        (
            "You mix in an even share of all tokens.",
            "What the residual connection carries past the attention is the token itself.",
            "torch.eye(T).",
        ),
        identity=lambda length: torch.full((length, length), 1 / length),
    ),
    variant(
        _build,
        "the strongest head instead of the mean",
        (
            "You take the largest weight of any head.",
            "The rows of such a matrix no longer sum to 1. (It is a variant that others use.)",
            MEAN,
        ),
        fuse=lambda layer: layer.amax(dim=0),
    ),
    variant(
        _build,
        "the strongest head, made to sum to 1",
        (
            "You take the largest weight of any head, and make the rows sum to 1 again.",
            "Vision tutorials do; here it is the mean over the heads.",
            MEAN,
        ),
        fuse=lambda layer: layer.amax(dim=0),
        mix=_new_shares,
    ),
    variant(
        _build,
        "the weakest head instead of the mean",
        (
            "You take the smallest weight of any head.",
            "The rows of such a matrix no longer sum to 1. (It is a variant that others use.)",
            MEAN,
        ),
        fuse=lambda layer: layer.amin(dim=0),
    ),
    variant(
        _build,
        "the weakest head, made to sum to 1",
        (
            "You take the smallest weight of any head, and make the rows sum to 1 again.",
            "Vision tutorials do; here it is the mean over the heads.",
            MEAN,
        ),
        fuse=lambda layer: layer.amin(dim=0),
        mix=_new_shares,
    ),
    Misconception(
        "the lowest weights dropped",
        _build(fuse=_lowest_dropped, mix=_new_shares),
        (
            "You set the smallest weights to 0 first.",
            "Vision tutorials do, for a clearer picture; the formula keeps them all.",
            "(mean over heads + identity) / 2.",
        ),
    ),
    variant(
        _build,
        "one head only",
        (
            "You follow head 0 alone.",
            "All heads of a layer write into the same vector.",
            MEAN,
        ),
        fuse=lambda layer: layer[0],
    ),
    variant(
        _build,
        "the last head only",
        (
            "You follow the last head alone.",
            "All heads of a layer write into the same vector.",
            MEAN,
        ),
        fuse=lambda layer: layer[-1],
    ),
    variant(
        _build,
        "the sum of the heads",
        (
            "You add up the heads: your rows sum to more than 1.",
            "H heads sum to H in each row; half of that and half of the identity is no set of shares.",
            "The mean over the heads, which are the first axis of a layer's maps.",
        ),
        fuse=lambda layer: layer.sum(dim=0),
    ),
    variant(
        _build,
        "the heads are kept apart",
        (
            "Your result has an axis of heads: (H, T, T).",
            "All heads of a layer write into the same vector, so they are averaged in each layer.",
            MEAN,
        ),
        fuse=lambda layer: layer,
    ),
    Misconception(
        "the heads averaged at the end",
        _head_by_head,
        (
            "You follow each head alone through all layers, and average at the end.",
            "All heads of a layer write into the same vector: what head 0 reads, all heads wrote.",
            "The mean over the heads in each layer, before the product.",
        ),
    ),
    variant(
        _build,
        "layers averaged, heads multiplied",
        (
            "You average over the layers and multiply the heads.",
            "The axes are L, H, T, T: the heads are axis 1.",
            MEAN,
        ),
        maps=lambda maps: maps.transpose(0, 1),
    ),
    variant(
        _build,
        "each layer transposed",
        (
            "You transpose each layer: rows and columns have changed places before the product.",
            "Row i says where token i takes from; so it stands in the maps, and so in the result.",
            "No .T is needed.",
        ),
        maps=lambda maps: maps.transpose(-2, -1),
    ),
    variant(
        _build,
        "averaged over the queries",
        (
            "You average over the queries, so that all rows of a layer are alike.",
            "The axes of one layer are H, T, T: the heads are the first.",
            MEAN,
        ),
        fuse=lambda layer: layer.mean(dim=(0, 1)).expand(layer.shape[-2:]),
    ),
)

_OF_PRODUCTS = (
    variant(
        _build,
        "the first layer leftmost",
        (
            "Your product runs the wrong way: the first layer stands on the left.",
            "The last layer's tokens look at what the layer before made, and that at the one before it.",
            "layer @ rollout, from the first layer to the last.",
        ),
        combine=lambda step, rollout: rollout @ step,
    ),
    variant(
        _build,
        "element by element",
        (
            "You multiply the layers element by element.",
            "A path may lead from i over any k to j: that is a sum over k, a matrix product.",
            "@ instead of *.",
        ),
        combine=lambda step, rollout: step * rollout,
        start=lambda length: torch.ones(length, length),
    ),
    Misconception(
        "element by element, from the identity",
        _build(combine=lambda step, rollout: step * rollout),
        (
            "You multiply the layers element by element, from the identity on: only the diagonal is left.",
            "A path may lead from i over any k to j: that is a sum over k, a matrix product.",
            "@ instead of *.",
        ),
    ),
    Misconception(
        "the residual connection once",
        _once,
        (
            "You add the identity in the first layer only.",
            "Every block has a residual connection.",
            INSIDE,
        ),
    ),
    Misconception(
        "the first layer without the identity",
        _first_is_bare,
        (
            "The identity is missing from the first layer.",
            "Every block has a residual connection, the first too.",
            "Begin with torch.eye(T), and treat all layers alike.",
        ),
    ),
    Misconception(
        "the residual connection at the end",
        _at_the_end,
        (
            "You add the identity once, after the product.",
            "Every block has a residual connection.",
            INSIDE,
        ),
    ),
    Misconception(
        "the identity after each product",
        _identity_again,
        (
            "You add the identity after each product.",
            "What a block adds its attention to is what came in: the rollout so far, not the words.",
            "First (mean over heads + identity) / 2, then @ rollout.",
        ),
    ),
    Misconception(
        "the mean of the layers",
        _of_steps(lambda steps: steps.mean(dim=0)),
        (
            "You average the layers.",
            "What the third layer looks at is no longer the words: it is what two layers made of them.",
            "Multiply the layers' matrices.",
        ),
    ),
    Misconception(
        "the sum of the layers",
        _of_steps(lambda steps: steps.sum(dim=0)),
        (
            "You add the layers up.",
            "What the third layer looks at is no longer the words: it is what two layers made of them.",
            "Multiply the layers' matrices.",
        ),
    ),
    Misconception(
        "a power of the mean",
        _of_steps(lambda steps: torch.linalg.matrix_power(steps.mean(dim=0), len(steps))),
        (
            "You average the layers and multiply that mean with itself.",
            "The layers differ: each has its own place in the product.",
            ALL,
        ),
    ),
    variant(
        _build,
        "the last layer alone",
        (
            "Your result is the last layer's attention.",
            "It says which vectors are mixed there, not which words those came from.",
            "Multiply the matrices of all layers: is `rollout` used inside the loop?",
        ),
        layers=lambda maps: [maps[-1]],
    ),
    variant(
        _build,
        "the first layer alone",
        (
            "Your result is the first layer's alone.",
            "A return inside the loop ends it in its first turn.",
            "Return behind the loop, as far left as it begins.",
        ),
        layers=lambda maps: [maps[0]],
    ),
    variant(
        _build,
        "the first layer is left out",
        (
            "The first layer is missing from your product.",
            "Who begins with the identity has all layers before them; range(1, L) leaves out layer 0.",
            ALL,
        ),
        layers=lambda maps: list(maps[1:]),
    ),
    variant(
        _build,
        "the last layer is left out",
        (
            "The last layer is missing from your product.",
            "range(L) ends at L - 1 already.",
            ALL,
        ),
        layers=lambda maps: list(maps[:-1]),
    ),
    variant(
        _build,
        "the first layer twice",
        (
            "The first layer is in your product twice.",
            "Who begins with layer 0 goes on with layer 1.",
            "Begin with torch.eye(T), or loop over maps[1:].",
        ),
        layers=lambda maps: [maps[0], *maps],
    ),
    variant(
        _build,
        "starts from zeros",
        (
            "Everything is 0: your product begins with zeros.",
            "A sum begins with 0; a product of matrices begins with the identity.",
            "rollout = torch.eye(T).",
        ),
        start=lambda length: torch.zeros(length, length),
    ),
    variant(
        _build,
        "starts from ones",
        (
            "Your product begins with a matrix of ones: every entry of the result is the sum of a row.",
            "What changes nothing in a product of matrices is the identity.",
            "rollout = torch.eye(T).",
        ),
        start=lambda length: torch.ones(length, length),
    ),
    variant(
        _build,
        "starts from half the identity",
        (
            "Your rows sum to 1/2: the product begins with half the identity.",
            "Each layer is halved already.",
            "rollout = torch.eye(T).",
        ),
        start=lambda length: torch.eye(length) / 2,
    ),
    variant(
        _build,
        "the result transposed",
        (
            "Rows and columns of your result have changed places.",
            "Row i is the token of the last layer, column j the word that it comes from.",
            "Leave out the last transposition.",
        ),
        finish=lambda rollout: rollout.transpose(-2, -1),
    ),
    variant(
        _build,
        "the first row alone",
        (
            "You return the row of the first token alone.",
            "Tutorials on images show that row; asked for is the whole table, (T, T).",
            "Return rollout.",
        ),
        finish=lambda rollout: rollout[0],
    ),
    variant(
        _build,
        "the ends set to 0",
        (
            "The columns of the first and the last token are 0 in your result.",
            "What comes from [CLS] and [SEP] comes from there; and not every text has them.",
            "Return the product as it is.",
        ),
        finish=lambda rollout: _cleared(rollout, [0, -1]),
    ),
    variant(
        _build,
        "without the token itself",
        (
            "You take each token's own share out of the result, and make the rest sum to 1.",
            "That a token comes from itself is part of the answer.",
            "Return the product as it is.",
        ),
        finish=_without_itself,
    ),
    variant(
        _build,
        "a softmax at the end",
        (
            "You take the softmax of the rows.",
            "It makes them sum to 1, and nearly even. With halves in each layer they sum to 1 by themselves.",
            "(mean over heads + identity) / 2, and no softmax.",
        ),
        finish=lambda rollout: rollout.softmax(dim=-1),
    ),
    variant(
        _build,
        "divided by the largest",
        (
            "You divide by the largest entry.",
            "That makes a brighter picture; but rows no longer sum to 1.",
            "Return the product as it is.",
        ),
        finish=lambda rollout: rollout / rollout.amax(dim=-1, keepdim=True),
    ),
    Misconception(
        "all layers' rollouts",
        _every_layer,
        (
            "You return a table for each layer: (L, T, T).",
            "Asked for is the last one.",
            "Return rollout after the loop.",
        ),
    ),
    Misconception(
        "four layers and no other number",
        _of_steps(_four_layers),
        (
            "You count on four layers.",
            "The notebook's models have four; others have other numbers.",
            "A loop over the layers.",
        ),
    ),
    Misconception(
        "starts from None",
        _starts_with(None),
        (
            "Your product begins with None, and a matrix can't be multiplied with that.",
            "What changes nothing in a product of matrices is the identity.",
            "rollout = torch.eye(T).",
        ),
    ),
    Misconception(
        "starts from a number",
        _starts_with(1),
        (
            "Your product begins with a number, and @ takes matrices only.",
            "What 1 is to numbers, the identity is to matrices: it changes nothing in a product.",
            "rollout = torch.eye(T).",
        ),
        spellings=(_starts_with(1.0),),
    ),
)

MISTAKES = (*_OF_LAYERS, *_OF_PRODUCTS)
