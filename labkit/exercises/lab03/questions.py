"""The quiz of lab 03: pooling, layers, and what a decoder's word vector can know."""

from labkit.exercises.quiz import Choice, Question

QUESTIONS = (
    Question(
        key="which-token",
        prompt="One token has to stand for a whole sentence. Which one can, in a decoder such as GPT?",
        source="Slides: Special Tokens; BERT vs GPT: When to Use Each",
        choices=(
            Choice(
                "The first, as [CLS] in BERT.",
                False,
                "The first token of a decoder sees itself and nothing else: it is the same vector in every text that begins with that word. "
                "You saw it above, as a block of ones.",
            ),
            Choice(
                "The last.",
                True,
                "It is the only one that has every other token to its left. "
                "(The mean works as well, often better: the last token's own work is to guess what comes next, not to sum up.)",
            ),
            Choice(
                "Any: attention mixes all tokens.",
                False,
                "It does in an encoder. "
                "In a decoder the causal mask lets a token see only what stands before it.",
            ),
            Choice(
                "None: a decoder gives no features.",
                False,
                "Its hidden states are features like any others. "
                "They were trained to predict the next token, which takes a good deal of knowledge about what was read.",
            ),
        ),
    ),
    Question(
        key="bank-ahead",
        prompt="'The bank was flooded by the river' and 'The bank was robbed by two men'. "
        "How alike are the vectors of `bank` in GPT?",
        source="Slides: Bidirectional Context in Action; How Bidirectional Helps Different Tasks",
        choices=(
            Choice(
                "Exactly the same, in every layer.",
                True,
                "Up to `bank` the two texts are equal, and a decoder's vector depends on nothing else. "
                "No training and no size can change that; only a clue that comes earlier can.",
            ),
            Choice(
                "Different: GPT has read the whole sentence.",
                False,
                "It has, but the vector at `bank` has not: the causal mask hid the rest from it. "
                "Later vectors (`was`, `flooded`) do know better.",
            ),
            Choice(
                "The same at layer 0, different higher up.",
                False,
                "That is what an encoder does. In a decoder every layer has the same mask.",
            ),
        ),
    ),
    Question(
        key="high-cosine",
        prompt="Two sentences have cosine 0.8 in some layer. Are they alike?",
        source="Anisotropy: Ethayarajh 2019",
        choices=(
            Choice(
                "Yes: 1 is the most there is.",
                False,
                "In a layer where any two sentences have 0.9, 0.8 is strikingly different.",
            ),
            Choice(
                "It depends on what two sentences picked at random have in that layer.",
                True,
                "That is what anisotropy measures. "
                "Either compare with it, or take away what all vectors share first.",
            ),
            Choice(
                "No: only 1.0 means alike.",
                False,
                "1.0 is the same direction exactly. "
                "Alike is a matter of degree, measured against other pairs.",
            ),
        ),
    ),
    Question(
        key="cka-what",
        prompt="CKA between a layer of BERT and a layer of GPT is 0.9. What have you learnt?",
        source="Kornblith et al. 2019",
        choices=(
            Choice(
                "Their vectors are nearly equal, number by number.",
                False,
                "Number 7 of one has nothing to do with number 7 of the other; CKA does not even ask for as many numbers.",
            ),
            Choice(
                "The texts lie to each other nearly as they do in the other space: near pairs near, far pairs far.",
                True,
                "CKA compares the two tables of similarities between texts. "
                "Turn a space or scale it, and the tables stay.",
            ),
            Choice(
                "They are equally good for any task.",
                False,
                "What they share may be what you need, or only what is loudest: topic, length, position. "
                "A probe answers that (lab 05).",
            ),
        ),
    ),
)
