# %% [markdown]
# # Lab 02 · Causal masks
#
# **The question.** When you write, the end of your sentence does not exist yet. A model that is to write
# must learn under the same condition; but in training the whole sentence lies before it. What keeps it
# from peeking?
#
# A triangle of ones and zeros. You will build it, prove that nothing gets past it, take it away from GPT
# and give it to BERT, and see what each of them makes of that. Then you let GPT write.
#
# **Time:** 90 minutes. **You need:** a little Python; lab 01 helps. **Slides:** *The Generation
# Challenge* to *Checkpoint: Understanding GPT*.
#
# As in lab 01: predict, write, check, read the hint, try again. What comes after an exercise goes on with
# the course's own function until yours passes.

# %%
import labkit

lab = labkit.start("02")

# %% [markdown]
# ## The two models
#
# The matched pair again: same depth, same width, same text. What differs is who may look at whom, and
# what is asked. (`labkit.load("gpt2")` is the real one, where you have a network.)

# %%
import torch

bert = labkit.load("bert")
gpt = labkit.load("gpt")
print(bert.description)
print(gpt.description)

# %% [markdown]
# GPT writes one token at a time. Each new token is put behind the text, and the longer text goes in again.
# By the end of this lab all of this is yours:

# %% id="first-words"
print(labkit.generation.continue_text(gpt, "Once upon a time", num_new=40, temperature=0))

# %% [markdown]
# ## The triangle
#
# *Slides: Causal Masking, Preventing Future Cheating; How It Works.* A mask is a table: row *i* is the token
# that looks, column *j* the token that is looked at. A decoder's token may look at itself and back, never
# ahead.
#
# **Predict:** how many of the 36 entries are True for a sentence of 6 tokens?

# %% id="predict-triangle"
lab.predict("triangle", None)

# %% [markdown] exercise="causal_mask"
# Write the mask. Two tools: `torch.ones(T, T)` makes a square of ones, `.tril()` keeps a matrix's lower
# triangle; `dtype=torch.bool` turns ones into True. (A loop over i and j is fine as well.)


# %% solution="causal_mask"
def causal_mask(T):
    """Who may look at whom in a decoder.

    T: int, the number of tokens.
    Returns (T, T) bool: entry (i, j) is True where token i may look at token j.
    """
    ### BEGIN SOLUTION
    return torch.ones(T, T, dtype=torch.bool).tril()
    ### END SOLUTION


# %% check="causal_mask"
lab.check(causal_mask)

# %% id="compare-triangle"
triangle = lab.best(causal_mask)
for whose, mask in lab.both(causal_mask, lambda make: make(4).int()).items():
    print(f"{whose}:\n{mask}" if whose else mask)
lab.compare("triangle", int(triangle(6).sum()), " entries")

# %% [markdown]
# ## Attention behind the mask
#
# *Slides: Causal Masking, How It Works.* Attention mixes the values of the tokens, each with a weight. The
# weights come from a softmax over the scores, and the mask has to act *before* it. The slide writes
#
# scores_masked = scores + (1 − M) × (−∞)
#
# **Predict:** what does a computer make of that formula where looking is allowed, with M = 1?

# %% id="predict-slide-formula"
lab.predict("formula", None)

# %% id="compare-slide-formula"
M = triangle(4).float()
slide_scores = torch.zeros(4, 4) + (1 - M) * float("-inf")
print(slide_scores)
lab.compare("formula", slide_scores[0, 0].item())

# %% [markdown]
# Zero times infinity is no number. On paper everybody knows what is meant; in code, write the lowest number
# into the hidden places and leave the others alone.

# %% [markdown] exercise="attention"
# Write attention for one head: scores q·kᵀ, divided by √D; hidden scores pushed down; softmax over the keys;
# weighted sum of the values. Your tools:
#
# - `q @ k.transpose(-2, -1)`: every query with every key, (B, T, T);
# - `q.shape[-1] ** 0.5`: √D;
# - `scores.masked_fill(~mask, number)`: a copy with `number` where the mask is False;
# - `torch.finfo(scores.dtype).min`: the lowest number there is. With −inf a token that may look *nowhere*
#   would get NaN; that happens to padding, and must not;
# - `.softmax(dim=-1)`.


# %% solution="attention"
def attention(q, k, v, mask):
    """Each token's mean of the values it may look at, weighted by how well its query fits their keys.

    q, k: (B, T, D) queries and keys. v: (B, T, E) values. mask: (T, T) or (B, T, T) bool, True where
    query i may look at key j. Returns (B, T, E); a row that may look nowhere holds any numbers, but no NaN.
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5  # (B, T, T)
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1) @ v
    ### END SOLUTION


# %% check="attention"
lab.check(attention)

# %% [markdown]
# ## Padding as well
#
# *Slides: Special Tokens, [PAD].* Texts of a batch are filled up to one length, and nobody may look at the
# filling. So two masks meet: the triangle, and the tokenizer's `attention_mask` (1 for real, 0 for padding).
# A decoder is often padded on the *left*, so that every text ends in the last column, where the next token
# will be predicted.

# %% [markdown] exercise="combine_masks"
# Combine them: token i may look at token j if both masks allow it. Padding hides the *columns*; what a
# padding token itself looks at is nobody's business, so take nothing more away from its row. One tool is new:
# `padding[:, None, :]` puts an axis for the queries between, and PyTorch repeats along it.


# %% solution="combine_masks"
def combine_masks(causal, padding):
    """One mask for each text of a batch.

    causal: (T, T) bool, True where token i may look at token j. padding: (B, T) int64, 1 for a real token
    and 0 for padding. Returns (B, T, T) bool.
    """
    ### BEGIN SOLUTION
    return causal & (padding == 1)[:, None, :]
    ### END SOLUTION


# %% check="combine_masks"
lab.check(combine_masks)

# %% keyfigure="masks"
combine = lab.best(combine_masks)
everywhere, words = torch.ones(6, 6, dtype=torch.bool), "The cat sat on the mat".split()
four, pad = words[:4], ["[PAD]", "[PAD]"]
panels = {
    "BERT": (words, everywhere),
    "GPT": (words, triangle(6)),
    "BERT, padded": (four + pad, combine(everywhere, torch.tensor([[1, 1, 1, 1, 0, 0]]))[0]),
}
left = triangle(6), torch.tensor([[0, 0, 1, 1, 1, 1]])
for whose, mask in lab.both(combine_masks, lambda join: join(*left)[0].reshape(6, 6)).items():
    panels[f"GPT, padded left{whose and f' ({whose})'}"] = (pad + four, mask)
figure = labkit.plotting.mask_panels(panels, title="Four masks: rows look, columns are looked at")
figure

# %% [markdown]
# Look at the first two rows of the last one: padding on the left of a decoder may look at nothing at all.
# That is the row for which your attention must not give NaN.

# %% [markdown]
# ## Does anything leak?
#
# *Slides: "Prevents data leakage".* A mask is easy to get wrong, and a wrong one does not crash: it makes
# the loss look wonderful. So one tests it, from outside, without reading the code: **change a later token,
# and watch the earlier outputs**. If one of them moves, the future leaks. Such a test is called a property
# test, and it fits any model.

# %% [markdown] exercise="sees_future"
# Write the test. `fn` takes token ids, (T,), and gives one output for each position. Make some ids, change
# one of them to another id, and compare the outputs *before* it; do that for every position.
#
# - `torch.randint(100, (12,))`: twelve random ids from 0 to 99;
# - `ids.clone()`: a copy that you may change;
# - `torch.allclose(a, b, atol=1e-4)`: equal, up to rounding.
#
# Before you write: which outputs *may* move when token 5 changes?


# %% solution="sees_future"
def sees_future(fn):
    """Does any output of fn depend on a later token?

    fn: a function from token ids (T,) int64, each from 0 to 99, to a tensor (T, ...): one output for each
    position. T may be anything from 1; 12 tokens are enough to find a leak.
    Returns bool: True if fn sees the future.
    """
    ### BEGIN SOLUTION
    ids = torch.randint(100, (12,))
    before = fn(ids)
    for j in range(1, len(ids)):
        changed = ids.clone()
        changed[j] = (ids[j] + 1) % 100
        if not torch.allclose(fn(changed)[:j], before[:j], atol=1e-4):
            return True
    return False
    ### END SOLUTION


# %% check="sees_future"
lab.check(sees_future)

# %% [markdown]
# Now hand it what you have: your own attention behind the triangle, and both models as they are.

# %% id="who-peeks"
peeks, attend = lab.best(sees_future), lab.best(attention)
table = torch.randn(100, 8)  # a vector for each token


def my_attention(ids):
    x = table[ids][None]  # (1, T, 8)
    return attend(x, x, x, triangle(len(ids)))[0]


def logits_of(model):
    def fn(ids):
        with torch.inference_mode():
            return model.network(input_ids=ids[None]).logits[0]  # (T, V)

    return fn


print("your attention sees the future:", peeks(my_attention))
print(f"{gpt.name} sees the future:", peeks(logits_of(gpt)))
print(f"{bert.name} sees the future:", peeks(logits_of(bert)))

# %% [markdown]
# ### A map of influence
#
# The same idea as a picture. We replace each token in turn (several times, by random ones) and measure how
# far every output of the last layer moves. **Predict:** of all outputs that stand *before* a changed token,
# what percentage moves, in bert-mini and in gpt-mini?

# %% id="predict-influence"
lab.predict("bert moves", None)
lab.predict("gpt moves", None)

# %% keyfigure="influence"
text = "The bank of the river was flooded."
maps = {model.name: labkit.influence.influence_map(model, text) for model in (bert, gpt)}
figure = labkit.plotting.influence_maps(maps, title="What moves when a token changes")
figure

# %% id="compare-influence"
shares = []
for key, (_, moved) in zip(("bert moves", "gpt moves"), maps.values()):
    ahead = moved[~triangle(len(moved))]  # the entries above the diagonal
    shares.append((ahead > 1e-4).float().mean().item())
    lab.compare(key, round(100 * shares[-1]), "%")
moved, places = maps[bert.name][1], torch.arange(len(maps[bert.name][1]))
distance = (places[:, None] - places).abs()  # (T, T)
near, far = moved[distance == 1].mean().item(), moved[distance >= 3].mean().item()
print(f"{bert.name}, mean influence: of a neighbour {near:.2f}, of a token 3 or more away {far:.2f}")

# %% [markdown]
# A dot is a zero. In gpt-mini there is not one exception above the diagonal, and no training could make one:
# the mask is part of the computation. In bert-mini everything may touch everything; how much it does is
# learnt (compare the two means). Read bert-mini's row "bank": the words that say *which* bank stand to its
# right. A decoder at "bank" cannot know yet.

# %% [markdown]
# ## A lesson at every token
#
# *Slides: Autoregressive Language Modeling; Teacher Forcing.* Behind the triangle the output at position t
# knows tokens 1 to t, and is asked for token t + 1. So one pass over a sentence of T tokens is T − 1 lessons
# at once, each with the *true* words before it: teacher forcing.

# %% [markdown] exercise="next_token_loss"
# Write the loss: the mean of −log p(next token) over all positions that have a next token. Which logits
# have none? Which id is nobody's next token? Shift one against the other first. Then either of:
#
# - `.log_softmax(dim=-1)`, and `.gather(-1, targets.unsqueeze(-1))`, which picks each target's entry;
# - `torch.nn.functional.cross_entropy(logits, targets)`, which expects one row for each prediction, (N, V)
#   and (N,): `.flatten(0, 1)` and `.flatten()` make them.


# %% solution="next_token_loss"
def next_token_loss(logits, input_ids):
    """Mean cross-entropy of each token, given those before it, in nats.

    logits: (B, T, V); those at position t predict token t + 1. input_ids: (B, T) int64, T at least 2.
    Returns a scalar tensor (float).
    """
    ### BEGIN SOLUTION
    logits, targets = logits[:, :-1], input_ids[:, 1:]  # (B, T - 1, V) and (B, T - 1)
    log_probs = logits.log_softmax(dim=-1)
    return -log_probs.gather(-1, targets.unsqueeze(-1)).mean()
    ### END SOLUTION


# %% check="next_token_loss"
lab.check(next_token_loss)

# %% [markdown]
# What the loss is made of, along one sentence. The slide *Next Token Prediction Process* has P(cat) = 0.65,
# P(sat) = 0.42, P(on) = 0.71, P(the) = 0.88.

# %% keyfigure="along"
along = labkit.generation.guesses_along(gpt, "The cat sat on the mat.")
figure = labkit.plotting.next_token_bars(along, title=f"{gpt.name}: how likely was each next token?")
figure

# %% [markdown]
# Compare the small words that grammar demands ("on", "the") with the content words ("cat", "mat"). A low
# probability is no failure: after "The" nobody can know that a cat comes, and a sentence is not a riddle with
# one answer. Change the sentence in the next cell to one of yours.

# %% id="your-sentence"
mine = labkit.generation.guesses_along(gpt, "It was the worst film I have ever seen.")
labkit.plotting.next_token_bars(mine, title=f"{gpt.name}, along your sentence")

# %% [markdown]
# ## Swap the masks
#
# *Slides: "Causal mask is the key difference in transformer decoder vs encoder".* If so, what happens when
# BERT gets the triangle, and GPT loses it? The weights stay as they are; only who may look at whom changes.
# `labkit.masks.with_mask` runs our readable Transformer (`labkit/transformer.py`) on their weights; your test
# tells whether the swap worked.

# %% id="swapped"
bert_causal = labkit.masks.with_mask(bert, causal=True)
gpt_unmasked = labkit.masks.with_mask(gpt, causal=False)
print(f"{bert_causal.name} sees the future:", peeks(logits_of(bert_causal)))
print(f"{gpt_unmasked.name} sees the future:", peeks(logits_of(gpt_unmasked)))

# %% [markdown]
# **BERT behind the triangle.** The cloze sentences of lab 01, sorted by where the clue stands. Where will it
# hurt? **Predict** the share of blanks that bert-mini still fills behind the triangle when the clue stands on
# the *right*, in percent. (Lab 01's "left side only" cut the sentence off behind the blank. Is this the
# same?)

# %% id="predict-swap"
lab.predict("bert causal", None)

# %% keyfigure="swap"
items = labkit.datasets.load_cloze()
readers = {
    "no mask": labkit.cloze.full_context(bert),
    "causal mask": labkit.cloze.full_context(bert_causal),
    "no mask, cut off behind the blank": labkit.cloze.left_context(bert),
}
by_clue = labkit.datasets.by_clue(items)
groups = {name: by_clue[name] for name in ("clue on the left", "clue on the right")}
results = {
    group: [labkit.cloze.cloze_accuracy(predict, some, k=5) for predict in readers.values()]
    for group, some in groups.items()
}
figure = labkit.plotting.accuracy_bars(
    list(readers), groups=results, title="bert-mini: blanks filled (top 5)"
)
figure

# %% id="compare-swap"
free, masked, cut = (share for share, _, _ in results["clue on the right"])
lab.compare("bert causal", round(100 * masked), "%")
left_free, left_masked, _ = (share for share, _, _ in results["clue on the left"])
for where, before, behind in (("left", left_free, left_masked), ("right", free, masked)):
    kept = f"it keeps {behind / before:.0%} of what it had" if before else "it had none"
    print(f"clue on the {where}: {before:.0%} without a mask, {behind:.0%} behind it: {kept}")

# %% [markdown]
# Nobody trained bert-mini for the triangle. On which side does it keep more of what it had? And look at the
# third dot: cut off, the sentence ends for bert-mini where none ever ended; behind the triangle the rest of
# it is there, and out of sight. Not the same.
#
# **GPT without its triangle.** Now every position can see the very token it is asked for.
# **Predict:** will its loss fall or rise?

# %% id="predict-unmasked"
lab.predict("gpt unmasked", None)

# %% id="compare-unmasked"
loss_of = lab.best(next_token_loss)
sentences = [item.text.replace("[MASK]", item.answers[0]) for item in items]


def mean_loss(model, texts):
    losses = []
    for text in texts:
        ids = labkit.generation.encode_prompt(model, text)  # (1, T)
        with torch.inference_mode():
            losses.append(loss_of(model.network(input_ids=ids).logits, ids).item())
    return sum(losses) / len(losses)


with_triangle, without = mean_loss(gpt, sentences[:100]), mean_loss(gpt_unmasked, sentences[:100])
print(f"with its mask {with_triangle:.2f} nats, without {without:.2f}")
lab.compare("gpt unmasked", "it falls" if without < with_triangle else "it rises")
if without < with_triangle:
    used = 1 - without / with_triangle
    print(f"The answers lie open, and gpt-mini makes little of them: they are worth {used:.0%} of its loss.")
else:
    print("The answers lie open, and yet the loss is higher: what now flows in is noise to these weights.")

# %% [markdown]
# Somebody who copied the answers would have a loss near 0. gpt-mini never *learnt* to look right: its weights
# were fitted to states that know only the past. Taking a mask away does not make a cheat, nor does giving one
# to BERT make a writer: weights and mask belong together. But *training* without a mask does make a cheat.

# %% [markdown]
# ## The cheat
#
# *Slides: "Training: model can't cheat".* And if it could? We train two tiny models, from the same start, on
# the characters of our sentences: one behind the triangle, one without it. It takes some seconds.
# **Predict** the loss of the one without a mask after 120 steps (at the start both have about log 33 = 3.5
# nats).

# %% id="predict-cheat"
lab.predict("cheat", None)

# %% id="cheat"
honest = labkit.characters.train(sentences, causal=True, steps=120)
cheat = labkit.characters.train(sentences, causal=False, steps=120)
labkit.plotting.loss_lines(
    {"behind the triangle": honest.losses, "no mask": cheat.losses},
    title="Next character: loss while training",
)

# %% id="compare-cheat"
lab.compare("cheat", round(cheat.losses[-1], 2), " nats")
for name, model in {"behind the triangle": honest, "no mask": cheat}.items():
    print(f"\n{name}: {model.accuracy(' '.join(sentences)):.0%} of the characters right")
    leaks = labkit.influence.sees_future(model.logits, len(model.characters))  # ids below 33, not 100
    print("  sees the future:", leaks)
    print("  writes:", model.write("the cat "))

# %% [markdown]
# The numbers of the cheat are splendid, and it can't write a word: when it is on its own, there is no next
# character to copy. (The honest one is a beginner after seconds of training, but look at its letters: some
# are almost words.) This is the whole reason for the triangle. A loss that is too good to be true usually
# isn't.

# %% id="quiz-leak"
lab.quiz("leak")

# %% [markdown]
# ## How likely is a sentence?
#
# *Slides: Autoregressive Approach, The Mathematics.* The chain rule: P(w₁, …, w_T) is the product of all
# P(w_t | w₁, …, w_t−1), "exact, no approximation". A product of many small numbers soon underflows, so
# one adds logarithms.

# %% [markdown] exercise="sentence_log_prob"
# Return log P(text) in nats. The first token needs something to follow: put the end-of-text token in front,
# `model.tokenizer.eos_token_id`, which is what gpt-mini saw between texts. You need:
#
# - `model.tokenizer(text).input_ids`: a list of ids, without that token;
# - `model.network(input_ids=...).logits` for a (1, T) tensor, inside `with torch.inference_mode():`;
# - `.log_softmax(dim=-1)`, and the shift of the last exercise.


# %% solution="sentence_log_prob"
def sentence_log_prob(model, text):
    """log P(text) by the chain rule, in nats.

    model: what labkit.load returns, a decoder. text: str, not empty, and to be scored as it is.
    Returns a float, 0 or less.
    """
    ### BEGIN SOLUTION
    ids = torch.tensor([[model.tokenizer.eos_token_id, *model.tokenizer(text).input_ids]])  # (1, 1 + T)
    with torch.inference_mode():
        log_probs = model.network(input_ids=ids).logits[0].log_softmax(dim=-1)  # (1 + T, V)
    return sum(log_probs[t, ids[0, t + 1]].item() for t in range(ids.shape[1] - 1))
    ### END SOLUTION


# %% check="sentence_log_prob"
lab.check(sentence_log_prob)

# %% [markdown]
# Two sentences of the same kind, one of them a little wrong. A model that never heard of grammar has to say
# which is likelier. **Predict:** in how many of the eight pairs is it the right one?

# %% id="predict-pairs"
lab.predict("pairs", None)

# %% keyfigure="pairs"
pairs = [
    ("She has a dog.", "She have a dog."),
    ("The children were playing.", "The children was playing."),
    ("I have never seen it.", "I never have it seen."),
    ("He went to the house.", "He went to house the."),
    ("Once upon a time there was a king.", "Once upon a time there was a kings."),
    ("He drank a cup of tea.", "He drank a cup of doors."),
    ("The cat sat on the mat.", "The mat sat on the cat."),
    ("The film was so bad that I left.", "The film was so good that I left."),
]
log_p = lab.best(sentence_log_prob)


def score_pairs(log_p):
    return [(log_p(gpt, good), log_p(gpt, odd)) for good, odd in pairs]


rows = []
for whose, scores in lab.both(sentence_log_prob, score_pairs).items():
    rows += [f"{whose}:"] if whose else []
    for (good, odd), (a, b) in zip(pairs, scores):
        verdict = "right" if a > b else "wrong"
        rows.append(f"{a:6.1f}  {good:36} {b:6.1f}  {odd:38} {verdict}")
print("\n".join(rows))

# %% id="compare-pairs"
pairs_right = sum(a > b for a, b in scores)
lab.compare("pairs", pairs_right, " of 8")

# %% [markdown]
# (Compare only sentences of about one length: each token more makes any text less likely.)
#
# "All trained in parallel!", says the slide. Does one pass over the sentence really give the same numbers as
# one pass for each token, with nothing but the tokens before it to read? The triangle promises it.

# %% id="parallel"
text = "It was the worst film I have ever seen."
ids = labkit.generation.encode_prompt(gpt, text)  # (1, T)
step_by_step = 0.0
with torch.inference_mode():
    for t in range(1, ids.shape[1]):
        logits = gpt.network(input_ids=ids[:, :t]).logits[0, -1]
        step_by_step += logits.log_softmax(dim=-1)[ids[0, t]].item()
difference = abs(step_by_step - log_p(gpt, text))
print(f"one pass {log_p(gpt, text):.4f}, step by step {step_by_step:.4f}")

# %% [markdown]
# ## Choosing the next token
#
# *Slides: Computing P(next word), "softmax and sample".* The model gives a probability to each of its
# pieces. Which one do we take? Always the likeliest is safe and dull. A draw is lively, and now and then
# disastrous: of thousands of unlikely pieces each is nearly impossible, but one of them comes up every few
# words. Three knobs:
#
# - **temperature** divides the logits. Below 1 the likely gets likelier; 0 means: always the likeliest;
# - **top_k** keeps the k likeliest and forgets the rest;
# - **top_p** keeps the smallest set of the likeliest that has probability p together (Holtzman et al. 2020).

# %% keyfigure="temperatures"
prompt = "The cat sat on the"
with torch.inference_mode():
    logits = gpt.network(input_ids=labkit.generation.encode_prompt(gpt, prompt)).logits[0, -1]  # (V,)
panels = {}
for temperature in (0.5, 1.0, 2.0):
    best = labkit.generation.next_probs(logits, temperature).topk(5)
    words = [gpt.tokenizer.decode([index]).strip() for index in best.indices.tolist()]
    panels[f"temperature {temperature}"] = (words, best.values)
figure = labkit.plotting.compare_bars(panels, title=f"{gpt.name}: {prompt} ...")
figure

# %% [markdown]
# **Predict:** how many of gpt-mini's 8,192 pieces does top_p = 0.9 keep behind "The cat sat on the", and how
# many behind "Once upon a"?

# %% id="predict-nucleus"
lab.predict("mat nucleus", None)
lab.predict("upon nucleus", None)

# %% id="compare-nucleus"
for key, prompt in {"mat nucleus": "The cat sat on the", "upon nucleus": "Once upon a"}.items():
    with torch.inference_mode():
        logits = gpt.network(input_ids=labkit.generation.encode_prompt(gpt, prompt)).logits[0, -1]
    kept = int((labkit.generation.next_probs(logits, top_p=0.9) > 0).sum())
    lab.compare(key, kept, f" of {len(logits):,} pieces, behind '{prompt}'")

# %% [markdown]
# The same p, and so different a number: that is what top_p has over top_k. Where the model is sure, it keeps
# one or two; the more might come, the more it keeps.

# %% [markdown] exercise="sample_next"
# Write the draw, for a whole batch: one row of logits for each text. First the temperature (0 is a case of
# its own), then top_k, then top_p on what is left, rescaled to sum to 1. It is easiest on sorted logits; the
# sort is there already. You need:
#
# - `ordered[:, top_k:] = float("-inf")`: takes all but the first k away (top_k = 0 keeps all);
# - `probs.cumsum(dim=-1) - probs`: the probability of everything that is likelier than this token. A token
#   stays if that is still below top_p;
# - `torch.multinomial(probs, 1, generator=generator)`: one draw for each row, (B, 1); it rescales by itself;
# - `ids.gather(-1, pick)`: from places in the sorted row back to ids.


# %% solution="sample_next"
def sample_next(logits, temperature, top_k, top_p, generator):
    """Draw the next token of each text.

    logits: (B, V), -inf for a token that is not to come. temperature: float, 0 or more; 0 takes the
    likeliest. top_k: int, how many tokens stay, 0 for all; it may be more than V. top_p: float above 0, the
    probability that the tokens that stay must reach, 1.0 for all.
    generator: torch.Generator. Returns (B,) int64, the drawn ids.
    """
    ordered, ids = logits.sort(dim=-1, descending=True)  # (B, V) each, the likeliest first
    ### BEGIN SOLUTION
    if temperature == 0:
        return ids[:, 0]
    ordered = ordered / temperature
    if top_k > 0:
        ordered[:, top_k:] = float("-inf")
    probs = ordered.softmax(dim=-1)
    likelier = probs.cumsum(dim=-1) - probs
    if top_p < 1:
        probs[likelier >= top_p] = 0
    pick = torch.multinomial(probs, 1, generator=generator)  # (B, 1)
    return ids.gather(-1, pick)[:, 0]
    ### END SOLUTION


# %% check="sample_next"
lab.check(sample_next)

# %% [markdown]
# ## Writing, without doing the work twice
#
# *Slides: Inference (Generation).* "Sample, append, repeat, stop at [END] or max length." Done naively, each
# step computes the whole text again. But behind the triangle no earlier token can notice that a new one has
# come: its keys and values stay what they were. So one keeps them, in the **KV cache**, and feeds only the
# new token.
#
# **Predict:** to write 60 tokens behind a prompt of 5: how many tokens go through the network in all,
# without a cache and with one?

# %% id="predict-cache"
lab.predict("without", None)
lab.predict("with", None)

# %% [markdown] exercise="generate"
# Write the loop. `model.network(input_ids=..., past_key_values=cache, use_cache=True)` gives `.logits` for
# the tokens you fed, and `.past_key_values`, the cache for the next call (start with `cache = None`). Feed
# the prompt once, then the new token alone. `choose` turns the last position's logits, (1, V), into an id,
# (1,); `torch.cat([input_ids, new], dim=1)` appends it as a (1, 1) tensor.
#
# When the chosen token is `model.tokenizer.eos_token_id`, append it and stop. (A prompt may hold that token
# as well: texts begin with it.)


# %% solution="generate"
def generate(model, input_ids, num_new, choose):
    """Write up to num_new tokens behind a prompt, with a KV cache.

    model: what labkit.load returns, a decoder. input_ids: (1, T) int64. num_new: int, 0 or more.
    choose: a function from logits (1, V) to ids (1,), which may draw: ask it once a step.
    Returns (1, T + n) int64: prompt and continuation, with the end-of-text token if one was chosen.
    """
    ### BEGIN SOLUTION
    feed, cache = input_ids, None
    for _ in range(num_new):
        with torch.inference_mode():
            output = model.network(input_ids=feed, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        feed = choose(output.logits[:, -1]).reshape(1, 1)
        input_ids = torch.cat([input_ids, feed], dim=1)
        if feed.item() == model.tokenizer.eos_token_id:
            break
    return input_ids
    ### END SOLUTION


# %% check="generate"
lab.check(generate)

# %% id="compare-cache"
import time

write = lab.best(generate)
ids = labkit.generation.encode_prompt(gpt, "Once upon a time")  # (1, T)


def go_on(logits):
    """The likeliest token, the end of the text left out: a story that ends early would spoil the count."""
    logits = logits.clone()
    logits[:, gpt.tokenizer.eos_token_id] = float("-inf")
    return logits.argmax(dim=-1)


seconds, texts = {}, {}
for use_cache in (False, True):
    start = time.perf_counter()
    texts[use_cache] = labkit.generation.generate(gpt, ids, 60, go_on, use_cache=use_cache)
    seconds[use_cache] = time.perf_counter() - start
same = torch.equal(write(gpt, ids, 60, go_on), texts[False])
fed = range(ids.shape[1], texts[True].shape[1])  # how long the text is at each step
lab.compare("without", sum(fed), " tokens")
lab.compare("with", fed[-1], " tokens")
print(f"yours, token by token the text without a cache: {same}")
print(f"without a cache {seconds[False]:.2f} s, with one {seconds[True]:.2f} s")

# %% [markdown]
# Time saves less than tokens do, because a small network spends much of a step on things that do not depend
# on the length. The longer the text, the wider the gap. Now write, with your own two functions. Change the
# prompt and the knobs; that is what they are for.

# %% keyfigure="texts"
draw = lab.best(sample_next)


def tell(prompt, temperature, top_k, top_p, num_new=40, seed=2, may_end=True):
    generator = torch.Generator().manual_seed(seed)

    def choose(logits):
        logits = logits.detach().clone()
        if not may_end:
            logits[:, gpt.tokenizer.eos_token_id] = float("-inf")
        return draw(logits, temperature, top_k, top_p, generator)

    ids = write(gpt, labkit.generation.encode_prompt(gpt, prompt), num_new, choose)
    return gpt.tokenizer.decode(ids[0], skip_special_tokens=True).strip()


written = {
    "greedy": tell("Once upon a time", temperature=0, top_k=0, top_p=1.0),
    "temperature 0.7, top_p 0.9": tell("Once upon a time", 0.7, 0, 0.9),
    "temperature 1, top_k 40": tell("Once upon a time", 1.0, 40, 1.0),
}
print("\n\n".join(f"{name}:\n{story}" for name, story in written.items()))

# %% [markdown]
# Does greedy text go round in circles? Let gpt-mini write on where it would stop, and count how many of the
# three-word groups are new:


# %% id="repetition"
def new_triples(text):
    words = text.lower().split()
    triples = list(zip(words, words[1:], words[2:]))
    return len(set(triples)) / max(1, len(triples))


prompts = ("Once upon a time", "The film was", "She opened the door")
new = {}
for name, knobs in {"greedy": (0, 0, 1.0), "temperature 0.7, top_p 0.9": (0.7, 0, 0.9)}.items():
    long_texts = [tell(prompt, *knobs, num_new=100, may_end=False) for prompt in prompts]
    new[name] = sum(map(new_triples, long_texts)) / len(prompts)
    print(f"{name}: {new[name]:.0%} of the groups of three words are new; for instance")
    print(f"   {long_texts[1][:160]} ...")
greedy_new, sampled_new = new.values()
more = "repeats itself more" if greedy_new < sampled_new else "does not repeat itself more, this time"
print(f"Greedy text {more}.")

# %% [markdown]
# What is likeliest at each step need not be a likely text: once a loop has begun, a model finds it ever
# more likely to go on. Holtzman et al. (2020) describe this for models of every size.

# %% [markdown]
# ## On its own
#
# *Slides: "Use ground truth (not predictions). Prevents error accumulation."* In training every guess has the
# true words before it. When the model writes, its guesses stand before the next ones. How much does that
# matter? We show gpt-mini four tokens of each of our sentences and ask for the next eight, greedily: once
# with the true words before each (teacher forcing), once with its own (free running).
#
# **Predict:** at the eighth token, what percentage is right, led by the hand and on its own?

# %% id="predict-forcing"
lab.predict("forced", None)
lab.predict("free", None)

# %% keyfigure="forcing"
forced, running = labkit.generation.forced_and_free(gpt, sentences, prompt_length=4, num_new=8)
figure = labkit.plotting.agreement_lines(
    {"teacher forcing": forced, "free running": running}, title="Next token right, after four true ones"
)
figure

# %% id="compare-forcing"
lab.compare("forced", round(100 * forced[-1][0]), "%")
lab.compare("free", round(100 * running[-1][0]), "%")
for step in (0, -1):
    gap = 100 * (forced[step][0] - running[step][0])
    print(f"token {step % len(forced) + 1}: {gap:.0f} points between the two")

# %% [markdown]
# Both begin at the same point: the first guess has only true words before it. From there on read the gap. A
# model that has left the sentence does not come back to it, and it need not: what it writes may be a good
# sentence, only not this one. But training never showed it its own mistakes. That is the price of teacher
# forcing, which makes training parallel. (The literature calls it exposure bias.)

# %% [markdown]
# ## Checkpoint
#
# *Slides: Checkpoint, Understanding GPT.* Answer in your head, then open your choice.

# %% id="quiz-autoregressive"
lab.quiz("autoregressive")

# %% id="quiz-difference"
lab.quiz("difference")

# %% id="quiz-cache"
lab.quiz("cache")

# %% [markdown]
# ## The slide says, you measured

# %% id="slide-says"
p_of = {guess.token: f"{guess.prob:.3f}" for guess in along}
after_on = dict(labkit.cloze.next_words(gpt, "The cat sat on", k=20))
ids_of = gpt.tokenizer("The cat sat on").input_ids
nonsense = cheat.write("the cat ", num_new=12)
lab.slide_says(
    [
        ("the mask is lower triangular", f"{int(triangle(4).sum())} of 16 entries, as drawn"),
        ("scores + (1 − M) × (−∞)", f"{slide_scores[0, 0].item()} where M = 1; masked_fill works"),
        ("GPT sees only the past, BERT all", f"ahead of a change moved: {shares[1]:.0%}, {shares[0]:.0%}"),
        ("the mask is the key difference", f"BERT behind it, clue on the right: {free:.0%} to {masked:.0%}"),
        ("the same, for GPT", f"loss {with_triangle:.2f} with it, {without:.2f} without"),
        ("training: model can't cheat", f"without the mask: loss {cheat.losses[-1]:.2f}, and '{nonsense}'"),
        ("P(cat) = 0.65, P(sat) = 0.42", f"P(cat) = {p_of['cat']}, P(sat) = {p_of['sat']} on {gpt.name}"),
        ("P(on) = 0.71, P(the) = 0.88", f"P(on) = {p_of['on']}, P(the) = {p_of['the']}"),
        ("The cat sat on: P(the) = 0.42", f"P(the) = {after_on.get('the', 0):.2f}"),
        ("The=50256, cat=3797", f"{ids_of[:2]} here; in gpt2 The is 464, 50256 is end-of-text"),
        ("exact factorization, in parallel", f"one pass and step by step agree: {difference < 1e-3}"),
        (
            "teacher forcing: no error accumulation",
            f"8th token: {forced[-1][0]:.0%}; alone {running[-1][0]:.0%}",
        ),
    ]
)

# %% [markdown]
# ## What you have now
#
# A decoder is an encoder with a triangle in front of its softmax, asked for the next token at every
# position. The triangle keeps training honest, makes it parallel, makes the chain rule exact, and lets a
# cache remember. What BERT and GPT *know* about a sentence, layer by layer, is lab 03.

# %% id="progress"
lab.progress()
