"""What goes wrong in exercise 3.1: each is one choice of `build` made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.exercises.lab03.small_models import model_named
from labkit.measures import features

# What has been computed: most mistakes do something to the same states.
_SEEN: dict[tuple, tuple[torch.Tensor, ...]] = {}


def build(
    texts=lambda texts: texts,
    fed=lambda batch: batch["attention_mask"],
    turn=lambda batch: batch,
    layers=lambda states, model, batch: states,
    arrange=torch.stack,
    mask=lambda batch: batch["attention_mask"],
    returned=lambda hidden, mask: (hidden, mask),
):
    """hidden_states with single choices made wrongly.

    texts: which are read. fed: the mask that the network gets. turn: what is done to the batch before.
    layers: which states are taken. arrange: how they are put together. mask: which is returned. returned:
    the result.
    """

    def answer(model, given):
        batch = turn(features.encode_batch(model, texts(given)))
        states = layers(_states(model, batch["input_ids"], fed(batch)), model, batch)
        return returned(arrange(states), mask(batch))

    return lambda model, texts: answer(model, texts)


@torch.inference_mode()
def _states(model, ids, mask):
    key = (id(model.network), tuple(ids.shape), tuple(ids.flatten().tolist()))
    key += (None if mask is None else tuple(mask.flatten().tolist()),)
    if key not in _SEEN:
        output = model.network(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        _SEEN[key] = output.hidden_states
    return list(_SEEN[key])


@torch.inference_mode()
def _logits(model, texts):
    batch = features.encode_batch(model, texts)
    return model.network(**batch).logits, batch["attention_mask"]


@torch.inference_mode()
def _logits_last(model, texts):
    batch = features.encode_batch(model, texts)
    states = _states(model, batch["input_ids"], batch["attention_mask"])
    logits = model.network(**batch).logits[..., : states[0].shape[-1]]
    return torch.stack([*states[:-1], logits]), batch["attention_mask"]


def _ones(batch):
    return torch.ones_like(batch["attention_mask"])


def _inverted(batch):
    return 1 - batch["attention_mask"]


def _not_zero(batch):
    return (batch["input_ids"] != 0).long()


def _to_the_left(batch):
    ids, mask = batch["input_ids"].clone(), batch["attention_mask"]
    for row, real in zip(ids, mask, strict=True):
        row[:] = row.roll(int((real == 0).sum()))
    return {"input_ids": ids, "attention_mask": mask.flip(1)}


def _cut_to_shortest(batch):
    length = int(batch["attention_mask"].sum(dim=1).min())
    return {key: value[:, :length] for key, value in batch.items()}


@torch.inference_mode()
def _raw_words(states, model, batch):
    return [model.network.get_input_embeddings()(batch["input_ids"]), *states[1:]]


@torch.inference_mode()
def _words_too(states, model, batch):
    return [model.network.get_input_embeddings()(batch["input_ids"]), *states]


@torch.inference_mode()
def _before_last_norm(model, texts):
    """The blocks' own outputs: GPT's last state has gone through one more LayerNorm."""
    batch, outputs = features.encode_batch(model, texts), []
    body = model.network.base_model
    keep = lambda block, args, out: outputs.append(out[0] if isinstance(out, tuple) else out)
    blocks = body.encoder.layer if model.kind == "encoder" else body.h
    handles = [block.register_forward_hook(keep) for block in blocks]
    try:
        first = model.network(**batch, output_hidden_states=True).hidden_states[0]
    finally:
        for handle in handles:
            handle.remove()
    return torch.stack([first, *outputs]), batch["attention_mask"]


def _first_five(states, model, batch):
    return [states[number] for number in range(5)]


def _crossed(network_of, ids_of, texts):
    """The ids of one model for the network of another."""
    batch = features.encode_batch(ids_of, texts)
    states = _states(network_of, batch["input_ids"], batch["attention_mask"])
    return torch.stack(states), batch["attention_mask"]


def _beside(states):
    return torch.cat(states, dim=-1).view(len(states), *states[0].shape)


def _each_alone(model, texts):
    alone = [build()(model, [text]) for text in texts]
    return torch.stack([hidden[:, 0] for hidden, _ in alone], dim=1), torch.stack([m[0] for _, m in alone])


def _called(call):
    """call: (network, batch) -> hidden."""

    def answer(model, texts):
        batch = features.encode_batch(model, texts)
        with torch.inference_mode():
            return call(model.network, batch), batch["attention_mask"]

    return answer


def _tokenized(**options):
    def answer(model, texts):
        batch = model.tokenizer(texts, padding=True, return_tensors="pt", **options)
        return torch.stack(_states(model, batch["input_ids"], batch["attention_mask"])), batch[
            "attention_mask"
        ]

    return answer


def _pooled(hidden, mask):
    weights = mask[None, :, :, None]
    return (hidden * weights).sum(dim=2) / weights.sum(dim=2), mask


def _v(name, first, second, third, spellings=(), **choices):
    wrong = variant(build, name, (first, second, third), **choices)
    return Misconception(name, wrong.wrong, wrong.hints, spellings, build, wrong.choices)


def _of(layers):
    return lambda states, model, batch: layers(states)


HAND_OVER = "What does the batch hold besides input_ids? The network wants both: model.network(**batch, ...)"
ALL_OF_THEM = "hidden_states is a tuple with an entry for each layer: stack them all, as they come."
RETURN = 'Return the mask of the batch that went into the network: batch["attention_mask"].'
STACK = "torch.stack(states) puts a new axis in front: (L + 1, B, T, D)."
ALL_TEXTS = "Does all of texts go into encode_batch, in its own order and spelling?"
MISTAKES = (
    _v(
        "the attention_mask is not handed to the network",
        "In a batch, your vectors of a short text depend on the other texts.",
        "The short text was padded, and without its mask the network reads the padding as words. "
        "(The decoder gets away with it: the padding stands to the right, where it never looks.)",
        HAND_OVER,
        fed=lambda batch: None,
        spellings=(build(fed=_ones),),
    ),
    _v(
        "a mask of ones for all",
        "Your attention_mask is 1 everywhere, and the network has read the padding.",
        "Which tokens are real is known to encode_batch; its mask says so to the network, and to whoever pools the vectors.",
        HAND_OVER,
        fed=_ones,
        mask=_ones,
        spellings=(build(fed=lambda batch: None, mask=_ones),),
    ),
    _v(
        "the network gets the mask the other way round",
        "The network reads the padding and leaves out the text: its mask is the other way round.",
        "In transformers 1 means real. (In PyTorch's own key_padding_mask True means padding.)",
        HAND_OVER,
        fed=_inverted,
    ),
    _v(
        "the mask is made from the ids",
        "Your mask is 0 wherever the id is 0, also at a real piece.",
        "Id 0 is GPT's <|endoftext|> and BERT's [PAD], and both may stand in a text.",
        RETURN,
        fed=_not_zero,
        mask=_not_zero,
        spellings=(build(mask=_not_zero),),
    ),
    _v(
        "the mask says that the padding is real",
        "Your attention_mask is 1 everywhere.",
        "Whoever pools these vectors has to know which are real; the mask is how you tell them.",
        RETURN,
        mask=_ones,
    ),
    _v(
        "the returned mask is the other way round",
        "Your attention_mask is 1 at the padding and 0 at the text.",
        "In transformers 1 means real. (In PyTorch's own key_padding_mask True means padding.)",
        RETURN,
        mask=_inverted,
    ),
    _v(
        "ids in place of the mask",
        "In place of the mask you return the ids.",
        "The batch holds both; the second of the pair says which tokens are real.",
        RETURN,
        mask=lambda batch: batch["input_ids"],
    ),
    _v(
        "only the last layer",
        "You return one layer only, the last.",
        "Each layer holds something else; this lab will compare them all.",
        ALL_OF_THEM,
        arrange=lambda states: states[-1],
    ),
    _v(
        "only the embeddings",
        "You return one layer only, the first: the embeddings.",
        "Each layer holds something else; this lab will compare them all. Is there a return inside a loop?",
        ALL_OF_THEM,
        arrange=lambda states: states[0],
    ),
    _v(
        "the embeddings are left out",
        "One layer is missing: the embeddings.",
        "Layer 0 is the embeddings, what goes into the first block. "
        "They know the word and its place, and nothing of its neighbours: a baseline that we need.",
        "Do you cut the tuple of hidden_states? Keep its first entry.",
        layers=_of(lambda states: states[1:]),
    ),
    _v(
        "the last layer is left out",
        "One layer is missing, the last.",
        "With the embeddings there are L + 1: range(model.num_layers) ends one too early.",
        ALL_OF_THEM,
        layers=_of(lambda states: states[:-1]),
    ),
    _v(
        "always five layers",
        "You take five layers, whatever the model has.",
        "Five is right for the bundled pair only: other networks have 2, 6 or 12 layers.",
        ALL_OF_THEM,
        layers=_of(lambda states: states[:5]),
        spellings=(build(layers=_first_five),),
    ),
    _v(
        "from last to first",
        "Your layers stand from last to first.",
        "hidden[0] is to be the embeddings, hidden[-1] what comes out of the last block.",
        ALL_OF_THEM,
        layers=_of(lambda states: states[::-1]),
    ),
    _v(
        "the same layer each time",
        "All your layers are copies of the last.",
        "A loop that fills a list with the same thing again and again?",
        ALL_OF_THEM,
        layers=_of(lambda states: [states[-1]] * len(states)),
    ),
    _v(
        "the last four added",
        "You add the last four layers up.",
        "A well-known recipe for one vector a token; here all layers are wanted, each by itself.",
        ALL_OF_THEM,
        arrange=lambda states: torch.stack(states[-4:]).sum(dim=0),
    ),
    _v(
        "the mean of all layers",
        "You average the layers.",
        "Here all of them are wanted, each by itself.",
        ALL_OF_THEM,
        arrange=lambda states: torch.stack(states).mean(dim=0),
    ),
    _v(
        "words without their places",
        "Your layer 0 is the table's word vector alone.",
        "What goes into the first block is the word and its position together (in BERT a LayerNorm as well).",
        "The first entry of hidden_states has all that.",
        layers=_raw_words,
    ),
    Misconception(
        "the last LayerNorm is missing",
        _before_last_norm,
        (
            "GPT's last layer is not quite what you return: its last LayerNorm is missing.",
            "What a hook sees behind the last block goes through one more LayerNorm before it is used.",
            "Ask for output_hidden_states=True and take what comes: the last entry has it.",
        ),
    ),
    Misconception(
        "logits instead of hidden states",
        _logits,
        (
            "You return the logits, with as many numbers a token as there are words.",
            "Logits are the answer to a question (which word?). "
            "Features are what the network knew before it answered.",
            "Ask the network for them, output_hidden_states=True, and read .hidden_states of what it returns.",
        ),
    ),
    Misconception(
        "logits in place of the last layer",
        _logits_last,
        (
            "In place of the last layer's vectors you have put logits, cut to the same width.",
            "Logits are the answer to a question (which word?); number 7 of them belongs to word 7.",
            ALL_OF_THEM,
        ),
    ),
    _v(
        "layer 0 twice",
        "You have one layer too many: the embeddings are there twice.",
        "hidden_states begins with them already.",
        ALL_OF_THEM,
        layers=_of(lambda states: [states[0], *states]),
        spellings=(build(layers=_words_too),),
    ),
    _v(
        "the texts come first",
        "Your axes are (B, L + 1, T, D).",
        "The order is a convention, but everyone has to keep to it: with the layers in front, hidden[3] is layer 3 of all texts.",
        "Along which axis do you stack?",
        arrange=lambda states: torch.stack(states, dim=1),
    ),
    _v(
        "the layers come third",
        "Your axes are (B, T, L + 1, D).",
        "The order is a convention, but everyone has to keep to it: with the layers in front, hidden[3] is layer 3 of all texts.",
        STACK,
        arrange=lambda states: torch.stack(states, dim=2),
    ),
    _v(
        "the layers come last",
        "Your axes are (B, T, D, L + 1).",
        "The order is a convention, but everyone has to keep to it: with the layers in front, hidden[3] is layer 3 of all texts.",
        STACK,
        arrange=lambda states: torch.stack(states, dim=-1),
    ),
    _v(
        "joined instead of stacked",
        "Your layers stand one behind the other on the axis of the texts.",
        "torch.cat joins along an axis that is there; torch.stack makes a new one.",
        STACK,
        arrange=torch.cat,
    ),
    _v(
        "joined along the numbers",
        "Your layers stand one behind the other on the axis of the numbers.",
        "torch.cat joins along an axis that is there; torch.stack makes a new one.",
        STACK,
        arrange=lambda states: torch.cat(states, dim=-1),
    ),
    _v(
        "the right shape, the numbers mixed",
        "Your shape is right, but the numbers are mixed.",
        ".view and .reshape read the numbers in the order in which they lie; they don't move an axis.",
        STACK,
        arrange=_beside,
    ),
    _v(
        "squeezed",
        "With one text, your result has lost an axis.",
        ".squeeze() drops every axis of length 1, also the axis of the texts.",
        "Leave it out: B may be 1.",
        returned=lambda hidden, mask: (hidden.squeeze(), mask.squeeze()),
        spellings=(
            build(returned=lambda hidden, mask: (hidden.squeeze(), mask)),
            build(returned=lambda hidden, mask: (hidden.squeeze(1), mask)),
        ),
    ),
    _v(
        "one vector a text already",
        "You have averaged over the tokens.",
        "That is the next exercise; here every token keeps its vector.",
        STACK,
        returned=_pooled,
        spellings=(build(returned=lambda hidden, mask: (hidden.mean(dim=2), mask)),),
    ),
    _v(
        "without the axis of the texts",
        "You return the vectors of the first text, without the axis of the texts.",
        "B is the number of texts: the second axis has to be as long as the list.",
        "Where is a [0] too many?",
        returned=lambda hidden, mask: (hidden[:, 0], mask[0]),
        spellings=(build(returned=lambda hidden, mask: (hidden[:, 0], mask)),),
    ),
    _v(
        "[CLS] and [SEP] cut off",
        "The first and the last position are missing.",
        "In a padded text the last position is not [SEP], and a decoder has no such tokens at all. "
        "They are real tokens, too.",
        "Keep all positions.",
        returned=lambda hidden, mask: (hidden[:, :, 1:-1], mask[:, 1:-1]),
    ),
    _v(
        "vectors of length 1",
        "Your vectors all have length 1.",
        "How long a vector is says something, too; the cosine divides the length away later.",
        "Return them as they come.",
        returned=lambda hidden, mask: (torch.nn.functional.normalize(hidden, dim=-1), mask),
    ),
    _v(
        "the mask comes first",
        "The second of your pair is no mask.",
        "(hidden, attention_mask): the vectors come first.",
        "Turn the pair round.",
        returned=lambda hidden, mask: (mask, hidden),
    ),
    _v(
        "no mask returned",
        "You return the vectors without the mask.",
        "Whoever pools these vectors has to know which are real.",
        'return hidden, batch["attention_mask"]: two things with a comma.',
        returned=lambda hidden, mask: hidden,
    ),
    _v(
        "only the first text",
        "You return the vectors of one text only, the first.",
        "B is the number of texts: the second axis has to be as long as the list.",
        ALL_TEXTS,
        texts=lambda texts: texts[:1],
    ),
    _v(
        "all texts as one",
        "You have joined the texts to one long text.",
        "B is the number of texts: each has a row of its own, and reads nothing of the others.",
        ALL_TEXTS,
        texts=lambda texts: [" ".join(texts)],
    ),
    _v(
        "equal texts once only",
        "A text that is there twice comes once.",
        "B is the number of texts, and row i belongs to text i.",
        ALL_TEXTS,
        texts=lambda texts: list(dict.fromkeys(texts)),
    ),
    _v(
        "sorted by length",
        "Your rows are in another order than the texts: sorted by length.",
        "Sorting saves padding, but then the rows have to be put back in order.",
        ALL_TEXTS,
        texts=lambda texts: sorted(texts, key=len),
    ),
    _v(
        "sorted",
        "Your rows are in another order than the texts: that of the alphabet.",
        "Row i belongs to text i.",
        ALL_TEXTS,
        texts=sorted,
        spellings=(build(texts=lambda texts: sorted(set(texts))),),
    ),
    _v(
        "small letters",
        "You turn the texts into small letters.",
        "BERT's tokenizer does that by itself; for GPT it makes other pieces.",
        ALL_TEXTS,
        texts=lambda texts: [text.lower() for text in texts],
    ),
    _v(
        "a space in front",
        "You put a space in front of each text.",
        "GPT's pieces carry the space before them, but at the beginning of a text there is none.",
        ALL_TEXTS,
        texts=lambda texts: [" " + text for text in texts],
    ),
    _v(
        "spaces stripped",
        "You strip the texts.",
        "BERT does not see it; for GPT a space in front belongs to the first piece.",
        ALL_TEXTS,
        texts=lambda texts: [text.strip() for text in texts],
    ),
    _v(
        "padded on the left",
        "Your padding stands on the left.",
        "Then every token has another position than alone, and its vector changes.",
        "encode_batch pads on the right: leave it there.",
        turn=_to_the_left,
    ),
    _v(
        "cut to the shortest",
        "All your texts are cut to the length of the shortest.",
        "T is the length of the longest; the shorter ones are padded, and the mask says where.",
        "encode_batch does it.",
        turn=_cut_to_shortest,
        mask=_ones,
        spellings=(
            build(
                returned=lambda hidden, mask: (
                    hidden[:, :, : int(mask.sum(1).min())],
                    mask[:, : int(mask.sum(1).min())],
                )
            ),
        ),
    ),
    Misconception(
        "always bert-mini",
        lambda model, texts: build()(model_named("bert-mini"), texts),
        (
            "You use bert-mini, whichever model is handed over.",
            "`bert` is a name of the notebook; the function is to work with any model.",
            "The argument is called model: features.encode_batch(model, ...) and model.network.",
        ),
        (lambda model, texts: _crossed(model_named("bert-mini"), model, texts),),
    ),
    Misconception(
        "always gpt-mini",
        lambda model, texts: build()(model_named("gpt-mini"), texts),
        (
            "You use gpt-mini, whichever model is handed over.",
            "`gpt` or a `model` left over from a loop are names of the notebook; the function is to work with any model.",
            "The argument is called model: features.encode_batch(model, ...) and model.network.",
        ),
    ),
    _v(
        "always the notebook's sentence",
        'You read "The river bank was flooding.", whatever the texts are.',
        "`text` is a name of the notebook; the argument is called texts.",
        ALL_TEXTS,
        texts=lambda texts: ["The river bank was flooding."],
    ),
    Misconception(
        "hidden states not asked for",
        _called(lambda network, batch: torch.stack(network(**batch).hidden_states)),
        (
            "The network's .hidden_states is None here.",
            "It keeps them only when it is asked to.",
            "output_hidden_states=True in the call.",
        ),
        (_called(lambda network, batch: torch.stack(list(network(**batch).hidden_states))),),
    ),
    Misconception(
        "the batch without its two stars",
        _called(lambda network, batch: torch.stack(network(batch, output_hidden_states=True).hidden_states)),
        (
            "The network got the batch, a dict, where it wants input_ids.",
            "It takes input_ids and attention_mask by their names, not a dict with both in it.",
            "Two stars hand over the parts of a dict by name: model.network(**batch, ...)",
        ),
    ),
    Misconception(
        "the tokenizer pads",
        _tokenized(),
        (
            "The tokenizer can't pad for GPT, and with padding=True alone it cuts nothing that is too long.",
            "GPT never needed a token for padding, so there is none.",
            "labkit.features.encode_batch(model, texts) does both.",
        ),
        (_tokenized(truncation=True),),
    ),
    Misconception(
        "each text by itself, not padded",
        _each_alone,
        (
            "You run each text by itself; texts of different lengths can't be stacked.",
            "All rows of a tensor have the same length: that is what padding is for.",
            "encode_batch(model, texts) takes all texts at once.",
        ),
    ),
)
