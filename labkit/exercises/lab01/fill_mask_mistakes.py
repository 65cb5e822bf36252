"""What goes wrong when a blank is filled: one builder, and its choices made wrongly."""

from dataclasses import replace

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.measures.cloze import BLANK


def _batch(model, text):
    return dict(model.tokenizer(text, return_tensors="pt"))


def _blank(model, ids, text):
    return (ids == model.tokenizer.mask_token_id).nonzero()[0, 0].item()


def _softmax(logits, place):
    return logits[place].softmax(-1)


def _best(probs, k):
    return probs.argsort(descending=True)[:k].tolist()


def filler(
    use=lambda model: model,
    read=lambda text: text,
    batch=_batch,
    position=_blank,  # (model, ids, text) -> int
    move=0,
    scores=_softmax,  # (logits of all positions (T, V), place) -> (V,)
    choose=_best,
    ask=lambda k: k,
    fit=None,  # (word, text) -> may it be one of the k?
    spell=lambda tokenizer, number: tokenizer.decode([number]).strip(),
    rescale=lambda probs: probs,
    pair=lambda word, prob: (word, prob),
    finish=lambda pairs: pairs,
):
    """fill_mask with single choices made wrongly."""

    @torch.inference_mode()
    def wrong(model, text, k):
        model = use(model)
        tokenizer, text = model.tokenizer, read(text)
        inputs = batch(model, text)
        logits = model.network(**inputs).logits[0]  # (T, V)
        place = position(model, inputs["input_ids"][0], text) + move
        probs = scores(logits, min(place, len(logits) - 1))  # (V,)
        best = choose(probs if fit is None else _fitting(probs, tokenizer, fit, text), ask(k))
        given = rescale(probs[best])
        words = [spell(tokenizer, number) for number in best]
        return finish([pair(word, prob) for word, prob in zip(words, given.tolist(), strict=True)])

    return wrong


def _fitting(probs, tokenizer, fit, text):
    """The probabilities of the words that fit, looked for among the best; the others are -inf."""
    kept = torch.full_like(probs, -torch.inf)
    for number in _best(probs, 200):
        if fit(tokenizer.decode([number]).strip(), text):
            kept[number] = probs[number]
    return kept


def _bert(model):
    from labkit.models.loading import load

    return load("bert-mini")


def _with(**options):
    """The tokenizer called with other options."""
    return lambda model, text: dict(model.tokenizer(text, return_tensors="pt", **options))


def _changed(key, change):
    """The batch with one of its tensors changed: change(tensor, ids, model)."""

    def batch(model, text):
        inputs = _batch(model, text)
        return {**inputs, key: change(inputs[key], inputs["input_ids"], model)}

    return batch


def _padded(model, text):
    inputs = model.tokenizer(text, return_tensors="pt", padding="max_length", max_length=64)
    return {"input_ids": inputs.input_ids}


def _words_before(model, ids, text):
    return [word.strip(".,!?") for word in text.split()].index(BLANK)


def _least(probs, k):
    return [n for n in probs.argsort().tolist() if probs[n] > -torch.inf][:k]


def _of_more(fit):
    """Spellings that take some more by topk and leave some out: a small vocabulary has too few."""

    def spelling(more):
        def wrong(model, text, k):
            pairs = filler(choose=lambda probs, k: probs.topk(k).indices.tolist())(model, text, more(k))
            return [pair for pair in pairs if fit(pair[0])][:k]

        return wrong

    return tuple(spelling(more) for more in (lambda k: k + 50, lambda k: 5 * k, lambda k: 2 * k))


def _letter(model, text, k):
    """The place of the blank in the text, letter by letter, taken for a position."""
    batch = model.tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        probs = model.network(**batch).logits[0, text.index(BLANK)].softmax(-1)
    return filler(scores=lambda logits, place: probs)(model, text, k)


def _not_found(model, text, k):
    return [0].index(model.tokenizer.mask_token_id)


def _nowhere(model, text, k):
    return torch.tensor([0]).eq(1).nonzero()[0]


def _item_of_two(model, text, k):
    return torch.tensor([0, 0]).item()


WHERE = "Find where input_ids equals tokenizer.mask_token_id."

MISCONCEPTIONS = (
    variant(
        filler,
        "the first position instead of the blank",
        (
            "You read the prediction at the first token.",
            "That is [CLS]. Every position has its own prediction; the blank's stands at the blank.",
            WHERE,
        ),
        position=lambda model, ids, text: 0,
    ),
    variant(
        filler,
        "the last position instead of the blank",
        (
            "You read the prediction at the last token.",
            "A decoder predicts there; an encoder predicts every token at its own place.",
            WHERE,
        ),
        position=lambda model, ids, text: len(ids) - 1,
    ),
    variant(
        filler,
        "one place to the left",
        (
            "You read the prediction one place to the left of the blank.",
            "A decoder predicts the next token; an encoder predicts every token at its own place.",
            "Take the position where the id is mask_token_id as it is.",
        ),
        move=-1,
    ),
    variant(
        filler,
        "one place to the right",
        (
            "You read the prediction one place to the right of the blank.",
            "Positions count from 0, and [CLS] is position 0 already.",
            "Take the position where the id is mask_token_id as it is.",
        ),
        move=1,
    ),
    variant(
        filler,
        "always position 2",
        (
            "You read the prediction at position 2, wherever the blank is.",
            "There it is in the first example; in another sentence it is not.",
            WHERE,
        ),
        position=lambda model, ids, text: 2,
    ),
    Misconception(
        "position counted in letters",
        _letter,
        (
            "You read the prediction at the place that [MASK] has in the text, counted in letters.",
            "Tokens are pieces of several letters, and [CLS] stands in front: they are counted otherwise.",
            WHERE,
        ),
    ),
    Misconception(
        "no blank among the ids",
        _not_found,
        (
            "What you look for is not among the ids.",
            "Either the text has lost its [MASK] (text.lower() makes [mask] of it, no special token), or you look for another number or text than mask_token_id.",
            "Give the tokenizer the text as it is, and look for model.tokenizer.mask_token_id in input_ids.",
        ),
        (_nowhere,),
    ),
    Misconception(
        "a row and a position in one item",
        _item_of_two,
        (
            ".item() makes a number of a single entry, and gets two here.",
            "input_ids have two axes, so nonzero gives a pair for each place: its row and its position.",
            "Look in input_ids[0], which has one axis, or take the second of the pair: places[0, 1].",
        ),
    ),
    variant(
        filler,
        "position counted in words",
        (
            "You count words to find the position, and read beside the blank.",
            "Counting words forgets the [CLS] in front, and that words can be several pieces.",
            "Count in tokens: where does input_ids equal tokenizer.mask_token_id?",
        ),
        position=_words_before,
    ),
    variant(
        filler,
        "position counted in words, and [CLS]",
        (
            "You count words to find the position, which goes wrong before some blanks.",
            "A word can be several pieces, and a sign is a piece of its own.",
            "Count in tokens: where does input_ids equal tokenizer.mask_token_id?",
        ),
        position=lambda model, ids, text: _words_before(model, ids, text) + 1,
    ),
    variant(
        filler,
        "the largest id",
        (
            "You read the prediction at the largest id of the text.",
            "argmax of the ids says which id is largest, not where [MASK] stands.",
            "Compare first: (input_ids == tokenizer.mask_token_id), and look for the True in it.",
        ),
        position=lambda model, ids, text: ids.argmax().item(),
    ),
    variant(
        filler,
        "the mean over the positions",
        (
            "You average over all positions.",
            "Every position has its own prediction; only the one at the blank is about the blank.",
            WHERE,
        ),
        scores=lambda logits, place: logits.mean(0).softmax(-1),
    ),
    variant(
        filler,
        "the largest over the positions",
        (
            "You take the largest logit of all positions, for every word.",
            "So the words of the sentence itself come out: at their own places they are the most probable.",
            WHERE,
        ),
        scores=lambda logits, place: logits.max(0).values.softmax(-1),
    ),
    variant(
        filler,
        "logits instead of probabilities",
        (
            "Your numbers are logits: they do not lie between 0 and 1.",
            "A softmax turns the V logits of a position into probabilities that sum to 1.",
            "softmax over the words before you take the top k.",
        ),
        scores=lambda logits, place: logits[place],
    ),
    variant(
        filler,
        "logarithms of probabilities",
        (
            "Your numbers are negative: logarithms of probabilities.",
            "log_softmax is handy for a loss; here the probabilities themselves are asked for.",
            "softmax instead of log_softmax.",
        ),
        scores=lambda logits, place: logits[place].log_softmax(-1),
    ),
    variant(
        filler,
        "sigmoid instead of softmax",
        (
            "Each of your numbers is between 0 and 1, but over the vocabulary they do not add up to 1.",
            "A sigmoid asks of each word by itself; at a blank the words compete, and softmax says how.",
            ".softmax(dim=-1)",
        ),
        scores=lambda logits, place: logits[place].sigmoid(),
    ),
    variant(
        filler,
        "softmax over the positions",
        (
            "Your probabilities sum to 1 over the positions of the sentence.",
            "The question is which word stands at the blank: they must sum to 1 over the words.",
            "The axis of the words is the last one: softmax(dim=-1).",
        ),
        scores=lambda logits, place: logits.softmax(0)[place],
    ),
    variant(
        filler,
        "softmax over everything",
        (
            "Your softmax runs over all positions and words at once.",
            "At the blank alone, the probabilities of the words must sum to 1.",
            "Take the row of the blank first, then softmax(dim=-1).",
        ),
        scores=lambda logits, place: logits.flatten().softmax(0).view(logits.shape)[place],
    ),
    variant(
        filler,
        "softmax twice",
        (
            "The softmax is applied twice.",
            "Its result lies between 0 and 1; as logits such numbers make all words nearly alike.",
            "Once is enough.",
        ),
        scores=lambda logits, place: logits[place].softmax(-1).softmax(-1),
    ),
    variant(
        filler,
        "a temperature",
        (
            "You divide the logits by something before the softmax.",
            "That makes the model less sure than it is.",
            "Take the logits as they are.",
        ),
        scores=lambda logits, place: (logits[place] / 2).softmax(-1),
    ),
    Misconception(
        "divided by the root of the width",
        lambda model, text, k: filler(
            scores=lambda logits, place: (logits[place] / model.network.config.hidden_size**0.5).softmax(-1)
        )(model, text, k),
        (
            "You divide the logits by the root of the width before the softmax.",
            "That belongs to attention; the logits of the head are ready for the softmax.",
            "Take the logits as they are.",
        ),
    ),
    variant(
        filler,
        "softmax over the top k only",
        (
            "Your probabilities sum to 1 over the k words alone.",
            "The other words of the vocabulary have their share too, and a sure model differs from an unsure one just in how large it is.",
            "First softmax over the whole vocabulary, then topk.",
        ),
        rescale=lambda probs: probs / probs.sum(),
    ),
    variant(
        filler,
        "divided by the largest",
        (
            "Your first probability is always 1: the others are shares of it.",
            "A sure model differs from an unsure one just in how large the first is.",
            "Return the probabilities as softmax gives them.",
        ),
        rescale=lambda probs: probs / probs.max(),
    ),
    variant(
        filler,
        "percent",
        (
            "Your probabilities are percentages.",
            "The course computes with fractions and formats at the end: 0.25, shown as 25%.",
            "Do not multiply by 100.",
        ),
        rescale=lambda probs: 100 * probs,
    ),
    variant(
        filler,
        "rounded",
        (
            "Your probabilities are rounded.",
            "Rounding is for printing: a small probability would become 0.",
            "Return them as they are.",
        ),
        rescale=lambda probs: probs.double().round(decimals=2),
    ),
    Misconception(
        "rounded to three or four places",
        filler(rescale=lambda probs: probs.double().round(decimals=3)),
        (
            "Your probabilities are cut to a few decimal places.",
            "Rounding is for printing: a small probability would become 0.",
            "Return them as they are.",
        ),
    ),
    variant(
        filler,
        "the probabilities in the opposite order",
        (
            "The words are right, and each has the probability of another one.",
            "One of the two lists runs from the best to the worst, the other the other way.",
            "topk gives both in the same order: zip them as they are.",
        ),
        rescale=lambda probs: probs.flip(0),
    ),
    variant(
        filler,
        "the least probable words",
        (
            "Your words are the least probable ones.",
            "Sorting puts the smallest first unless told otherwise.",
            "torch.topk, or argsort with descending=True.",
        ),
        choose=_least,
    ),
    variant(
        filler,
        "from the worst to the best",
        (
            "Your words stand from the least probable of the k to the best.",
            "Sorting puts the smallest first unless told otherwise.",
            "torch.topk, or argsort with descending=True.",
        ),
        choose=lambda probs, k: _best(probs, k)[::-1],
    ),
    variant(
        filler,
        "in the order of the ids",
        (
            "Your words stand in the order of their ids.",
            "The most probable comes first.",
            "torch.topk gives them in order.",
        ),
        choose=lambda probs, k: sorted(_best(probs, k)),
    ),
    variant(
        filler,
        "in the order of the alphabet",
        (
            "Your words stand in the order of the alphabet.",
            "Sorting a list of tuples looks at their first part, the word.",
            "topk has sorted them already.",
        ),
        finish=sorted,
    ),
    variant(
        filler,
        "in the opposite order of the alphabet",
        (
            "Your words are sorted by their letters.",
            "Sorting a list of tuples looks at their first part, the word.",
            "topk has sorted them already.",
        ),
        finish=lambda pairs: sorted(pairs, reverse=True),
    ),
    variant(
        filler,
        "the best word k times",
        (
            "The same word comes back k times.",
            "argmax finds the best, and finds it again in the next round.",
            "The k best are asked for, each once: .topk(k).",
        ),
        choose=lambda probs, k: [probs.argmax().item()] * k,
    ),
    variant(
        filler,
        "one word only",
        (
            "One word comes back, whatever k is.",
            "A `return` inside a loop ends the whole function, and argmax gives only one.",
            "Collect k pairs in a list, and return it at the end.",
        ),
        finish=lambda pairs: pairs[:1],
    ),
    variant(
        filler,
        "always five words",
        (
            "You return five words, whatever k is.",
            "Five is the notebook's example; k is an argument.",
            ".topk(k)",
        ),
        ask=lambda k: 5,
    ),
    variant(
        filler,
        "one word too many",
        (
            "You return one word too many.",
            "k is how many are asked for.",
            ".topk(k)",
        ),
        ask=lambda k: k + 1,
    ),
    variant(
        filler,
        "one word too few",
        (
            "You return one word too few.",
            "A slice [:k] has k entries, range(1, k) has one less.",
            ".topk(k)",
        ),
        ask=lambda k: k - 1,
    ),
    replace(
        variant(
            filler,
            "the best is missing",
            (
                "The most probable word is missing.",
                "Lists count from 0: [1:] leaves out the best.",
                "[:k]",
            ),
            choose=lambda probs, k: _best(probs, k + 1)[1:],
        ),
        spellings=(filler(choose=lambda probs, k: probs.topk(k + 1).indices[1:].tolist()),),
    ),
    variant(
        filler,
        "ids instead of words",
        (
            "You return token ids, not words.",
            "An id means nothing without its vocabulary.",
            "tokenizer.decode([id]) gives the word.",
        ),
        spell=lambda tokenizer, number: number,
    ),
    variant(
        filler,
        "probability first",
        (
            "Your pairs are (probability, word).",
            "Whoever calls it unpacks (word, probability).",
            "Put the word first.",
        ),
        pair=lambda word, prob: (prob, word),
    ),
    variant(
        filler,
        "probabilities as text",
        (
            "Your probabilities are text, not numbers.",
            "An f-string is for printing; a text cannot be compared or drawn.",
            "Return the number itself, a float.",
        ),
        pair=lambda word, prob: (word, f"{prob:.4f}"),
    ),
    variant(
        filler,
        "words alone",
        (
            "You return the words without their probabilities.",
            "How sure the model is, is half of the answer.",
            "zip(words, probabilities), in a list.",
        ),
        pair=lambda word, prob: word,
    ),
    variant(
        filler,
        "two lists",
        (
            "You return two lists, one of words and one of probabilities.",
            "A list of k pairs is asked for.",
            "list(zip(words, probabilities))",
        ),
        finish=lambda pairs: tuple(map(list, zip(*pairs, strict=True))),
    ),
    variant(
        filler,
        "dicts instead of tuples",
        (
            "You return dicts, as a pipeline of transformers does.",
            "A list of tuples is asked for: (word, probability).",
            "(word, probability) for each.",
        ),
        pair=lambda word, prob: {"token_str": word, "score": prob},
    ),
    variant(
        filler,
        "## taken off",
        (
            "The ## of pieces that continue a word is missing in your result.",
            "With its ##, a piece continues the word before the blank; without, it is another one.",
            "Return what decode gives.",
        ),
        spell=lambda tokenizer, number: tokenizer.decode([number]).replace("#", "").strip(),
    ),
    variant(
        filler,
        "no pieces with ##",
        (
            "You leave out pieces with ##, and fill up with others.",
            "The k most probable are asked for, whatever they are; what the model thinks should be seen.",
            "Take the top k as they are.",
        ),
        fit=lambda word, text: not word.startswith("##"),
    ),
    replace(
        variant(
            filler,
            "letters only",
            (
                "You leave out signs, or pieces that are no plain words, and fill up with others.",
                "The k most probable are asked for, whatever they are; what the model thinks should be seen.",
                "Take the top k as they are.",
            ),
            fit=lambda word, text: word.isalpha(),
        ),
        spellings=_of_more(str.isalpha),
    ),
    replace(
        variant(
            filler,
            "no special tokens among the words",
            (
                "You leave out special tokens, and fill up with others.",
                "The k most probable are asked for, whatever they are; what the model thinks should be seen.",
                "Take the top k as they are.",
            ),
            fit=lambda word, text: not (word.startswith("[") and word.endswith("]")),
        ),
        spellings=_of_more(lambda word: not word.startswith("[")),
    ),
    variant(
        filler,
        "special tokens are emptied",
        (
            "A special token among the k best becomes an empty word.",
            "skip_special_tokens=True leaves nothing of it.",
            "tokenizer.decode([id]) as it is.",
        ),
        spell=lambda tokenizer, number: tokenizer.decode([number], skip_special_tokens=True).strip(),
    ),
    variant(
        filler,
        "words of the sentence left out",
        (
            "You leave out words that the sentence contains already.",
            "A word can come twice; the k most probable are asked for.",
            "Take the top k as they are.",
        ),
        fit=lambda word, text: word not in text.lower(),
    ),
    variant(
        filler,
        "capital letters",
        (
            "Your words begin with capital letters.",
            "This vocabulary has small letters only; a word with a capital is not in it.",
            "Return what decode gives.",
        ),
        spell=lambda tokenizer, number: tokenizer.decode([number]).strip().capitalize(),
    ),
    Misconception(
        "whole sentences",
        lambda model, text, k: [(text.replace(BLANK, word), prob) for word, prob in filler()(model, text, k)],
        (
            "You return the whole sentence with the word in it.",
            "The word alone is asked for.",
            "Leave out the replace.",
        ),
    ),
    variant(
        filler,
        "without [CLS] and [SEP]",
        (
            "The model does not see [CLS] and [SEP].",
            "It never read a text without them, and predicts differently.",
            "model.tokenizer(text, return_tensors='pt') adds them by itself.",
        ),
        batch=_with(add_special_tokens=False),
    ),
    variant(
        filler,
        "only what stands before the blank",
        (
            "The model does not see what stands behind the blank.",
            "An encoder reads both sides; that is the point of it.",
            "Give the tokenizer the text as it is.",
        ),
        read=lambda text: text[: text.index(BLANK) + len(BLANK)],
    ),
    variant(
        filler,
        "always the notebook's sentence",
        (
            "You fill the same sentence, whatever the text is.",
            "text is an argument; the notebook's sentence is one example.",
            "model.tokenizer(text, ...)",
        ),
        read=lambda text: "The [MASK] sat on the mat.",
    ),
    variant(
        filler,
        "always bert-mini",
        (
            "You ask bert-mini, whatever the model is.",
            "model is an argument: the same function has to work with another one.",
            "model.tokenizer and model.network.",
        ),
        use=_bert,
    ),
    variant(
        filler,
        "a long text cut off",
        (
            "A long text is cut off before the model sees it.",
            "What is cut away may be the clue, or the blank itself.",
            "Leave out truncation and max_length.",
        ),
        batch=_with(truncation=True, max_length=16),
    ),
    variant(
        filler,
        "padding attended to",
        (
            "The model reads padding behind the text.",
            "Without attention_mask it takes [PAD] for words.",
            "No padding is needed for one text; and **batch hands on the mask as well.",
        ),
        batch=_padded,
    ),
    variant(
        filler,
        "the text twice",
        (
            "The tokenizer got the text twice, as a pair of sentences.",
            "The model then reads the sentence a second time, in segment 1.",
            "model.tokenizer(text, return_tensors='pt')",
        ),
        batch=lambda model, text: dict(model.tokenizer(text, text, return_tensors="pt")),
    ),
    variant(
        filler,
        "the blank hidden from attention",
        (
            "attention_mask is 0 at the blank.",
            "The blank has to be read like any token: its own position asks what could stand there.",
            "Hand on the batch as the tokenizer made it.",
        ),
        batch=_changed(
            "attention_mask", lambda mask, ids, model: mask * (ids != model.tokenizer.mask_token_id)
        ),
    ),
    variant(
        filler,
        "segment 1",
        (
            "token_type_ids is 1 for the text.",
            "A single sentence has segment 0.",
            "Hand on the batch as the tokenizer made it.",
        ),
        batch=_changed("token_type_ids", lambda types, ids, model: torch.ones_like(types)),
    ),
)
