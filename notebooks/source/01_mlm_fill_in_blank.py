# %% [markdown]
# # Lab 01 · MLM fill-in-blank
#
# **The question.** "The ____ sat on the mat." You filled that blank before you had finished reading.
# The lecture says that a model needs *both sides* of a blank to do so, and that BERT was built for
# exactly this. Is it true, and how much do both sides gain?
#
# You will build the path from a word to a filled blank yourself: pieces, special tokens, masks, loss,
# prediction. Then you measure the lecture's claim on nearly 400 sentences.
#
# **Time:** 90 minutes. **You need:** a little Python. **Slides:** *The Fill-in-Blank Challenge* to
# *Checkpoint: Understanding BERT*.
#
# How it works: run a cell with Shift+Enter. Make a prediction where you are asked for one; it costs
# nothing and you learn more. Write the exercises, run their check, read the hint, try again. A check
# never crashes the lab: what comes after it goes on with the course's own function until yours
# passes.

# %%
import labkit

lab = labkit.start("01")

# %% [markdown]
# ## Two models of one family
#
# `bert-mini` and `gpt-mini` are a matched pair: same depth, same width, same text. They differ in one
# thing, the one this lecture is about. They are small (a twentieth of the size, and they read some hundred
# megabytes of text), so their guesses are humbler than those of the 2018 originals. Where you have a network,
# `labkit.load("bert-base-uncased")` is the real one, by the same call.

# %%
import torch

bert = labkit.load("bert")
gpt = labkit.load("gpt")
print(bert.description)
print(gpt.description)

# %% [markdown]
# ### Predict first
#
# What will `bert-mini` put into "The [MASK] sat on the mat."? Write your guess in place of `None`: a
# word in quotes, like `"dog"`.

# %% id="predict-mat"
lab.predict("mat", None)

# %% keyfigure="mat"
words, probs = zip(*labkit.cloze.fill_mask(bert, "The [MASK] sat on the mat.", k=8))
figure = labkit.plotting.probability_bars(words, probs, title="bert-mini: The [MASK] sat on the mat.")
figure

# %% id="compare-mat"
lab.compare("mat", words[0])

# %% [markdown]
# The slide shows P(cat) = 0.73. That figure illustrates; yours is measured, on a model that read film
# reviews and children's stories. Keep it in mind for the end of the lab.

# %% [markdown]
# ## From words to pieces
#
# *Slides: WordPiece tokenization.* A model has a fixed vocabulary: 30,522 pieces in
# bert-base-uncased, 8,192 in bert-mini. A word that is not in it is spelt from pieces. `##` marks a
# piece that continues a word.

# %%
print(bert.tokenizer.tokenize("The players were playing unhappily."))

# %% [markdown] exercise="wordpiece"
# Write the splitter. Take the longest beginning of the word that is in the vocabulary, then the
# longest continuation (looked up *with* its `##`), and so on. What is taken stays taken: if at some
# point nothing fits, the whole word is `[UNK]`.
#
# Before you write: how will "unaffable" be split if the vocabulary has `un`, `##aff` and `##able`?


# %% solution="wordpiece"
def wordpiece(word, vocab):
    """Split a word into pieces, longest match first.

    word: str, lower case, at least one letter. vocab: a set of str (continuations begin with "##").
    Returns a list of str: the pieces, or ["[UNK]"] if the word cannot be spelt.
    """
    ### BEGIN SOLUTION
    pieces = []
    start = 0
    while start < len(word):
        end = len(word)
        while end > start:
            piece = word[start:end] if start == 0 else "##" + word[start:end]
            if piece in vocab:
                break
            end -= 1
        if end == start:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces
    ### END SOLUTION


# %% check="wordpiece"
lab.check(wordpiece)

# %% [markdown]
# The slide splits three words. What does a real vocabulary say? (`tokenize` is the library's own
# WordPiece: yours must agree with it.)

# %% id="pieces-compared"
vocab = set(bert.tokenizer.get_vocab())
words_to_split = ["playing", "unhappiness", "covid", "happy\u2603"]
split_all = lambda split: [split(word, vocab) for word in words_to_split]
for whose, splits in lab.both(wordpiece, split_all).items():
    for word, split in zip(words_to_split, splits):
        library = bert.tokenizer.tokenize(word)
        print(f"{word:12}  {whose or 'wordpiece'}: {split}   the library: {library}")

# %% [markdown]
# Vocabularies differ: `playing` is one piece in bert-base-uncased too, where the slide has two. The
# last word ends with a snowman, which no text of ours contained. *"Handle any word (no UNK)"* holds
# for the letters a vocabulary was built from, not for every sign.

# %% [markdown]
# ## Special tokens and two sentences
#
# *Slides: BERT's special tokens.* `[CLS]` opens every input, `[SEP]` closes each sentence, `[PAD]`
# fills up to a common length. Three lists go into the model: `input_ids`; `token_type_ids`, 0 for the
# first sentence and 1 for the second; `attention_mask`, 1 where there is something to read.

# %% [markdown] exercise="encode_pair"
# Lay out `[CLS] a [SEP] b [SEP]`, padded with `[PAD]` to exactly `max_length`. If the pair is too long,
# drop the last piece of the longer sentence (of `b` when both are equally long) until it fits; a sentence
# of which nothing is left keeps its `[SEP]`. The vocabulary gives every token's id, `vocab["[PAD]"]` too.
# Padding has segment 0 and attention 0.
#
# Before you write: which segment does the middle `[SEP]` belong to?


# %% solution="encode_pair"
def encode_pair(pieces_a, pieces_b, vocab, max_length):
    """Lay out two sentences as one input of max_length tokens.

    pieces_a, pieces_b: lists of str. vocab: dict from piece to id. max_length: int (T), at least 3.
    Returns a dict of three lists of T int: "input_ids", "token_type_ids", "attention_mask".
    """
    a, b = list(pieces_a), list(pieces_b)  # copies: the caller's lists stay as they are
    ### BEGIN SOLUTION
    while len(a) + len(b) + 3 > max_length:
        if len(a) > len(b):
            a.pop()
        else:
            b.pop()
    pieces = ["[CLS]", *a, "[SEP]", *b, "[SEP]"]
    num_padding = max_length - len(pieces)
    return {
        "input_ids": [vocab[piece] for piece in pieces] + [vocab["[PAD]"]] * num_padding,
        "token_type_ids": [0] * (len(a) + 2) + [1] * (len(b) + 1) + [0] * num_padding,
        "attention_mask": [1] * len(pieces) + [0] * num_padding,
    }
    ### END SOLUTION


# %% check="encode_pair"
lab.check(encode_pair)

# %% keyfigure="pair"
from IPython.display import display

a = bert.tokenizer.tokenize("Alice was tired.")
b = bert.tokenizer.tokenize("She went to sleep.")


def columns(encode):
    """Token, id, segment and attention of each place."""
    pair = encode(a, b, bert.tokenizer.get_vocab(), max_length=14)
    tokens = bert.tokenizer.convert_ids_to_tokens(pair["input_ids"])
    return list(zip(tokens, *(pair[name] for name in bert.tokenizer.model_input_names), strict=True))


for whose, places in lab.both(encode_pair, columns).items():
    title = "A sentence pair, as BERT reads it" + f" ({whose})" * bool(whose)
    figure = labkit.plotting.token_strip(*zip(*places), title=title)
    if whose == "yours":  # yours has not passed: it is drawn first, and ours below it
        display(figure)
figure

# %% [markdown]
# ## Does the second sentence follow the first?
#
# *Slides: BERT's two pre-training objectives.* BERT's second task was next-sentence prediction (NSP):
# is B the sentence after A, or one from elsewhere? The answer is read at `[CLS]`. bert-mini was
# trained on it as well. Eight two-sentence stories give eight true pairs and 56 false ones.
# **Predict:** in how many of the eight stories will the true second sentence score highest among the
# eight? Chance is one.

# %% id="predict-nsp"
lab.predict("nsp", None)

# %% keyfigure="nsp"
nsp = labkit.models.load_next_sentence("bert")
stories = labkit.datasets.STORIES
firsts, seconds = zip(*stories.values())
follows = labkit.cloze.follows(nsp, firsts, seconds)  # (8, 8): P(B follows A)
figure = labkit.plotting.share_matrix(
    follows, list(stories), list(stories), "P(B follows A)", "first sentence A", "second sentence B"
)
figure

# %% id="compare-nsp"
right = int((follows.argmax(dim=1) == torch.arange(8)).sum())
lab.compare("nsp", right, " of 8")

# %% [markdown]
# The true pairs stand on the diagonal. Does it stand out? Look instead at the rows and columns of
# "actors" and "film": bert-mini tells film talk from story talk, and within each it hardly cares which
# sentence comes. In pre-training, a false second sentence came from another text, so that a change of
# *topic* gave most of them away, and that is what was learnt. The slide says that NSP "learns sentence
# relationships"; RoBERTa (Liu et al. 2019) dropped the task and lost nothing.

# %% [markdown]
# ## Hide 15%
#
# *Slides: Masked language modeling.* Pre-training hides words and asks for them. Which words, and
# hidden how? Of the tokens, 15% are chosen. Of those, 80% become `[MASK]`, 10% a random token, and
# 10% stay as they are; the model has to answer for all of them.
#
# **Predict:** of 10,000 ordinary tokens, how many become `[MASK]`?

# %% id="predict-mask"
lab.predict("masks", None)

# %% [markdown] exercise="mask_tokens"
# Write the corruption. Choose each ordinary token with a probability of 15%; labels hold the original id
# where a token was chosen and −100 elsewhere, the label that the loss skips. A second random number,
# `fate`, decides what becomes of each chosen token; which part of its range means what is up to you. A
# random token can be any of the vocabulary. Every draw uses the generator. You need three tools:
#
# - `torch.rand(shape, generator=generator)`: numbers between 0 and 1, the same again for the same seed;
# - `==`, `<`, `>=` and `&` on tensors: True or False for each token (`special_tokens_mask == 0`);
# - `torch.where(condition, a, b)`: `a` where the condition is True, `b` elsewhere, as a new tensor.


# %% solution="mask_tokens"
def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    """Hide 15% of the ordinary tokens, the 80/10/10 way.

    input_ids: (B, T) int64. special_tokens_mask: (B, T), 1 where a special token stands.
    mask_token_id, vocab_size: int; random tokens are ids below vocab_size. generator: torch.Generator.
    Returns (corrupted, labels), both (B, T) int64. input_ids stays as it was.
    """
    chosen = torch.rand(input_ids.shape, generator=generator) < 0.15  # (B, T), too many yet
    fate = torch.rand(input_ids.shape, generator=generator)  # (B, T)
    random_ids = torch.randint(vocab_size, input_ids.shape, generator=generator)  # (B, T)
    ### BEGIN SOLUTION
    chosen = chosen & (special_tokens_mask == 0)
    labels = torch.where(chosen, input_ids, -100)
    corrupted = torch.where(chosen & (fate < 0.8), mask_token_id, input_ids)
    corrupted = torch.where(chosen & (fate >= 0.9), random_ids, corrupted)
    return corrupted, labels
    ### END SOLUTION


# %% check="mask_tokens"
lab.check(mask_tokens)

# %% [markdown]
# What came of it, on the sentences of our cloze set with their blanks filled in:

# %% keyfigure="masks"
items = labkit.datasets.load_cloze()
sentences = [item.text.replace("[MASK]", item.answers[0]) for item in items]
batch = bert.tokenizer(sentences, padding=True, return_special_tokens_mask=True, return_tensors="pt")
ids, special, mask_id = batch.input_ids, batch.special_tokens_mask, bert.tokenizer.mask_token_id


def fates(hide):
    """What becomes of the chosen tokens: how many of each."""
    generator = torch.Generator().manual_seed(15)
    corrupted, labels = hide(ids, special, mask_id, len(bert.tokenizer), generator)
    return labkit.objectives.count_fates(ids, corrupted, labels, mask_id)


counts = fates(lab.best(mask_tokens))
for whose, found in lab.both(mask_tokens, fates).items():
    if whose:  # yours has not passed: it is counted beside ours, which is drawn
        print(f"{whose}: {found}")
figure = labkit.plotting.mask_counts(counts, title="What became of the chosen tokens")
figure

# %% id="compare-masks"
num_ordinary = int((special == 0).sum())
lab.compare("masks", round(10_000 * counts["[MASK]"] / num_ordinary), " of 10,000")

# %% [markdown]
# ## What a wrong guess costs
#
# *Slides: Masked language modeling, the mathematics.* The loss of a blank is −log P(right word): 0
# for a sure and right guess, log V for a shrug over V words (9.01 for bert-mini's 8,192). The slide
# adds the blanks up; libraries take their **mean**, so that a text with two blanks and one with
# twenty can be compared.

# %% [markdown] exercise="mlm_loss"
# Write the mean of −log P over the hidden positions of the whole batch. Positions whose label is −100
# do not count. `hidden = labels != -100` is True at the hidden positions; `logits[hidden]` and
# `labels[hidden]` pick them, as a table of (number hidden, V) and a list of as many ids. From there,
# `log_softmax` or PyTorch's own `torch.nn.functional.cross_entropy` are both fine: they also get it right
# where P is too small for a float.


# %% solution="mlm_loss"
def mlm_loss(logits, labels):
    """Mean cross-entropy over the hidden positions, in nats.

    logits: (B, T, V). labels: (B, T) int64, -100 where nothing was hidden (something is, somewhere).
    Returns a scalar: a tensor of one number, or a float.
    """
    ### BEGIN SOLUTION
    hidden = labels != -100  # (B, T)
    log_probs = logits[hidden].log_softmax(dim=-1)  # (number hidden, V)
    right = log_probs.gather(1, labels[hidden].unsqueeze(1))
    return -right.mean()
    ### END SOLUTION


# %% check="mlm_loss"
lab.check(mlm_loss)

# %% [markdown]
# The slide's worked example: "The [MASK] sat on the [MASK]", with *cat* and *mat* as the answers.

# %% id="slide-loss"
original = bert.tokenizer("The cat sat on the mat", return_tensors="pt").input_ids  # (1, T)
hidden = torch.zeros_like(original, dtype=torch.bool)
hidden[0, 2] = hidden[0, 6] = True  # cat and mat; position 0 is [CLS]
with torch.inference_mode():
    logits = bert.network(original.masked_fill(hidden, bert.tokenizer.mask_token_id)).logits
price = lambda loss: float(loss(logits, original.masked_fill(~hidden, -100)))
for whose, mean in lab.both(mlm_loss, price).items():
    print(f"{whose} mean {mean:.2f} nats; the slide's sum is {2 * mean:.2f}".strip())

# %% [markdown]
# ## Fill the blank
#
# *Slides: Worked example, predicting masked tokens.* Steps 1 to 5 of the slide in one function. The
# model gives logits for **every** position; you need the ones at the blank.

# %% [markdown] exercise="fill_mask"
# Return the `k` most probable words at the blank. A word is here whatever the vocabulary has and `decode`
# writes, pieces like `##s`, signs and special tokens too: leave none out. You need:
#
# - `batch = model.tokenizer(text, return_tensors="pt")`; its `batch.input_ids` has shape (1, T);
# - `model.network(**batch).logits`, of shape (1, T, V), inside `with torch.inference_mode():`;
# - the position where the id equals `model.tokenizer.mask_token_id`;
# - `.softmax(dim=-1)`, and `.topk(k)`, which gives `.values` and `.indices`;
# - `model.tokenizer.decode([id])`, which turns an id into a word, and `.tolist()`.


# %% solution="fill_mask"
def fill_mask(model, text, k):
    """The k most probable words for the one [MASK] in a text.

    model: what labkit.load returns. text: str. k: int.
    Returns a list of k tuples (word: str, probability: float), best first.
    """
    ### BEGIN SOLUTION
    batch = model.tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        logits = model.network(**batch).logits[0]  # (T, V)
    blank = (batch.input_ids[0] == model.tokenizer.mask_token_id).nonzero().item()
    best = logits[blank].softmax(dim=-1).topk(k)
    words = [model.tokenizer.decode([index]) for index in best.indices.tolist()]
    return list(zip(words, best.values.tolist()))
    ### END SOLUTION


# %% check="fill_mask"
lab.check(fill_mask)

# %% [markdown]
# The lecture's own sentences, and one of yours: change the last sentence and run the cell again.

# %% id="lecture-sentences"
texts = [
    "The [MASK] sat on the mat.",
    "The river [MASK] was flooding.",
    "The [MASK] is blue.",
    "The movie was [MASK], I loved it.",
    "I could not [MASK] a word.",
]
for whose, filled in lab.both(fill_mask, lambda fill: [fill(bert, text, k=5) for text in texts]).items():
    for text, best in zip(texts, filled):
        print(f"{whose} {text}".strip(), "->", ", ".join(f"{word} {p:.2f}" for word, p in best))

# %% [markdown]
# ### One blank, three readers
#
# The heart of the lecture: what changes when the right side is covered? `bert-mini` reads the whole
# sentence; `bert-mini` with everything behind the blank cut off; `gpt-mini`, which never looks right.

# %% keyfigure="readers"
text = "It was the [MASK] movie I have ever seen, I was bored to death."
left = text[: text.index("[MASK]")]
panels = {
    "bert-mini, whole sentence": labkit.cloze.fill_mask(bert, text, k=5),
    "bert-mini, left side only": labkit.cloze.fill_mask(bert, left + "[MASK]", k=5),
    "gpt-mini, left side only": labkit.cloze.next_words(gpt, left, k=5),
}
panels = {name: tuple(zip(*best)) for name, best in panels.items()}
figure = labkit.plotting.compare_bars(panels, title="It was the [MASK] movie I have ever seen, ...")
figure

# %% [markdown]
# ## How a blank is learnt
#
# While bert-mini was pre-trained we wrote down its guesses. Move the slider from the left to the right:
# for the first few hundred thousand pieces it knows only which pieces are frequent, then film words
# appear, then the right one. How sure it is swings on the way: a model in training does not move in a
# straight line. (A figure that was saved wakes up when the mouse enters it.)

# %% keyfigure="learning"
import json

folder = labkit.paths.models_dir() / "bert-mini"
log = json.loads((folder / "pretraining.json").read_text())["log"]
figure = labkit.plotting.learning_slider(log, "It was the worst [MASK] I have ever seen.")
figure

# %% id="learning-lines"
labkit.plotting.learning_lines(log, "It was the worst [MASK] I have ever seen.")

# %% id="training-curve"
labkit.plotting.training_curve(log)

# %% [markdown]
# ## How much can be hidden?
#
# "15% is empirically optimal", says the slide. Here you see one side of that bargain: the more is
# hidden, the less is left to guess from. **Predict:** hide 60% instead of 15%: by how many percentage
# points does the accuracy fall?

# %% id="predict-rate"
lab.predict("rate", None)

# %% keyfigure="rates"
rates = [0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9]
measured = [labkit.cloze.accuracy_at_rate(bert, sentences, rate, seed=4) for rate in rates]
figure = labkit.plotting.accuracy_by_rate(
    rates,
    [accuracy for accuracy, _, _ in measured],
    [(low, high) for _, low, high in measured],
    title="Right at hidden tokens, by masking rate",
)
figure

# %% id="compare-rate"
lab.compare("rate", round(100 * (measured[1][0] - measured[4][0])), " points")

# %% [markdown]
# That is the cost side. The gain side is that more blanks teach more per sentence, and it can only be
# seen by pre-training at different rates: Wettig et al. (2022) did, and found 40% as good as 15% or
# better for large models. bert-mini began at 30%, and ended at 15%.

# %% [markdown]
# ## The claim, measured
#
# *Slides: The fill-in-blank challenge.* "Left-to-right: accuracy LOW. Full context: accuracy HIGH."
# Our cloze set has nearly 400 sentences. In a third of them the clue stands left of the blank, in a
# third right of it, in a third on both sides. A blank counts as filled when one of the fitting words
# is among the top five.

# %% [markdown] exercise="cloze_accuracy"
# `predict(text, k)` returns a list of k words. Count the items where any of `item.answers` is one of
# them, letter for letter, and give the share *p* with its 95% confidence interval:
# p ± 1.96 · √(p(1 − p)/n), cut off at 0 and 1.


# %% solution="cloze_accuracy"
def cloze_accuracy(predict, items, k):
    """How often a fitting word is among the top k, with a 95% confidence interval.

    predict: (text: str, k: int) -> list of str. items: a list, not empty, each with .text and .answers.
    Returns (accuracy, low, high), three float between 0 and 1.
    """
    ### BEGIN SOLUTION
    hits = 0
    for item in items:
        words = predict(item.text, k)
        if any(word in item.answers for word in words):
            hits += 1
    p = hits / len(items)
    half = 1.96 * (p * (1 - p) / len(items)) ** 0.5
    return p, max(0.0, p - half), min(1.0, p + half)
    ### END SOLUTION


# %% check="cloze_accuracy"
lab.check(cloze_accuracy)

# %% [markdown]
# **Predict** before you measure: what share of the blanks does bert-mini fill with the whole
# sentence, in percent? And with the left side alone?

# %% id="predict-claim"
lab.predict("full", None)
lab.predict("left", None)

# %% keyfigure="claim"
accuracy = lab.best(cloze_accuracy)
readers = {
    "bert-mini, whole sentence": labkit.cloze.full_context(bert),
    "bert-mini, left side only": labkit.cloze.left_context(bert),
    "gpt-mini, left side only": labkit.cloze.left_context(gpt),
}
results = {
    group: [accuracy(predict, some, 5) for predict in readers.values()]
    for group, some in labkit.datasets.by_clue(items).items()
}
figure = labkit.plotting.accuracy_bars(
    list(readers), groups=results, title="Share of blanks filled (top five)"
)
figure

# %% id="compare-claim"
full, bert_left, gpt_left = (share for share, _, _ in results["all items"])
lab.compare("full", round(100 * full), "%")
lab.compare("left", round(100 * bert_left), "%")

# %% [markdown]
# Begin with "clue on the right". Both readers of the left side fall far behind: no skill makes up for
# what is not there. With the clue on the left, gpt-mini comes close to bert-mini without the right side.
# So "LOW" against "HIGH" depends on where the clue is. Where intervals overlap much, the difference may be
# chance.
#
# Why does gpt-mini do better with the left side than bert-mini? From the same text it had a lesson at
# every piece, bert-mini only at the one to three in ten that were masked. The fairer comparison is
# bert-mini with itself: cover the right side, and it fills about a quarter as many blanks. (Even that is
# a little unfair: in its training, few blanks were the last thing in a text.)

# %% [markdown]
# ## Checkpoint
#
# *Slides: Checkpoint, Understanding BERT.* Answer in your head, then open your choice.

# %% id="quiz-why-15"
lab.quiz("why-15")

# %% id="quiz-bidirectional"
lab.quiz("bidirectional")

# %% id="quiz-nsp"
lab.quiz("nsp")

# %% [markdown]
# ## The slide says, you measured

# %% id="slide-says"
pieces, snowman = bert.tokenizer.tokenize, "happy\u2603"
cat = dict(labkit.cloze.fill_mask(bert, "The [MASK] sat on the mat.", k=8192)).get("cat", 0.0)
lab.slide_says(
    [
        ("P(cat) = 0.73 for 'The [MASK] sat on the mat'", f"P(cat) = {cat:.3f} on {bert.name}"),
        ("full context: accuracy HIGH", f"{full:.0%} of the blanks, top five"),
        ("left context: accuracy LOW", f"{bert_left:.0%} (bert-mini), {gpt_left:.0%} (gpt-mini)"),
        ("'playing' is play + ##ing", f"{pieces('playing')}; one piece in bert-base-uncased too"),
        ("'unhappiness' is un + ##happiness", f"{pieces('unhappiness')}; un ##ha ##pp ##iness there"),
        ("'COVID' is CO + ##VI + ##D", f"{pieces('COVID')}; co ##vid there: it is uncased"),
        ("handles any word (no UNK)", f"{pieces(snowman)} for a word with a snowman"),
        ("the masked word is at position 2", "true, counted from 0: [CLS] is position 0"),
        ("mask 15%: empirically optimal", f"15%: {measured[1][0]:.0%} right, 60%: {measured[4][0]:.0%}"),
        ("NSP learns sentence relationships", f"{right} of 8 stories; RoBERTa does without"),
    ]
)

# %% [markdown]
# ## What you have now
#
# A masked language model is a vocabulary, a layout, a corruption, a loss, and a softmax at the blank;
# you wrote all five. Where the clue stands on the right, both sides of a blank beat one, by an amount
# that you measured with an interval around it. What makes a model unable to look right is a single
# triangular mask: that is lab 02.

# %% id="progress"
lab.progress()
