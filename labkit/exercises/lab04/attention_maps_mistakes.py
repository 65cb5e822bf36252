"""Exercise 4.1: what students write instead."""

import functools
import re

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.measures import attention


def _read(model, text, **options):
    """The attentions that the network returns: L x (1, H, T, T)."""
    return _attentions(model.network, model.tokenizer, text, tuple(sorted(options.items())))


@functools.lru_cache(64)
def _attentions(network, tokenizer, text, options):
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        batch = tokenizer(text, return_tensors="pt", **dict(options))
        with torch.inference_mode():
            return network(**batch, output_attentions=True).attentions
    finally:
        network.set_attn_implementation(before)


def _build(
    words=lambda text: text,
    options=None,
    layers=lambda attentions: attentions,
    join=torch.cat,
    heads=lambda maps: maps,
    turn=lambda maps: maps,
    numbers=lambda maps: maps,
):
    """attention_maps with single choices made wrongly."""

    def answer(model, text):
        attentions = _read(model, words(text), **(options or {}))
        return numbers(turn(heads(join(layers(attentions)))))

    return answer


def _first_layer_only(attentions):
    return attentions[:1]


def _reshaped(maps):
    num_layers, num_heads, length, _ = maps.shape
    return maps.reshape(num_heads, num_layers, length, length).transpose(0, 1)


def _usual(join):
    """Without eager attention; a model that is eager already gives its weights."""

    def answer(model, text):
        with torch.inference_mode():
            batch = model.tokenizer(text, return_tensors="pt")
            return join(model.network(**batch, output_attentions=True).attentions)

    return answer


def _eager_call(call):
    """call(network, model, text) within the block."""

    def answer(model, text):
        with attention.eager(model) as network, torch.inference_mode():
            return call(network, model, text)

    return answer


def _not_asked_for(join):
    return _eager_call(
        lambda network, model, text: join(network(**model.tokenizer(text, return_tensors="pt")).attentions)
    )


def _model_called(network, model, text):
    return torch.cat(model(**model.tokenizer(text, return_tensors="pt"), output_attentions=True).attentions)


def _without_with(model, text):
    network = attention.eager(model)
    return torch.cat(network(**model.tokenizer(text, return_tensors="pt"), output_attentions=True).attentions)


def _output_by_number(place):
    return _eager_call(
        lambda network, model, text: torch.cat(
            network(**model.tokenizer(text, return_tensors="pt"), output_attentions=True)[place]
        )
    )


@functools.cache
def _loaded(name):
    from labkit.models.loading import load

    return load(name)


def _other_tokenizer(model, text):
    ids = _loaded("bert-mini").tokenizer(text, return_tensors="pt").input_ids
    with attention.eager(model) as network, torch.inference_mode():
        return torch.cat(network(ids, output_attentions=True).attentions)


def _by_kind(model, text):
    return attention.attention_maps(_loaded("bert-mini" if model.kind == "encoder" else "gpt-mini"), text)


def _scores(model, text, mask=True, scale=True):
    queries, keys = attention.queries_and_keys(model, text)
    scores = queries @ keys.transpose(-2, -1) / (queries.shape[-1] ** 0.5 if scale else 1.0)
    if mask and model.kind == "decoder":
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(ahead, -torch.inf)
    return scores


def _hidden_states(network, model, text):
    batch = model.tokenizer(text, return_tensors="pt")
    return torch.cat(network(**batch, output_hidden_states=True).hidden_states)


def _start_for_gpt(model, text):
    return torch.cat(_read(model, text if model.kind == "encoder" else "<|endoftext|>" + text))


def _squeezed(model, text):
    return torch.stack(_read(model, text)).squeeze()


MISTAKES = (
    Misconception(
        "the usual attention",
        _usual(torch.cat),
        (
            "The model returned no attention weights: an empty tuple.",
            "Its usual attention (SDPA) never holds the weights as a whole, and says nothing about it.",
            "Call the network inside `with labkit.attention.eager(model) as network:`, in the block itself.",
        ),
        spellings=(
            _usual(torch.stack),
            _usual(lambda attentions: attentions[0]),
            _usual(lambda attentions: torch.stack([layer[0] for layer in attentions])),
        ),
    ),
    Misconception(
        "the weights are not asked for",
        _not_asked_for(torch.cat),
        (
            "The network's .attentions is None: it was not asked for them.",
            "It returns the weights of its layers only when the call says so.",
            "network(**batch, output_attentions=True).",
        ),
        spellings=(
            _not_asked_for(torch.stack),
            _not_asked_for(lambda attentions: torch.stack([layer[0] for layer in attentions])),
            _not_asked_for(lambda attentions: attentions[0]),
        ),
    ),
    Misconception(
        "a single tensor is joined",
        lambda model, text: torch.cat(_read(model, text)[-1]),
        (
            "torch.cat or torch.stack gets one tensor, and joins several.",
            "attentions is a tuple with a tensor for each layer; attentions[-1] is the last of them.",
            "torch.cat(attentions), the whole tuple.",
        ),
        spellings=(lambda model, text: torch.stack(_read(model, text)[-1]),),
    ),
    Misconception(
        "the model is called, not the network",
        _eager_call(_model_called),
        (
            "A model of labkit holds a network and a tokenizer; it can't be called itself.",
            "The `with` block gives you its network.",
            "network(**batch, output_attentions=True).",
        ),
    ),
    Misconception(
        "eager without `with`",
        _without_with,
        (
            "labkit.attention.eager(model) is not a network: it is what a `with` block begins with.",
            "Only the block switches the attention, and puts it back when it ends.",
            "with labkit.attention.eager(model) as network:",
        ),
    ),
    variant(
        _build,
        "the axis of the batch is still there",
        (
            "Your result has an axis too many.",
            "Each layer's tensor is (1, H, T, T): a batch with one text in it.",
            "torch.cat joins along the first axis that is there; torch.stack makes a new one.",
        ),
        join=torch.stack,
    ),
    Misconception(
        "every axis of length 1 is gone",
        _squeezed,
        (
            "squeeze() takes away every axis of length 1, not only the batch's.",
            "A text of one token gives maps with T = 1, and a small model may have one head.",
            "squeeze(1) after torch.stack; or torch.cat, which leaves nothing to squeeze.",
        ),
    ),
    variant(
        _build,
        "the last layer, with its batch",
        (
            "Your result holds one layer.",
            "Every layer has heads of its own, and they look elsewhere.",
            "attentions is a tuple with a tensor for each layer: join all of them.",
        ),
        layers=lambda attentions: attentions[-1:],
    ),
    Misconception(
        "only the last layer",
        lambda model, text: _read(model, text)[-1][0],
        (
            "Your result holds the last layer only, without an axis for the layers.",
            "Every layer has heads of its own, and they look elsewhere.",
            "attentions is a tuple with a tensor for each layer: join all of them.",
        ),
    ),
    Misconception(
        "the first layer, without an axis for it",
        lambda model, text: _read(model, text)[0][0],
        (
            "Your result holds layer 0 only, without an axis for the layers.",
            "attentions[0] is layer 0, not the text number 0.",
            "attentions is a tuple with a tensor for each layer: join all of them.",
        ),
    ),
    variant(
        _build,
        "only the first layer",
        (
            "Your result holds the first layer only.",
            "attentions[0] is layer 0, not the text number 0.",
            "attentions is a tuple with a tensor for each layer: join all of them.",
        ),
        layers=_first_layer_only,
    ),
    variant(
        _build,
        "the first layer is left out",
        (
            "Layer 0 is missing from your result.",
            "hidden_states begin with the embeddings; attentions begin with the first layer.",
            "Join all of attentions, from its first tensor.",
        ),
        layers=lambda attentions: attentions[1:],
    ),
    variant(
        _build,
        "the last layer is left out",
        (
            "The last layer is missing from your result.",
            "range(n) ends at n - 1 already, and so does a slice.",
            "Join all of attentions: torch.cat takes the whole tuple.",
        ),
        layers=lambda attentions: attentions[:-1],
    ),
    variant(
        _build,
        "the last layer first",
        (
            "Your layers stand in the order from last to first.",
            "maps[0] is layer 0, the one next to the words.",
            "attentions has them in order already.",
        ),
        layers=lambda attentions: attentions[::-1],
    ),
    variant(
        _build,
        "heads averaged",
        (
            "Your heads are averaged: one map is left of each layer.",
            "What one head does stands out; the mean of several blurs it.",
            "Keep the axis of the heads: (L, H, T, T).",
        ),
        heads=lambda maps: maps.mean(dim=1),
    ),
    variant(
        _build,
        "heads summed",
        (
            "Your heads are added up: one map is left of each layer.",
            "What one head does stands out; the sum of several blurs it, and its rows sum to H.",
            "Keep the axis of the heads: (L, H, T, T).",
        ),
        heads=lambda maps: maps.sum(dim=1),
    ),
    variant(
        _build,
        "layers averaged",
        (
            "Your layers are averaged: one map is left of each head.",
            "Head 0 of one layer has nothing to do with head 0 of another.",
            "Keep the axis of the layers: (L, H, T, T).",
        ),
        heads=lambda maps: maps.mean(dim=0),
    ),
    variant(
        _build,
        "everything averaged",
        (
            "Layers and heads are averaged: one map is left.",
            "What one head does stands out; the mean of several blurs it.",
            "Keep both axes: (L, H, T, T).",
        ),
        heads=lambda maps: maps.mean(dim=(0, 1)),
    ),
    variant(
        _build,
        "one head only",
        (
            "Your result holds head 0 of each layer, and no other.",
            "Each layer's tensor is (1, H, T, T): the first axis is the batch, the second the heads.",
            "layer[0] takes the text; layer[0, 0] would take a head of it too.",
        ),
        heads=lambda maps: maps[:, 0],
    ),
    variant(
        _build,
        "layers and heads in one axis",
        (
            "Layers and heads share one axis in your result.",
            "maps[layer, head] should name a head; here there is one number for both.",
            "Join the layers along their first axis, torch.cat(attentions), and keep what comes out.",
        ),
        heads=lambda maps: maps.flatten(0, 1),
    ),
    variant(
        _build,
        "joined along the heads",
        (
            "Your layers are joined along the axis of the heads: (1, L H, T, T).",
            "Then all heads stand in one row, under a batch of one.",
            "torch.cat(attentions) joins along the first axis; dim=1 is the heads'.",
        ),
        join=lambda attentions: torch.cat(attentions, dim=1),
    ),
    variant(
        _build,
        "heads before layers",
        (
            "Layers and heads have changed places.",
            "Both models here have as many heads as layers, so the shape does not show it; the weights do.",
            "The layers are the first axis: torch.cat(attentions), without another dim.",
        ),
        heads=lambda maps: maps.transpose(0, 1),
    ),
    variant(
        _build,
        "layers and heads shuffled",
        (
            "Your maps stand in the wrong places: layers and heads are mixed up.",
            "reshape and view read the numbers in their order and know nothing of layers and heads.",
            "torch.cat(attentions) is (L, H, T, T) already: nothing has to be reshaped.",
        ),
        heads=_reshaped,
    ),
    variant(
        _build,
        "queries and keys swapped",
        (
            "Your columns sum to 1, not your rows.",
            "Row i says where token i looks, and a token has 100% to give.",
            "Leave the last two axes as the model gives them.",
        ),
        turn=lambda maps: maps.transpose(-2, -1),
    ),
    variant(
        _build,
        "without the special tokens",
        (
            "[CLS] and [SEP] are missing from what your model read.",
            "BERT never saw a text without them, and some heads look at little else.",
            "Let the tokenizer add them, as it does unless told otherwise.",
        ),
        options={"add_special_tokens": False},
    ),
    variant(
        _build,
        "first and last token cut off",
        (
            "The first and the last row and column are missing from your maps.",
            "They belong to the text (BERT's [CLS] and [SEP] too), and without them rows don't sum to 1.",
            "Return the maps as the model gives them.",
        ),
        turn=lambda maps: maps[..., 1:-1, 1:-1],
    ),
    variant(
        _build,
        "a causal mask for every model",
        (
            "Every weight on a later token is 0 in your maps, BERT's too.",
            "An encoder looks both ways; a decoder's own mask is in its weights already.",
            "Return the weights as the model gives them.",
        ),
        turn=lambda maps: maps.tril(),
    ),
    variant(
        _build,
        "a causal mask and new shares",
        (
            "In your maps no token looks ahead, BERT's too, and the rest was made to sum to 1 again.",
            "An encoder looks both ways; a decoder's own mask is in its weights already.",
            "Return the weights as the model gives them.",
        ),
        turn=lambda maps: maps.tril() / maps.tril().sum(dim=-1, keepdim=True),
    ),
    variant(
        _build,
        "as if attention were mutual",
        (
            "Your maps are the same when rows and columns change places: attention is not.",
            "That token 2 looks at token 5 says nothing of where token 5 looks.",
            "Return the weights as the model gives them.",
        ),
        turn=lambda maps: (maps + maps.transpose(-2, -1)) / 2,
    ),
    variant(
        _build,
        "a softmax too many",
        (
            "You take the softmax of weights that are shares already: it makes them nearly even.",
            "The network has done it; its rows sum to 1.",
            "Return the weights as the model gives them.",
        ),
        numbers=lambda maps: maps.softmax(dim=-1),
    ),
    variant(
        _build,
        "percent",
        (
            "Your weights are a hundred times too large: percent.",
            "A row of shares sums to 1 here, and all that follows reckons with that.",
            "Return the weights as the model gives them.",
        ),
        numbers=lambda maps: 100 * maps,
    ),
    variant(
        _build,
        "logarithms",
        (
            "Your numbers are the logarithms of the weights.",
            "Entry [layer, head, i, j] is a share, between 0 and 1.",
            "Return the weights as the model gives them.",
        ),
        numbers=lambda maps: maps.clamp(min=1e-12).log(),
    ),
    variant(
        _build,
        "the favourite is 1",
        (
            "In each of your rows the largest weight is 1.",
            "That makes a bright picture; but a row's shares sum to 1, and yours to more.",
            "Return the weights as the model gives them.",
        ),
        numbers=lambda maps: maps / maps.amax(dim=-1, keepdim=True),
    ),
    variant(
        _build,
        "rounded",
        (
            "Your weights are rounded.",
            "Small weights become 0 by it, and rows no longer sum to 1.",
            "Round what you print, not what you return.",
        ),
        numbers=lambda maps: (100 * maps).round() / 100,
    ),
    variant(
        _build,
        "the favourite alone",
        (
            "Your rows hold a single 1: the token looked at most.",
            "How much each of the others gets is what a map shows.",
            "Return the weights as the model gives them, without argmax.",
        ),
        numbers=lambda maps: torch.nn.functional.one_hot(maps.argmax(dim=-1), maps.shape[-1]).float(),
    ),
    variant(
        _build,
        "small letters only",
        (
            "The model reads another text than the one given: in small letters.",
            "A tokenizer that needs small letters makes them itself; gpt's tells The from the.",
            "Hand over text as it is.",
        ),
        words=str.lower,
    ),
    variant(
        _build,
        "a start put in front",
        (
            "Your model reads more than the text: <|endoftext|> stands in front of it.",
            "BERT cuts it into many pieces, and gpt gets a token that is not in the text.",
            "Hand over text as it is.",
        ),
        words=lambda text: "<|endoftext|>" + text,
    ),
    Misconception(
        "a start put in front for gpt",
        _start_for_gpt,
        (
            "Your gpt reads more than the text: a start such as <|endoftext|> stands in front of it.",
            "It is a token like others, with a row and a column of its own.",
            "Hand over text as it is.",
        ),
    ),
    variant(
        _build,
        "special tokens written by hand",
        (
            "Your model reads more than the text: [CLS] and [SEP] are written around it.",
            "BERT's tokenizer adds them by itself, so they are there twice; gpt does not know them.",
            "Hand over text as it is.",
        ),
        words=lambda text: f"[CLS] {text} [SEP]",
    ),
    variant(
        _build,
        "a text cut short",
        (
            "Your model reads only the beginning of a long text.",
            "What truncation cuts off has no rows and columns in the maps.",
            'model.tokenizer(text, return_tensors="pt"), without truncation or max_length.',
        ),
        options={"truncation": True, "max_length": 16},
    ),
    Misconception(
        "the notebook's sentence whatever is given",
        lambda model, text: torch.cat(_read(model, "The river bank was flooding, so we ran home.")),
        (
            "Your maps belong to the notebook's sentence, whichever text is given.",
            "Inside the function the text is the argument called text.",
            "model.tokenizer(text, ...): with no sentence written out in your lines.",
        ),
    ),
    Misconception(
        "without the punctuation",
        lambda model, text: torch.cat(_read(model, re.sub(r"[,.]", "", text))),
        (
            "The model reads another text than the one given: commas or full stops are gone.",
            "They are tokens like others, and heads look at them.",
            "Hand over text as it is.",
        ),
    ),
    Misconception(
        "bert whatever is given",
        lambda model, text: attention.attention_maps(_loaded("bert-mini"), text),
        (
            "Your function asks bert, whichever model it is given.",
            "bert is a name of the notebook; inside the function the model is called `model`.",
            "Look for bert in your lines: model, model.tokenizer, and network from the `with`.",
        ),
    ),
    Misconception(
        "another model's token numbers",
        _other_tokenizer,
        (
            "The model gets another tokenizer's numbers.",
            "bert and gpt have vocabularies of their own: the same number is another piece.",
            "model.tokenizer, of the model that is given.",
        ),
    ),
    Misconception(
        "a model loaded anew",
        _by_kind,
        (
            "You read the weights of bert-mini or gpt-mini, not of the model that you were given.",
            "There are other BERTs and GPTs, with other layers, heads and weights.",
            "Ask the network that the `with` block gives you.",
        ),
    ),
    Misconception(
        "the output's second entry",
        _output_by_number(1),
        (
            "The entry that you take out by its number is not the attention weights in every model.",
            "The order of an output's entries depends on the model and on what was asked for: gpt has its cache there.",
            "By name: .attentions.",
        ),
    ),
    Misconception(
        "hidden states instead of attentions",
        _eager_call(_hidden_states),
        (
            "These are the hidden states: one vector for each token.",
            "Attention weights are numbers for pairs of tokens.",
            "output_attentions=True, and .attentions.",
        ),
    ),
    Misconception(
        "scores before the softmax",
        _scores,
        (
            "Your rows don't sum to 1: these are the scores before the softmax.",
            "The weights are the softmax of each row.",
            "The network's .attentions hold them ready.",
        ),
    ),
    Misconception(
        "no mask for the decoder",
        lambda model, text: _scores(model, text, mask=False).softmax(dim=-1),
        (
            "In your maps a decoder looks ahead.",
            "Its later tokens are masked before the softmax.",
            "The network's .attentions know its mask.",
        ),
    ),
    Misconception(
        "scores not divided",
        lambda model, text: _scores(model, text, scale=False).softmax(dim=-1),
        (
            "Your weights are too sharp: the scores were not divided by the root of D/H.",
            "Sums of more products are larger; the division makes up for it.",
            "The network's .attentions hold the weights ready.",
        ),
    ),
)
