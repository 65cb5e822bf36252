"""The quiz of lab 01: both questions of the slides' BERT checkpoint, and one on sentence pairs."""

from labkit.exercises.quiz import Choice, Question

QUESTIONS = (
    Question(
        key="why-15",
        prompt="Why does BERT mask 15% of the tokens?",
        source="Slides: Checkpoint, Understanding BERT, question 1",
        choices=(
            Choice(
                "It is faster.",
                False,
                "It is slower, if anything: only 15% of the positions teach something in a pass, so BERT needs more passes over the text than a model that predicts every token.",
            ),
            Choice(
                "It balances how much can be learnt from a text against how much of it is left to learn from.",
                True,
                "Too few blanks: little to learn per sentence. "
                "Too many: the context is gone. "
                "That 15% is the best balance is what the slide says; you measured the curve above, and later work found higher rates as good or better (Wettig et al. 2022).",
            ),
            Choice(
                "It reduces overfitting.",
                False,
                "New masks in every epoch do act a little like noise, but that is a side effect: any rate would do for it.",
            ),
            Choice(
                "It is a random choice.",
                False,
                "Which tokens are hidden is random. How many was tried out.",
            ),
        ),
    ),
    Question(
        key="bidirectional",
        prompt="What makes BERT bidirectional?",
        source="Slides: Checkpoint, Understanding BERT, question 2",
        choices=(
            Choice(
                "It has two LSTMs, one for each direction.",
                False,
                "That was ELMo. "
                "Its two directions are trained apart and glued together; no layer of it sees both.",
            ),
            Choice(
                "It is an encoder: its attention has no causal mask, so every token sees the full context.",
                True,
                "Each layer mixes left and right at once. "
                "Your cloze measurement is this sentence in numbers: the same model, with and without what stands to the right.",
            ),
            Choice(
                "It reads the text backwards.",
                False,
                "Backwards is one direction as well. "
                "Attention does not read in an order at all; the order comes from the position embeddings.",
            ),
            Choice(
                "It has two outputs.",
                False,
                "It was pre-trained with two objectives, masked words and sentence pairs, but a model with only the first (RoBERTa) is just as bidirectional.",
            ),
        ),
    ),
    Question(
        key="nsp",
        prompt="What does next-sentence prediction need that masked words do not?",
        source="Slides: BERT's two pre-training objectives",
        choices=(
            Choice(
                "Labels written by people.",
                False,
                "Its labels come free as well: the text itself says which sentence follows which.",
            ),
            Choice(
                "Two segments in one input, told apart by [SEP] and token_type_ids, and an answer read at [CLS].",
                True,
                "The two sentences meet in one input, and [CLS] has to collect whether they belong together. "
                "RoBERTa (Liu et al. 2019) found that leaving the task out does no harm.",
            ),
            Choice(
                "A decoder that writes the next sentence.",
                False,
                "Nothing is written: B is there already. The answer is yes or no.",
            ),
        ),
    ),
)
