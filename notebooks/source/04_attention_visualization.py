# %% [markdown]
# # Lab 04 · Attention visualization
#
# **The question.** "Every token sees every other token", says the slide, and draws a line from each to
# each. Which of these lines are thick? What does a head look at, is the model worse off without it, and
# may you say: *the model decided so because it looked at that word*?
#
# You will read every attention weight of two models, sum heads up in two numbers, find those with a
# habit, switch them off one by one, and put attention to the test as an explanation.
#
# **Time:** 90 minutes. **You need:** a little Python; what a mask is (lab 02) helps. **Slides:**
# *Bidirectional Context in Action*, *BERT Architecture: The Details*, *Causal Masking: How It Works*,
# *Next: Hands-On Feature Extraction*.

# %%
import labkit

lab = labkit.start("04")

# %% [markdown]
# ## One sentence, two readers
#
# The slide's example is the word *bank*: "the river" on its left and "was flooding" on its right make
# it a bank of water. Both models have 4 layers of 4 heads, 16 heads in all, and each head has an opinion on
# where to look. Layers and heads are counted from 0, as Python does.

# %%
import torch

bert = labkit.load("bert")
gpt = labkit.load("gpt")
text = "The river bank was flooding, so we ran home."
tokens = labkit.attention.tokens(bert, text)
print(len(tokens), "tokens:", tokens)

# %% [markdown]
# ### Predict first
#
# Take the very first head, layer 0, head 0. Of the 14 tokens, which one will `bank` look at most? Write
# it in place of `None`, in quotes.

# %% id="predict-bank"
lab.predict("bank", None)

# %% [markdown] exercise="attention_maps"
# Get all the weights: a tensor of shape (L, H, T, T). Entry `[layer, head, i, j]` says how much token i
# takes from token j. Libraries are fast because they never hold these numbers as a whole, so the model
# has to be asked for the slower "eager" attention, and put back afterwards. You need:
#
# - `with labkit.attention.eager(model) as network:` gives the network, which is eager within the block;
# - `model.tokenizer(text, return_tensors="pt")`, and `network(**batch, output_attentions=True)`;
# - its `.attentions`, a tuple with one tensor (1, H, T, T) for each layer: a batch of one text;
# - `torch.cat(tensors)`, which joins tensors along their first axis, and `torch.inference_mode()`.


# %% solution="attention_maps"
def attention_maps(model, text):
    """All attention weights of one text.

    model: what labkit.load returns. text: str, of one token or many.
    Returns a tensor (L, H, T, T); the model is left as it was.
    """
    ### BEGIN SOLUTION
    with labkit.attention.eager(model) as network, torch.inference_mode():
        batch = model.tokenizer(text, return_tensors="pt")
        attentions = network(**batch, output_attentions=True).attentions  # L x (1, H, T, T)
    return torch.cat(attentions)
    ### END SOLUTION


# %% check="attention_maps"
lab.check(attention_maps)

# %% keyfigure="bank"
from IPython.display import display

read_maps = lab.best(attention_maps)
maps = read_maps(bert, text)


def drawable(table):
    """The table, if a heat map can draw it: shares between 0 and 1."""
    if table.min() < 0 or table.max() > 1.0001:
        raise ValueError("no shares")
    return table


for whose, some_maps in lab.both(attention_maps, lambda read: drawable(read(bert, text))).items():
    title = f"{bert.name}: layer 0, head 0" + f" ({whose})" * bool(whose)
    figure = labkit.plotting.attention_heatmap(some_maps, tokens, layer=0, head=0, title=title)
    if whose == "yours":  # yours has not passed: it is drawn first, and ours below it
        display(figure)
figure

# %% id="compare-bank"
place = tokens.index("bank")
lab.compare("bank", tokens[maps[0, 0, place].argmax()])

# %% [markdown]
# Read it row by row: the row is the token that *looks* (the query), the columns are what it looks *at*
# (the keys), and a row's shares sum to 100%. If you expected "flooding", so does the slide. Read the other
# rows too: does this head care what the words mean, or only where they stand?

# %% id="quiz-row"
lab.quiz("row")

# %% [markdown]
# ## All sixteen
#
# Move the slider from layer to layer; the menu shows one head alone. Where does the picture change its
# character? (A figure that was saved wakes up when the mouse enters it.)

# %% keyfigure="explorer"
figure = labkit.plotting.attention_explorer(maps, tokens, title=f"{bert.name}: The river bank was flooding")
figure

# %% [markdown]
# The same on one sheet, and `gpt-mini` on a second. A text for a decoder begins with `<|endoftext|>`,
# the token that stood between the texts it was trained on.

# %% keyfigure="grid-bert"
figure = labkit.plotting.attention_grid(maps, tokens, title=f"{bert.name}: every head")
figure

# %% keyfigure="grid-gpt"
start = "<|endoftext|>"
gpt_maps = read_maps(gpt, start + text)
gpt_tokens = labkit.attention.tokens(gpt, start + text)
figure = labkit.plotting.attention_grid(gpt_maps, gpt_tokens, title=f"{gpt.name}: every head")
figure

# %% [markdown]
# *Slides: Causal Masking, How It Works.* "Masked positions get probability 0." Not small: zero. And in
# bert-mini?

# %% id="zeros"
print(f"largest weight that {gpt.name} gives to a later token: {float(gpt_maps.triu(1).max())}")
print(f"smallest weight anywhere in {bert.name}: {float(maps.min()):.1e}")

# %% [markdown]
# ## Three interactive views
#
# The classic tool for looking at heads is `bertviz` (Vig 2019). **Head view:** lines from each token to
# those it looks at. Point at `bank` on the left; double-click a colour to see that head alone; choose
# another layer. Below each view stands a plain picture of the same weights, which draws in a notebook
# that you have not trusted, too.

# %% keyfigure="head-view"
view = labkit.views.head_view(bert, text, layer=1)
view

# %% [markdown]
# **Model view:** all heads at once, by lines. Click on one to enlarge it.

# %% keyfigure="model-view"
view = labkit.views.model_view(gpt, text)
view

# %% [markdown]
# **Neuron view:** where a weight comes from. Every token has a *query* (what it is looking for) and a
# *key* (what it offers), 64 numbers each; blue is above 0, orange below. Point at a token on the left and
# click the `+`: query and key are multiplied number by number and summed, and a softmax over the row makes
# shares of the sums. Compare head 0 with a head of layer 2.

# %% keyfigure="neuron-view"
view = labkit.views.neuron_view(bert, text, layer=0, head=0)
view

# %% [markdown]
# ## How widely does a head look?
#
# Sixteen maps for one sentence; thousands for a book. We need numbers that sum up a head. First:
# is it sure where to look? A row is a set of shares, and their **entropy** −Σ p log p says how spread out
# they are: 0 for a head that looks at one token, log T for one that looks at all T alike.

# %% [markdown] exercise="head_entropy"
# For each head: the entropy of each row (a sum over the keys, the last axis), then the mean over the
# rows. In nats: `torch.log`, or `maps.log()`.
#
# Before you run the check: gpt-mini's maps hold zeros. What is `0.0 * math.log(0.0)`, and what should a
# token that is not looked at add to the entropy?


# %% solution="head_entropy"
def head_entropy(maps):
    """How widely each head looks: the mean over queries of the entropy of a row, in nats.

    maps: (L, H, T, T), rows sum to 1. Returns a tensor (L, H).
    """
    ### BEGIN SOLUTION
    entropy = -torch.special.xlogy(maps, maps).sum(dim=-1)  # (L, H, T); xlogy knows that 0 log 0 is 0
    return entropy.mean(dim=-1)
    ### END SOLUTION


# %% check="head_entropy"
lab.check(head_entropy)

# %% [markdown]
# ## How far does a head look?

# %% [markdown] exercise="mean_distance"
# Second number: the distance |i − j| from the token that looks to the one looked at, weighted by
# attention. For each row the weighted sum over the keys, then the mean over the rows. You need
# `positions = torch.arange(T)`; `positions[:, None] - positions` is a table of all differences.


# %% solution="mean_distance"
def mean_distance(maps):
    """How far each head looks, in tokens: |i - j| weighted by attention, the mean over queries.

    maps: (L, H, T, T), rows sum to 1. Returns a tensor (L, H).
    """
    ### BEGIN SOLUTION
    positions = torch.arange(maps.shape[-1])
    distance = (positions[:, None] - positions).abs()  # (T, T)
    return (maps * distance).sum(dim=-1).mean(dim=-1)  # (L, H)
    ### END SOLUTION


# %% check="mean_distance"
lab.check(mean_distance)

# %% [markdown]
# ### Predict
#
# Over 40 sentences: how many of bert-mini's 16 heads will have a mean entropy below 1 nat, that is, look
# at fewer than e ≈ 2.7 tokens at a time?

# %% id="predict-sure"
lab.predict("sure", None)

# %% id="compare-sure"
items = labkit.datasets.load_cloze()
sentences = [item.text.replace("[MASK]", item.answers[0]) for item in items[::9]][:40]
entropy_of, distance_of = lab.best(head_entropy), lab.best(mean_distance)


def averaged(model, statistic, texts=sentences):
    """The mean over the sentences of statistic(maps), computed for each."""
    return labkit.attention.over_texts(model, texts, lambda maps, tokens: statistic(maps))


for function in (head_entropy, mean_distance):  # where yours are other numbers than ours, both are printed
    some = lab.both(function, lambda statistic: averaged(bert, statistic, sentences[:5]))
    for whose, numbers in some.items():
        if whose:
            print(f"{function.__name__}, {whose}, layer 0:", *(f"{x:.2f}" for x in numbers[0].tolist()))

bert_entropy, bert_distance = averaged(bert, entropy_of), averaged(bert, distance_of)
gpt_entropy, gpt_distance = averaged(gpt, entropy_of), averaged(gpt, distance_of)
sure = int((bert_entropy < 1).sum())
lab.compare("sure", sure, f" of {bert_entropy.numel()}")

# %% [markdown]
# ## Heads with a habit
#
# Clark et al. (2019) went through BERT's 144 heads and found habits: heads that look at the previous
# token, at the next, at the same token, and many that rest on `[SEP]`. How many of those has a small
# model?

# %% [markdown] exercise="find_heads"
# A pattern says for each token i which tokens j are its targets: a table (T, T) of True and False.
#
# - `"previous token"`: j = i − 1. `"next token"`: j = i + 1.
# - `"same token"`: every j where the same token stands, i itself included.
# - `"separator sink"`: every j where `tokens[j]` is in `labkit.attention.SEPARATORS`.
#
# A head's *share* is the attention that falls on targets, the mean over those rows that have a target (the
# first token has no previous one). Return the heads whose share is at least `at_least`, the strongest
# first. You need: `maps * targets`, `targets.any(dim=-1)`, `torch.tensor([[...]])`, and
# `sorted(found, key=lambda item: item[2], reverse=True)`.


# %% solution="find_heads"
def find_heads(maps, tokens, pattern, at_least):
    """The heads that follow a pattern, the strongest first.

    maps: (L, H, T, T). tokens: list of T str, at least one of them with a target. pattern: str.
    at_least: float, the share to reach. Equally strong heads may come in any order.
    Returns a list of tuples (layer: int, head: int, share: float, not rounded).
    """
    num_layers, num_heads, T, _ = maps.shape
    positions = torch.arange(T)
    offsets = positions - positions[:, None]  # (T, T): offsets[i, j] is j - i
    ### BEGIN SOLUTION
    if pattern == "previous token":
        targets = offsets == -1
    elif pattern == "next token":
        targets = offsets == 1
    elif pattern == "same token":
        targets = torch.tensor([[left == right for right in tokens] for left in tokens])
    else:
        column = torch.tensor([token in labkit.attention.SEPARATORS for token in tokens])
        targets = column.expand(T, T)
    rows = targets.any(dim=-1)  # (T,): who has a target at all
    shares = (maps * targets).sum(dim=-1)[..., rows].mean(dim=-1)  # (L, H)
    found = []
    for layer in range(num_layers):
        for head in range(num_heads):
            if shares[layer, head] >= at_least:
                found.append((layer, head, float(shares[layer, head])))
    return sorted(found, key=lambda item: item[2], reverse=True)
    ### END SOLUTION


# %% check="find_heads"
lab.check(find_heads)


# %% id="heads-of-the-sentence"
def in_words(find):
    """A line for each model and pattern."""
    lines = []
    for name, its_maps, its_tokens in [(bert.name, maps, tokens), (gpt.name, gpt_maps, gpt_tokens)]:
        for pattern in labkit.attention.PATTERNS:
            found = find(its_maps, its_tokens, pattern, 0.4)
            words = ", ".join(f"{layer}.{head} ({share:.0%})" for layer, head, share in found)
            lines.append(f"{name:9}  {pattern:15} {words or 'none'}")
    return lines


for whose, lines in lab.both(find_heads, in_words).items():
    print(f"{whose}:\n" * bool(whose) + "\n".join(lines))

# %% [markdown]
# (`2.1` is layer 2, head 1.) One sentence can mislead; here are the same shares over the 40 sentences, a
# head outlined where at least 40% of its attention follows a pattern (point at it to see which). Each head
# stands where its two numbers put it.

# %% keyfigure="scatter-bert"
bert_habits = labkit.attention.habits(labkit.attention.pattern_shares(bert, sentences))
figure = labkit.plotting.head_scatter(bert_entropy, bert_distance, f"{bert.name}: every head", bert_habits)
figure

# %% keyfigure="scatter-gpt"
started = [start + sentence for sentence in sentences]
gpt_habits = labkit.attention.habits(labkit.attention.pattern_shares(gpt, started))
figure = labkit.plotting.head_scatter(gpt_entropy, gpt_distance, f"{gpt.name}: every head", gpt_habits)
figure

# %% [markdown]
# (A decoder's numbers are smaller by nature: its first tokens have little to look at.) *BERT
# Architecture: The Details* gives as the reason for 12 heads "multiple attention patterns". Does every
# head have a pattern? And is "left and right context used equally" (*Checkpoint*)?

# %% id="left-and-right"
left, itself, right = averaged(bert, labkit.attention.direction_shares).mean(dim=(0, 1)).tolist()
print(f"{bert.name}: {left:.0%} of all attention goes left, {right:.0%} right, {itself:.0%} to itself")
for name, found in [(bert.name, bert_habits), (gpt.name, gpt_habits)]:
    print(f"{name}: {len(found)} heads have one of the four habits")

# %% id="quiz-sink"
lab.quiz("sink")

# %% [markdown]
# ## Where the habits come from
#
# Now a secret. These two models did not find all their habits by themselves. A [MASK] can find its
# neighbours only by their position, and a small encoder that starts from random numbers takes very long to
# learn what "the position before" is. So we gave both a **positional start**: before training, the
# four heads of layer 0 looked at fixed distances, −1, +1, −2, +2 in bert-mini, and −1, −2, −3, −4 in
# gpt-mini. Everything else was random, and training could do with these heads what it liked.
#
# **Predict:** how many of bert-mini's four heads still look most at the distance they began with? And of
# gpt-mini's?

# %% id="predict-start"
lab.predict("kept by bert", None)
lab.predict("kept by gpt", None)

# %% id="start-measured"
offsets = [-4, -3, -2, -1, 0, 1, 2, 3, 4]
began = {"bert-mini": [-1, 1, -2, 2], "gpt-mini": [-1, -2, -3, -4]}


def layer_0_offsets(model):
    """The share that each head of layer 0 gives to each distance, over the 40 sentences: (H, 9)."""
    return averaged(model, lambda maps: labkit.attention.offset_shares(maps, offsets)[0])


profiles = {}
for model in (labkit.load("bert-mini"), labkit.load("gpt-mini")):
    before = layer_0_offsets(labkit.attention.at_the_start(model))
    profiles[model.name] = (before, layer_0_offsets(model))

# %% keyfigure="start-bert"
rows = [f"{head} {when}" for head in range(4) for when in ("at the start", "trained")]


def in_pairs(name):
    """Rows for a table: each head at the start, and below it after training."""
    before, after = profiles[name]
    return torch.stack([before, after], dim=1).flatten(0, 1).clamp(0, 1)


signed = [f"{offset:+d}" if offset else "itself" for offset in offsets]
title = "layer 0 looks how far away?"
figure = labkit.plotting.share_matrix(
    in_pairs("bert-mini"), rows, signed, f"bert-mini: {title}", "head", "distance"
)
figure

# %% keyfigure="start-gpt"
figure = labkit.plotting.share_matrix(
    in_pairs("gpt-mini"), rows, signed, f"gpt-mini: {title}", "head", "distance"
)
figure

# %% id="compare-start"
kept = {}
for name, (_, after) in profiles.items():
    favourites = [offsets[k] for k in after.argmax(dim=-1).tolist()]
    kept[name] = sum(now == then for now, then in zip(favourites, began[name]))
    print(f"{name}: began at {began[name]}, now looks most at {favourites}")
lab.compare("kept by bert", kept["bert-mini"], " of 4")
lab.compare("kept by gpt", kept["gpt-mini"], " of 4")

# %% [markdown]
# If the two differ, here is a reason why they may. A decoder can tell where it is without being told: its
# mask gives the first token one token to see, the second two, and so on (Haviv et al. 2022). To an encoder
# without such heads, a sentence is a bag of words. How much are they worth to each? Let us take them away.

# %% [markdown]
# ## What is a head worth?
#
# A layer lays the results of its H heads side by side, D/H numbers each, and one matrix reads all D. To
# silence a head, put zeros where its numbers are. If the loss does not move, the model did not need it.

# %% [markdown] exercise="ablate_head"
# Return a copy of `mixed` in which the numbers of one head are 0. `mixed.clone()` makes a copy, and
# `x[..., a:b]` are the numbers a to b − 1 of the last axis, whatever stands before it.


# %% solution="ablate_head"
def ablate_head(mixed, head, num_heads):
    """What an attention layer passes on when one head is silent.

    mixed: (B, T, D), the heads' results side by side. head: int, from 0. num_heads: int (H); it divides D.
    Returns a tensor (B, T, D), a copy.
    """
    ### BEGIN SOLUTION
    width = mixed.shape[-1] // num_heads  # D/H
    ablated = mixed.clone()
    ablated[..., head * width : (head + 1) * width] = 0.0
    return ablated
    ### END SOLUTION


# %% check="ablate_head"
lab.check(ablate_head)

# %% [markdown]
# `labkit.ablation.ablation_map` calls your function inside the model, for each head in turn, and measures
# the loss on the same 60 sentences with the same hidden words: bert-mini guesses 15% of the words,
# gpt-mini every next token.
#
# **Predict:** how many of bert-mini's 16 heads can be silenced, one at a time, at a cost of less than
# 0.05 nats?

# %% id="predict-worth"
lab.predict("worth", None)

# %% keyfigure="ablation-bert"
silence = lab.best(ablate_head)
texts = [item.text.replace("[MASK]", item.answers[0]) for item in items[::6]][:60]
changes = lab.both(ablate_head, lambda silence: labkit.ablation.ablation_map(bert, texts, silence))
for whose, (bert_change, bert_half) in changes.items():
    title = f"{bert.name}: loss without this head" + f" ({whose})" * bool(whose)
    figure = labkit.plotting.head_matrix(bert_change, title, "nats", bert_half)
    if whose == "yours":
        display(figure)
figure

# %% id="compare-worth"
cheap = int((bert_change < 0.05).sum())
lab.compare("worth", cheap, f" of {bert_change.numel()}")

# %% keyfigure="ablation-gpt"
gpt_change, gpt_half = labkit.ablation.ablation_map(gpt, texts, silence)
figure = labkit.plotting.head_matrix(gpt_change, f"{gpt.name}: loss without this head", "nats", gpt_half)
figure

# %% [markdown]
# Numbers in brackets may be chance: their 95% interval holds 0. Now look back at the two scatter plots.
# Which heads are dear, those that are sure of themselves or those that spread their attention?

# %% id="worth-and-entropy"
for name, change, entropy, names in [
    (bert.name, bert_change, bert_entropy, bert_habits),
    (gpt.name, gpt_change, gpt_entropy, gpt_habits),
]:
    dearest = divmod(int(change.argmax()), change.shape[1])
    print(f"{name}: the dearest head is {dearest[0]}.{dearest[1]}, {float(change.max()):.2f} nats;", end=" ")
    print("its habit:", names.get(dearest, "none of the four"))
    for what, chosen in {"below 1 nat": entropy < 1, "of 1 nat or more": entropy >= 1}.items():
        cost = f"{float(change[chosen].mean()):.2f}" if chosen.any() else "there is none"
        print(f"   mean cost of a head with an entropy {what}: {cost}")
    print(f"   layer 0 has {float(change[0].sum() / change.sum()):.0%} of the cost of all heads")
    for habit in sorted(set(names.values())):
        costs = [float(change[place]) for place, its_habit in names.items() if its_habit == habit]
        print(f"   {habit}: {sum(costs) / len(costs):.2f} on average, heads: {len(costs)}")

# %% [markdown]
# A head that costs nothing alone need not be useless: the others may do its work while it is out. Silence
# all heads of a layer at once:

# %% id="whole-layers"
for model in (bert, gpt):
    base = labkit.ablation.text_losses(model, texts).mean()
    costs = []
    for layer in range(model.num_layers):
        with labkit.ablation.without_head(model, layer, 0, lambda mixed, head, num_heads: mixed * 0):
            costs.append(float(labkit.ablation.text_losses(model, texts).mean() - base))
    together = ", ".join(f"layer {layer}: {cost:.2f}" for layer, cost in enumerate(costs))
    print(f"{model.name}, loss {base:.2f}; all heads of a layer silent: {together}")
    sums = (bert_change if model is bert else gpt_change).sum(dim=1).tolist()
    print("   its heads one by one, added up:", ", ".join(f"{total:.2f}" for total in sums))

# %% [markdown]
# Where a layer costs more than its heads added up, they stand in for one another. Michel et al. (2019)
# found in large models that most heads can go after training, one at a time; Voita et al. (2019) that the
# last to go are those with a clear role, position above all.

# %% [markdown]
# ## Through all layers
#
# A map of layer 3 does not show which *words* are looked at: the vectors it mixes are mixtures already.
# **Attention rollout** (Abnar & Zuidema 2020) follows the paths back to the words. Each block adds its
# attention's result to what was there, so they take half of a layer for the token itself:
#
# A = ½ · (mean of the heads) + ½ · (identity)
#
# and multiply the layers: rollout = A₃ · A₂ · A₁ · A₀, the first layer rightmost.

# %% [markdown] exercise="attention_rollout"
# Write it. `torch.eye(T)` is the identity, `@` the product of matrices.
#
# Before you write: what must the rows of the result sum to?


# %% solution="attention_rollout"
def attention_rollout(maps):
    """How much of each last-layer token comes from each input token.

    maps: (L, H, T, T), the first layer first. Returns a tensor (T, T).
    """
    ### BEGIN SOLUTION
    identity = torch.eye(maps.shape[-1])
    rollout = identity
    for layer in maps.mean(dim=1):  # (T, T)
        rollout = (layer + identity) / 2 @ rollout
    return rollout
    ### END SOLUTION


# %% check="attention_rollout"
lab.check(attention_rollout)

# %% keyfigure="rollout"
roll = lab.best(attention_rollout)
for whose, table in lab.both(attention_rollout, lambda roll: drawable(roll(maps))).items():
    title = f"{bert.name}: rollout through all layers" + f" ({whose})" * bool(whose)
    figure = labkit.plotting.attention_heatmap(table[None, None], tokens, 0, 0, title=title)
    if whose == "yours":
        display(figure)
figure

# %% [markdown]
# Is it paler than a single head? After all layers every token is a bit of everything, and of itself. What of
# `bank`?

# %% id="bank-context"
rollout, some_head = roll(maps), maps.flatten(0, 1)
strongest = some_head.max(dim=-1).values.mean()
print(f"a row's largest share: {float(strongest):.0%} in a head on average, ", end="")
print(f"{float(rollout.max(dim=-1).values.mean()):.0%} in the rollout")
for whose, from_where in lab.both(attention_rollout, lambda roll: roll(maps)[place]).items():
    order = from_where.argsort(descending=True).tolist()
    print(f"{whose}, " * bool(whose) + "rollout of bank:", end=" ")
    print(", ".join(f"{tokens[k]} {float(from_where[k]):.0%}" for k in order[:5]))
share = {
    word: float(from_where[labkit.features.word_pieces(bert, text, word)].sum())
    for word in ("river", "flooding")
}

# %% [markdown]
# ## Is attention an explanation?
#
# *Slides: Next, Hands-On Feature Extraction* promises "attention pattern interpretation". Suppose a map is
# offered as the reason for a prediction. Four ways to ask which words mattered, for the word at the blank:
#
# - **attention**: what the blank looks at, the mean over all layers and heads;
# - **rollout**: the blank's row of your matrix;
# - **gradient**: how strongly log P(word) reacts to a small change of each word's vector;
# - **deletion**: hide the word too, and see how far log P(word) moves. This one is an intervention: it asks
#   the model itself.
#
# **Predict:** bert-mini fills "It was the [MASK] movie I have ever seen, I was bored to death." Which word of
# the sentence matters most for what it says, by deletion?

# %% id="predict-word"
lab.predict("word", None)

# %% keyfigure="explained"
explained = labkit.explaining.explain(bert, "It was the [MASK] movie I have ever seen, I was bored to death.")
figure = labkit.plotting.word_scores(
    explained.scores,
    explained.tokens,
    title=f"Why '{explained.word}' (P = {explained.probability:.0%})?",
)
figure

# %% id="compare-word"
lab.compare("word", explained.tokens[int(explained.scores["deletion"].argmax())])
separators = [k for k, token in enumerate(explained.tokens) if token in labkit.attention.SEPARATORS]
for method, scores in explained.scores.items():
    print(f"{method:9}  on [CLS] and [SEP]: {float(scores[separators].sum()):.0%}")

# %% [markdown]
# One sentence proves nothing. Over 80 sentences of the cloze set: how well does each method put the words of
# a sentence into the order that deletion gives? 1 is the same order, 0 no relation.

# %% keyfigure="agreement"
blanks = [item.text for item in items[::4]][:80]
agreement = labkit.explaining.agreement(bert, blanks)
figure = labkit.plotting.correlation_dots(
    list(agreement), list(agreement.values()), title="Agreement with deletion, 80 sentences"
)
figure

# %% id="conclusion"
best_method = max(agreement, key=lambda method: agreement[method][0])
attention_mean = agreement["attention"][0]
print(
    f"Closest to deletion: {best_method} ({agreement[best_method][0]:.2f}). Attention: {attention_mean:.2f}."
)
if best_method == "attention":
    print("Here attention ranks words at least as well as the others. A rank is still not a reason.")
elif attention_mean > 0:
    print(f"Attention knows something about it, and less than {best_method}.")
else:
    print("Attention's order of the words has nothing to do with what deletion says.")

# %% [markdown]
# Attention is one of several numbers that decide what flows: the *value* that is passed on may be small
# (Kobayashi et al. 2020), a later layer may undo it, and the residual connection goes around it. Jain &
# Wallace (2019) showed that other weights can give the same answer; Wiegreffe & Pinter (2019) answered
# that this does not make them meaningless. What you can safely say: *the head looks there*. For
# *therefore*, change something and measure.

# %% id="quiz-explanation"
lab.quiz("explanation")

# %% [markdown]
# ## Your own sentence
#
# Change the sentence and run the cell again: whatever you write, in any language. With
# `labkit.load("bert-base-uncased")` (where you have a network) the same lines draw 144 heads.

# %% id="own-sentence"
labkit.views.head_view(bert, "The animal did not cross the street because it was too tired.", layer=3)

# %% [markdown]
# ## The slide says, you measured

# %% id="slide-says"
cls_row = maps[-1, :, 0].mean(dim=0)  # (T,): what [CLS] looks at in the last layer
seen = float(torch.special.entr(cls_row).sum().exp())
ahead = float(gpt_maps.triu(1).max())
with_habit = f"one of four habits: {len(bert_habits)} of {bert_change.numel()} heads of {bert.name}"
shares = ", ".join(f"{word} {part:.0%}" for word, part in share.items())
bank = f"rollout of bank: {shares}; one token's even share: {1 / len(tokens):.0%}"
lab.slide_says(
    [
        ("every token sees every other token", f"smallest weight in {bert.name}: {float(maps.min()):.0e}"),
        ("masked positions get probability 0", f"{gpt.name}, later tokens: at most {ahead:g}"),
        ("left and right context used equally", f"{left:.0%} to the left, {right:.0%} to the right"),
        ("12 heads: multiple attention patterns", with_habit),
        ("'river' and 'flooding' settle what 'bank' means", bank),
        (
            "[CLS] aggregates sentence meaning",
            f"in the last layer it spreads over {seen:.0f} of {len(tokens)} tokens",
        ),
        ("attention pattern interpretation", f"agreement with deletion: {attention_mean:.2f} of 1"),
    ]
)

# %% [markdown]
# ## What you have now
#
# You can read any attention map, sum a head up, name its habit, and, above all, check what it is worth
# before you tell a story about it: that a head looks somewhere you can see; what it is worth, and what a
# prediction depends on, you have to measure. In lab 05 the vectors that all these heads made are put to
# work.

# %% id="progress"
lab.progress()
