# %% [markdown]
# # Lab 03 · Feature extraction
#
# **The question.** A pre-trained model turns every word of a text into a list of numbers, once for each
# layer. What do those numbers know? Does the word *bank* look different beside a river than beside a
# vault, and in which layer? And do BERT and GPT, who read the same text in different directions, end up
# with the same picture of it?
#
# You will take the numbers out, turn them into one vector a text and one vector a word, measure how the
# vectors lie to each other, and draw the result.
#
# **Time:** 90 minutes. **You need:** a little Python; lab 01 helps. **Slides:** *BERT's Special Tokens*,
# *Bidirectional Context in Action*, *BERT vs GPT: When to Use Each*, *Next: Hands-On Feature Extraction*.
#
# No fine-tuning here, as the slide says: the models stay as they are. A check never crashes the lab: what
# comes after it goes on with the course's own function until yours passes.

# %%
import labkit

lab = labkit.start("03")

# %% [markdown]
# ## A text goes in, a stack of vectors comes out
#
# `bert-mini` and `gpt-mini` have the same shape: 4 layers, 256 numbers for each token. The originals have
# 12 layers of 768.

# %%
import torch

bert = labkit.load("bert")
gpt = labkit.load("gpt")
text = "The river bank was flooding."
for model in (bert, gpt):
    ids = model.tokenizer(text).input_ids
    print(f"{model.name}: {model.num_layers} layers, {len(ids)} tokens")
    print("   ", model.tokenizer.convert_ids_to_tokens(ids))

# %% [markdown]
# Two habits to notice. BERT puts `[CLS]` in front and `[SEP]` behind. GPT's pieces carry the space *before*
# them, written `Ġ`: inside a sentence, `Ġbank` is the piece, not `bank`.
#
# A network of L layers gives L + 1 vectors for each token: the embedding that goes into the first layer
# (we call it layer 0), and what comes out of each layer.
#
# **Predict:** how many vectors does bert-mini make of this one sentence, all layers counted?

# %% id="predict-vectors"
lab.predict("vectors", None)

# %% [markdown] exercise="hidden_states"
# Take them out, for a list of texts at once. You need:
#
# - `batch = labkit.features.encode_batch(model, texts)`: a dict with `input_ids` and `attention_mask`, both
#   (B, T), padded on the right to the longest text; what is longer than the model can take is cut off;
# - `model.network(**batch, output_hidden_states=True).hidden_states`: a tuple of L + 1 tensors (B, T, D);
#   the two stars hand over everything that is in the dict;
# - `with torch.inference_mode():` around it, because nothing is trained here;
# - `torch.stack(tensors)`, which makes one tensor of several, along a new first axis.
#
# A text must get the same vectors in a batch as alone, whatever stands beside it.


# %% solution="hidden_states"
def hidden_states(model, texts):
    """Every layer's vector of every token.

    model: what labkit.load returns. texts: a list of B str.
    Returns (hidden, attention_mask): (L + 1, B, T, D) float, and (B, T) int, 1 at the real tokens. T is the
    length of the longest text; what stands in hidden at the padding is of no account.
    """
    batch = labkit.features.encode_batch(model, texts)
    ### BEGIN SOLUTION
    with torch.inference_mode():
        states = model.network(**batch, output_hidden_states=True).hidden_states
    return torch.stack(states), batch["attention_mask"]
    ### END SOLUTION


# %% check="hidden_states"
lab.check(hidden_states)

# %% id="compare-vectors"
states_of = lab.best(hidden_states)
hidden, mask = states_of(bert, [text])
print("hidden:", tuple(hidden.shape), " mask:", mask.tolist())
lab.compare("vectors", hidden.shape[0] * int(mask.sum()))

# %% [markdown]
# *"[PAD]: ignored in attention"*, says the slide. It is, if you say so. Here the sentence shares a batch
# with a longer one, once with the mask and once without: how far do its vectors move?

# %% id="padding-matters"
pair = [text, "She opened the door, saw the water in the street and went upstairs to fetch her boots."]
batch = labkit.features.encode_batch(bert, pair)
length = hidden.shape[2]
with torch.inference_mode():
    blind = bert.network(input_ids=batch["input_ids"], output_hidden_states=True).hidden_states
moved = {
    "with the mask": (states_of(bert, pair)[0][-1, 0, :length] - hidden[-1, 0]).norm(dim=-1).mean(),
    "without": (blind[-1][0, :length] - hidden[-1, 0]).norm(dim=-1).mean(),
}
for how, distance in moved.items():
    print(f"{how:14} moved by {distance:.4f} on average")
print(f"for comparison: a vector is {hidden[-1, 0].norm(dim=-1).mean():.1f} long")

# %% [markdown]
# ## One vector a text
#
# *Slides: Special Tokens: Purpose and Usage.* To compare texts you want one vector for each. Three ways are
# common: the first token's (`[CLS]` in BERT), the last token's, or the mean over all.

# %% [markdown] exercise="pool"
# Write all three. The padding may stand on the left, on the right or on both sides, and must never count.
#
# - `attention_mask.unsqueeze(-1)` has the shape (B, T, 1), which can be multiplied with (B, T, D);
# - `torch.arange(T)` counts the positions 0, 1, 2, ...;
# - `.argmax(dim=1)` gives the position of the largest number in each row, the first if there are several;
# - `hidden[torch.arange(B), positions]` picks one token from each text: (B, D).


# %% solution="pool"
def pool(hidden, attention_mask, how):
    """One vector for each text.

    hidden: (B, T, D) float, one layer. attention_mask: (B, T) int, 1 at the real tokens.
    how: "cls" (the first real token), "mean" (over the real tokens) or "last" (the last real token).
    Returns (B, D) float.
    """
    ### BEGIN SOLUTION
    if how == "mean":
        weights = attention_mask.unsqueeze(-1)  # (B, T, 1)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    positions = torch.arange(hidden.shape[1]) + 1
    if how == "cls":
        index = attention_mask.argmax(dim=1)
    else:
        index = (positions * attention_mask).argmax(dim=1)
    return hidden[torch.arange(len(hidden)), index]
    ### END SOLUTION


# %% check="pool"
lab.check(pool)

# %% [markdown]
# ## How alike are two vectors?
#
# By their angle: the cosine is 1 for the same direction, 0 for a right angle, −1 for opposite. It is the dot
# product of the two, divided by both their lengths.

# %% [markdown] exercise="cosine_similarity_matrix"
# Compare every row with every other. `vectors.norm(dim=1, keepdim=True)` is the length of each row, and
# `a @ b.T` holds the dot products of all rows of `a` with all rows of `b`.


# %% solution="cosine_similarity_matrix"
def cosine_similarity_matrix(vectors):
    """The cosine between every two rows.

    vectors: (N, D) float, no row of zeros. Returns (N, N) float, from -1 to 1.
    """
    ### BEGIN SOLUTION
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    return unit @ unit.T
    ### END SOLUTION


# %% check="cosine_similarity_matrix"
lab.check(cosine_similarity_matrix)

# %% [markdown]
# Six sentences; three begin with "The", three with "A". We take the vector of the **first token** in
# gpt-mini's last layer, as one does with BERT's `[CLS]`. **Predict:** what is the cosine of the two
# sentences about a bank?

# %% id="predict-first"
lab.predict("first", None)

# %% keyfigure="first-tokens"
six = {
    "The bank: loan": "The bank lent us the money for the house.",
    "The bank: mud": "The bank was slippery with mud.",
    "The star": "The star refused to leave her trailer.",
    "A star": "A star is a ball of hot gas.",
    "A letter": "A letter from my aunt takes two weeks.",
    "A plant": "A plant needs water and sunlight.",
}
similar, one_vector = lab.best(cosine_similarity_matrix), lab.best(pool)
hidden, mask = states_of(gpt, list(six.values()))
cosines = similar(one_vector(hidden[-1], mask, "cls"))
figure = labkit.plotting.similarity_matrix(
    cosines, list(six), list(six), title=f"{gpt.name}: the first token's vector", what="cosine"
)
figure

# %% id="compare-first"
lab.compare("first", f"{cosines[0, 1]:.2f}")

# %% [markdown]
# Two blocks of ones. A decoder's first token sees itself and nothing else, so every text that begins with
# "The" has the same first vector: as an embedding of the sentence it is worthless. `[CLS]` only works where
# attention looks in both directions. Now the mean over all tokens, in both models:

# %% keyfigure="mean-vectors"
hidden, mask = states_of(bert, list(six.values()))
figure = labkit.plotting.similarity_matrix(
    similar(one_vector(hidden[-1], mask, "mean")),
    list(six),
    list(six),
    title=f"{bert.name}: the mean of all tokens, last layer",
)
figure

# %% [markdown]
# Here the sentences differ. But six sentences about six things: did you expect their cosines as high as they
# are? Keep the question for a moment.

# %% [markdown]
# ## Who is near whom?
#
# A search engine for meaning: turn texts into vectors once, then look for the nearest. The texts are 240
# sentences that we wrote about ten words with two senses each, such as *bank*, *bat* and *spring*.

# %% [markdown] exercise="nearest"
# Return the numbers of the `k` rows that are most similar to row `index`, the nearest first. A row is not its
# own neighbour. `scores.topk(k).indices` gives the places of the largest numbers, `.tolist()` a plain list;
# `lab.best(cosine_similarity_matrix)` is your matrix, and you may write into a row: `row[3] = -2`.


# %% solution="nearest"
def nearest(vectors, index, k):
    """The k rows most similar to one of them, by cosine.

    vectors: (N, D) float. index: int, the row that is compared. k: int, from 1 to N - 1.
    Returns a list of k int, the nearest first; index is not among them. Rows that are equally near may come
    in any order.
    """
    ### BEGIN SOLUTION
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    scores = unit @ unit[index]  # (N,)
    scores[index] = -2.0
    return scores.topk(k).indices.tolist()
    ### END SOLUTION


# %% check="nearest"
lab.check(nearest)

# %% [markdown]
# `labkit.features.extract` does what your `hidden_states` and `pool` do, for thousands of texts: it sorts
# them by length, so that little padding is computed. Ask for something of your own, in another layer, too.

# %% id="search"
items = labkit.senses.load_senses()
texts = [item.text for item in items]
question, layer = "He wanted to borrow money for a new car.", 1
for model in (bert, gpt):
    vectors = torch.from_numpy(labkit.features.extract(model, [question, *texts], "mean"))[:, layer]
    hits = lambda search, space=vectors: [texts[row - 1] for row in search(space, 0, 3)]
    for whose, found in lab.both(nearest, hits).items():
        print(f"{model.name}, layer {layer} {whose}".strip())
        for hit in found:
            print("   ", hit)

# %% [markdown]
# Read the hits: do they share a meaning with the question, or only a word? And how good is the search by
# numbers? Take each of the 240 sentences and look at its nearest: does it hold the same word in the same
# sense? By chance that is 11 of 239, 5%. **Predict:** which way of pooling is best for bert-mini: `"cls"`,
# `"mean"` or `"last"`?

# %% id="predict-pooling"
lab.predict("pooling", None)

# %% keyfigure="poolings"
features = {
    f"{model.name} {how}": torch.from_numpy(labkit.features.extract(model, texts, how))
    for model in (bert, gpt)
    for how in ("cls", "mean", "last")
}  # each (240, L + 1, D)
agreement = {
    name: [labkit.senses.neighbour_agreement(vectors[:, n], items) for n in range(vectors.shape[1])]
    for name, vectors in features.items()
}
figure = labkit.plotting.share_matrix(
    list(agreement.values()),
    list(agreement),
    [f"layer {n}" for n in range(bert.num_layers + 1)],
    "The nearest sentence is about the same thing",
    "pooling",
    "layer",
)
figure

# %% id="compare-pooling"
best = max(("cls", "mean", "last"), key=lambda how: max(agreement[f"{bert.name} {how}"]))
lab.compare("pooling", best)
for model in (bert, gpt):
    bag, *higher = agreement[f"{model.name} mean"]
    print(f"{model.name} mean: layer 0 {bag:.0%}, best layer above it {max(higher):.0%}")

# %% [markdown]
# Layer 0 of the means has seen no attention yet: only the embeddings of the words, averaged, a *bag of
# words*. Whatever a higher layer is worth, it has to beat that. By how much do yours? Where it is little, the
# architecture is not to blame, but scale and training: all-MiniLM-L6-v2, a BERT trained on a billion pairs of
# sentences, reached 90% on these sentences with its last layer's mean and 71% with its layer 0 when the
# course measured it. You can check that where you have a network: `labkit.load("minilm")`.

# %% [markdown]
# ## A narrow cone
#
# What is a *high* cosine? Vectors that point everywhere have a mean cosine of 0. The vectors of language
# models rarely do: they share a direction, they lie in a cone. That is called *anisotropy* (Ethayarajh 2019).

# %% [markdown] exercise="anisotropy"
# Measure it: the mean cosine between two different rows. A vector with itself is no pair.
# `matrix.sum()` adds everything up, `matrix.diagonal()` is the diagonal, and the matrix comes from your
# `cosine_similarity_matrix` (until that passes, from `labkit.geometry.cosine_similarity_matrix`).


# %% solution="anisotropy"
def anisotropy(vectors):
    """The mean cosine between two different rows.

    vectors: (N, D) float, N at least 2. Two rows that hold the same numbers are still two.
    Returns a float from -1 to 1.
    """
    ### BEGIN SOLUTION
    cosines = cosine_similarity_matrix(vectors)
    num = len(vectors)
    off_diagonal = cosines.sum() - cosines.diagonal().sum()
    return float(off_diagonal / (num * (num - 1)))
    ### END SOLUTION


# %% check="anisotropy"
lab.check(anisotropy)

# %% [markdown]
# **Predict:** what is the mean cosine of two of our 240 sentences in bert-mini's last layer (mean over the
# tokens)? Of what comes out, how much is meaning?

# %% id="predict-cone"
lab.predict("cone", None)

# %% keyfigure="cones"
cone = lab.best(anisotropy)
chosen = [f"{bert.name} cls", f"{bert.name} mean", f"{gpt.name} mean", f"{gpt.name} last"]


def every_layer(measure):
    return {name: [measure(features[name][:, n]) for n in range(features[name].shape[1])] for name in chosen}


cones = every_layer(cone)
figure = labkit.plotting.layer_lines(
    {
        f"{name} {whose}".strip(): line
        for whose, lines in lab.both(anisotropy, every_layer).items()
        for name, line in lines.items()
    },
    title="Anisotropy: the mean cosine of two sentences",
    y_title="mean cosine",
    reference=(0, "no cone"),
)
figure

# %% id="compare-cone"
lab.compare("cone", f"{cones[f'{bert.name} mean'][-1]:.2f}")

# %% [markdown]
# So a cosine of 0.7 may mean "strikingly alike" in one layer and "strikingly different" in another. In GPT-2
# a few single numbers of the vector are hundreds of times larger than the rest and alone make up most of a
# cosine; measure before you trust one.
#
# The cure is called *all but the top* (Mu & Viswanath 2018): take away the mean, then the few directions in
# which all vectors vary most, because they are about something that all texts have: length, frequency, the
# full stop.

# %% [markdown] exercise="all_but_the_top"
# Write it. `torch.linalg.svd(centred, full_matrices=False)` returns three things, `U, S, Vh`; the rows of
# `Vh` are directions of length 1, the strongest first. `centred @ directions.T` says how far each vector goes
# along each direction; times `directions` again, that part is a vector, which can be subtracted.


# %% solution="all_but_the_top"
def all_but_the_top(vectors, num_directions):
    """Vectors without their mean and without the directions they share most.

    vectors: (N, D) float. num_directions: int, how many directions are taken away: 0 (none) or more, but
    fewer than N and than D. Returns (N, D) float.
    """
    ### BEGIN SOLUTION
    centred = vectors - vectors.mean(dim=0)
    U, S, Vh = torch.linalg.svd(centred, full_matrices=False)
    directions = Vh[:num_directions]  # (num_directions, D)
    return centred - centred @ directions.T @ directions
    ### END SOLUTION


# %% check="all_but_the_top"
lab.check(all_but_the_top)

# %% [markdown]
# With the mean gone, anisotropy is 0 by construction: nothing to be proud of. The question is whether the
# *neighbours* are better. **Predict:** by how many percentage points does the nearest sentence get right more
# often in bert-mini's last layer, when the mean is taken away?

# %% id="predict-cure"
lab.predict("cure", None)

# %% keyfigure="cure"
cure = lab.best(all_but_the_top)
means = features[f"{bert.name} mean"]
treatments = {"as it is": None, "without the mean": 0, "and without 1 direction": 1, "and without 10": 10}
cured = {
    name: [
        labkit.senses.neighbour_agreement(means[:, n] if count is None else cure(means[:, n], count), items)
        for n in range(means.shape[1])
    ]
    for name, count in treatments.items()
}
figure = labkit.plotting.layer_lines(
    cured, f"{bert.name}: the nearest sentence is about the same thing", "share of sentences", shares=True
)
figure

# %% id="compare-cure"
gain = cured["without the mean"][-1] - cured["as it is"][-1]
lab.compare("cure", round(100 * gain), " points")
lost = cured["and without 10"][-1] - cured["as it is"][-1]
verdict = "too much of a good thing" if lost < 0 else "no harm here"
print(f"10 directions less: {100 * lost:+.0f} points: {verdict}")

# %% [markdown]
# A cure has a dose. The strongest directions of 240 sentences are also about their subjects, so whoever takes
# away many of them may take the signal with the noise. Which dose is right has to be measured, layer by
# layer, and on other texts than those you will use it for.

# %% [markdown]
# ## A word in its sentence
#
# *Slides: Bidirectional Context in Action.* "Left: *the river*. Right: *was flooding*. Conclusion: water
# bank." To see whether a model concludes that, look at the vector of the word itself. A word may be several
# pieces; its vector is then the mean over them.

# %% [markdown] exercise="token_vector"
# Return the word's vector, in every layer. You need:
#
# - `labkit.features.word_span(text, word)`: where the word stands, (start, end) in characters;
# - `model.tokenizer(text, return_offsets_mapping=True).offset_mapping`: (start, end) of each piece, in the
#   order of the hidden states, special tokens included (they have (0, 0));
# - `labkit.features.hidden_states(model, [text])`, which is the function you wrote above.
#
# Careful: GPT's pieces begin with the space before the word. Which pieces *overlap* the word?


# %% solution="token_vector"
def token_vector(model, text, word):
    """One vector a layer for a word in its sentence: the mean over the word's pieces.

    model: what labkit.load returns. text: str. word: str, which stands in the text as a whole word, in small
    or capital letters; the first such place counts. Returns (L + 1, D) float.
    """
    start, end = labkit.features.word_span(text, word)
    spans = model.tokenizer(text, return_offsets_mapping=True).offset_mapping
    ### BEGIN SOLUTION
    pieces = []
    for position, (left, right) in enumerate(spans):
        if left < end and right > start:
            pieces.append(position)
    hidden, mask = labkit.features.hidden_states(model, [text])
    return hidden[:, 0, pieces].mean(dim=1)
    ### END SOLUTION


# %% check="token_vector"
lab.check(token_vector)

# %% [markdown]
# Two pairs of sentences about a bank. In the first pair the clue comes **after** the word, in the second
# **before** it. **Predict:** in gpt-mini's last layer, what is the cosine of the two banks of the first pair?

# %% id="predict-ahead"
lab.predict("ahead", None)

# %% keyfigure="banks"
banks = {
    "clue after": ("The bank was flooded by the river.", "The bank was robbed by two men."),
    "clue before": ("The river flooded the bank.", "Two men robbed the bank."),
}


def two_banks(vector_of):
    """How alike the banks of each pair are: one number a layer."""
    return {
        f"{model.name}, {where}": torch.cosine_similarity(*(vector_of(model, text, "bank") for text in pair))
        for model in (bert, gpt)
        for where, pair in banks.items()
    }


curves = two_banks(lab.best(token_vector))
figure = labkit.plotting.layer_lines(
    {
        f"{name} {whose}".strip(): line
        for whose, lines in lab.both(token_vector, two_banks).items()
        for name, line in lines.items()
    },
    "Two banks: how alike are their vectors?",
    "cosine",
)
figure

# %% id="compare-ahead"
ahead = curves[f"{gpt.name}, clue after"]
lab.compare("ahead", f"{ahead[-1]:.2f}")

# %% [markdown]
# In gpt-mini the two banks of the first pair are *the same vector*, in every layer: up to "The bank" both
# sentences are equal, and what comes later cannot reach back. No training and no size changes that; GPT-3 has
# the same line at 1. In bert-mini attention brings the clue to the word from layer 1 on, and how far apart it
# moves the two is learnt. With the clue before the word, both models can.
#
# That two vectors differ does not mean that they differ *in the right way*. For that we need more sentences.

# %% [markdown]
# ## Ten words, two senses each
#
# In half of our 240 sentences the word comes early, so that the clue can only come after it. The test: take a
# random half of a word's sentences, average the vectors of each sense, and give every other sentence to the
# sense whose mean is nearer. A coin gets 50%.
#
# **Predict:** how many percent does gpt-mini's last layer get right when the clue comes after the word?

# %% id="predict-senses"
lab.predict("senses", None)

# %% keyfigure="senses"
words = [item.word for item in items]
vectors = {model.name: labkit.features.word_vectors(model, texts, words) for model in (bert, gpt)}
right = {name: labkit.senses.sense_accuracy(some, items) for name, some in vectors.items()}  # (240, L + 1)
places = labkit.senses.clue_places(items)
told, lines, bars = {}, {}, {}
for name, shares in right.items():
    for place in labkit.senses.PLACES:
        rows = [k for k, own in enumerate(places) if own == place]
        told[name, place] = [labkit.senses.mean_interval(shares[rows, n]) for n in range(shares.shape[1])]
        lines[f"{name}, {place}"] = [mean for mean, low, high in told[name, place]]
        bars[f"{name}, {place}"] = [(low, high) for mean, low, high in told[name, place]]
figure = labkit.plotting.layer_lines(
    lines, "The sense is told by the word's vector", "share right", bars, (0.5, "a coin"), shares=True
)
figure

# %% id="compare-senses"
after, before = labkit.senses.PLACES
lab.compare("senses", round(100 * told[gpt.name, after][-1][0]), "%")
for (name, place), layers in told.items():
    mean, low, high = layers[-1]
    verdict = "more than a coin" if low > 0.5 else "a coin may do as well"
    print(f"{name}, {place}: {mean:.0%} ({low:.0%} to {high:.0%}): {verdict}")

# %% [markdown]
# Layer 0 knows the word, how it is spelt and where it stands, and nothing else: it has little more than a
# coin. From layer 1 on, attention brings the neighbours in. Compare the two lines of gpt-mini: with the clue
# after the word its vector has seen at most three words ("Every", "When the"), and whatever it gets right it
# has from those.
#
# These are small models, and some of the ten words were rare in what they read. The same code with
# all-MiniLM-L6-v2, when the course measured it: 90% in layer 1 and 95% in layer 6, there 90% with the clue
# after the word and 99% with the clue before it. You can see it for yourself with a network:
# `labkit.load("minilm")` in place of `bert`.
#
# Word by word (b is bert-mini, g is gpt-mini, the digit is the layer):

# %% keyfigure="words"
table = {
    word: [
        float(right[model.name][[k for k, own in enumerate(words) if own == word], n].mean())
        for model in (bert, gpt)
        for n in range(model.num_layers + 1)
    ]
    for word in dict.fromkeys(words)
}
columns = [f"{model.name[0]}{n}" for model in (bert, gpt) for n in range(model.num_layers + 1)]
figure = labkit.plotting.share_matrix(
    list(table.values()), list(table), columns, "Senses told apart, word by word", "word", "model and layer"
)
figure

# %% [markdown]
# With 24 sentences a word, differences of 10 or 15 points are noise. A pattern over all words is not. And
# look at gpt-mini's columns for *spring*: we wrote "by spring" and "every spring", which can only be the
# season, so that the few words in front may give it away. A test is only as good as its sentences.

# %% [markdown]
# ## A map of the words
#
# 256 numbers cannot be drawn. UMAP (McInnes et al. 2018) makes a flat map in which near points stay near.
# Each point is one sentence's word; the two senses of *one* word are coloured, the rest is grey. Move the
# slider from layer 0 upwards, and point at a dot to read its sentence. Then put another of the ten words in.
#
# (UMAP takes up to a minute to compile itself in a session. For the course's own models the result comes with
# the course; for others it is kept after the first time.)

# %% id="map"
word = "bank"
pictures = {name: labkit.projection.project(some, f"senses-{name}") for name, some in vectors.items()}
labels = [f"{item.word}: {item.sense}" if item.word == word else None for item in items]
labkit.plotting.projection_slider(
    pictures, texts, labels, f"Ten words in 240 sentences: {word}", groups=words
)

# %% [markdown]
# The same without a slider:

# %% id="map-layers"
labkit.plotting.projection_panels(pictures, texts, labels, f"Three layers: {word}", groups=words)

# %% [markdown]
# What to look for: in layer 0 the map is about which word it is and where it stands. Higher up, look at the
# coloured points: do the two signs drift apart, or stay mixed? Beware of reading more from it: distances
# between clumps, their sizes and the axes mean nothing, and UMAP finds clumps in noise as well. The numbers
# above are the evidence; this is the illustration.

# %% [markdown]
# ## Are two spaces alike?
#
# The two models have never seen each other's vectors; number 7 of one has nothing to do with number 7 of the
# other. Yet one can ask: do the texts lie to each other in the same way? *Centred kernel alignment*
# (Kornblith et al. 2019) does, for X and Y with the same texts in their rows and each column's mean taken
# away:
#
# CKA = ‖YᵀX‖² / (‖XᵀX‖ · ‖YᵀY‖)
#
# where ‖ ‖ is the root of the sum of all squares, `.norm()`.

# %% [markdown] exercise="linear_cka"
# Write it. `x.T @ x` is XᵀX.


# %% solution="linear_cka"
def linear_cka(x, y):
    """How alike two spaces are: linear centred kernel alignment.

    x: (N, D1) float. y: (N, D2) float; row i of both belongs to the same text, and not all rows are the same.
    Returns a float from 0 to 1.
    """
    ### BEGIN SOLUTION
    x = x - x.mean(dim=0)
    y = y - y.mean(dim=0)
    return float((y.T @ x).norm() ** 2 / ((x.T @ x).norm() * (y.T @ y).norm()))
    ### END SOLUTION


# %% check="linear_cka"
lab.check(linear_cka)

# %% [markdown]
# Now every layer of both models against every other, on 623 sentences: the 240, and lab 01's 383 with their
# blanks filled. **Predict:** what is the CKA of the two last layers?

# %% id="predict-cka"
lab.predict("cka", None)

# %% keyfigure="cka"
cloze = [item.text.replace("[MASK]", item.answers[0]) for item in labkit.datasets.load_cloze()]
spaces = {}
for model in (bert, gpt):
    means = torch.from_numpy(labkit.features.extract(model, texts + cloze, "mean"))  # (623, L + 1, D)
    for n in range(model.num_layers + 1):
        spaces[f"{model.name.split('-')[0]} {n}"] = means[:, n]
cka = lab.best(linear_cka)
alike = [[cka(x, y) for y in spaces.values()] for x in spaces.values()]
figure = labkit.plotting.similarity_matrix(
    alike, list(spaces), list(spaces), "CKA between all layers of the pair", what="CKA"
)
figure

# %% id="compare-cka"
last_bert, last_gpt = spaces[list(spaces)[bert.num_layers]], spaces[list(spaces)[-1]]
lab.compare("cka", f"{cka(last_bert, last_gpt):.2f}")
shuffled = last_gpt[torch.randperm(len(last_gpt), generator=torch.Generator().manual_seed(3))]
print(f"the same with the texts of one shuffled: {cka(last_bert, shuffled):.2f}")

# %% [markdown]
# The last line is the control: with the texts shuffled, nothing is left to agree on, and still CKA is not 0,
# because with 256 directions and 623 texts some agreement always turns up. Read the table above that floor.
#
# Then compare three things: a layer with its neighbour in the same model, the same layer in the other model,
# and the first layer of a model with its last. Two models that learnt from the same text by different
# lessons: how far have they come to the same view of it?

# %% [markdown]
# ## Checkpoint
#
# Answer in your head, then open your choice.

# %% id="quiz-which-token"
lab.quiz("which-token")

# %% id="quiz-bank-ahead"
lab.quiz("bank-ahead")

# %% id="quiz-high-cosine"
lab.quiz("high-cosine")

# %% id="quiz-cka-what"
lab.quiz("cka-what")

# %% [markdown]
# ## The slide says, you measured

# %% id="slide-says"
at_best = {name: max(shares) for name, shares in agreement.items()}
sense = {key: f"{layers[-1][0]:.0%}" for key, layers in told.items()}
lab.slide_says(
    [
        (
            "[CLS]: sentence embedding, aggregates sentence meaning",
            f"nearest sentence right, best layer: cls {at_best[f'{bert.name} cls']:.0%}, "
            f"mean {at_best[f'{bert.name} mean']:.0%} ({bert.name})",
        ),
        (
            "[PAD]: ignored in attention",
            f"vectors move by {moved['with the mask']:.4f} with the mask, by {moved['without']:.1f} without",
        ),
        (
            "bank, right 'was flooding': water bank",
            f"after the word, told right: {sense[bert.name, after]} ({bert.name}), "
            f"{sense[gpt.name, after]} ({gpt.name})",
        ),
        (
            "BERT: context from both sides; GPT: left-to-right",
            f"two banks, clue after: cosine {curves[f'{bert.name}, clue after'][-1]:.2f} and {ahead[-1]:.2f}",
        ),
        (
            "BERT handles word sense disambiguation",
            f"{right[bert.name][:, -1].mean():.0%} of 240 (a coin: 50%); all-MiniLM-L6-v2, recorded: 95%",
        ),
        (
            "BERT vs GPT representations",
            f"CKA of the last layers {cka(last_bert, last_gpt):.2f}, "
            f"{cka(last_bert, shuffled):.2f} with the texts shuffled",
        ),
    ]
)

# %% [markdown]
# ## What you have now
#
# You can take vectors out of any BERT or GPT-2, for texts and for words, and you know four ways to be fooled:
# padding that was read, a first token that has seen nothing, a cone in which everything is alike, and a
# decoder's word that does not know what comes next. In lab 05 these vectors become the input of a classifier.
# Before that, lab 04 looks at how a token finds the words it listens to.

# %% id="progress"
lab.progress()
