"""The quiz of lab 04: what an attention map is, what a sink does, what may be concluded."""

from labkit.exercises.quiz import Choice, Question

QUESTIONS = (
    Question(
        key="row",
        prompt="In an attention map, row 5 has 0.9 in column 2. What does that say?",
        source="Slides: Bidirectional context in action",
        choices=(
            Choice(
                "Token 2 looks mostly at token 5.",
                False,
                "The other way round. "
                "The row is the token that looks (the query), the column the one looked at (the key).",
            ),
            Choice(
                "Nine tenths of what this head adds to token 5 come from the vector at position 2.",
                True,
                "That vector is the token's value in this head. "
                "In the first layer it is made of that word; higher up it already holds a mixture of the whole sentence.",
            ),
            Choice(
                "Word 2 is the reason for what the model says at position 5.",
                False,
                "That would be an explanation, and attention is only a weight: the value can be tiny, other heads can say the opposite, and the residual connection carries the token past the head.",
            ),
            Choice(
                "Words 2 and 5 are related in grammar or meaning.",
                False,
                "Some heads of large models do pick out such pairs (Clark et al. 2019). "
                "Most weights have a duller reason, such as standing next to each other.",
            ),
        ),
    ),
    Question(
        key="sink",
        prompt="Why would a head put most of its attention on [SEP], or on the first token?",
        choices=(
            Choice(
                "Because that token carries the meaning of the sentence.",
                False,
                "That is the slide's story for [CLS]. "
                "For a sink it would not work: the weight is there whatever the sentence says.",
            ),
            Choice(
                "Because a row must sum to 1, and looking at a token with little to add is a way to do nothing.",
                True,
                "Clark et al. (2019) call it a no-op; Kobayashi et al. (2020) found that the values behind those weights are small; Xiao et al. (2023) found the same in large decoders, at the first token.",
            ),
            Choice(
                "Because of the padding.",
                False,
                "These sentences have none, and padding is hidden by the attention mask.",
            ),
            Choice(
                "It is a mistake in training.",
                False,
                "It appears in nearly every Transformer, large and small. "
                "Models in which a head may give less than 100% hardly have it.",
            ),
        ),
    ),
    Question(
        key="explanation",
        prompt="A colleague shows a map in which the prediction looks at the word 'boring' and concludes: that is why the review was judged bad. "
        "What would you ask for?",
        choices=(
            Choice(
                "The mean over all heads: then it is an explanation.",
                False,
                "You measured that mean: it agrees with what the prediction depends on only in part.",
            ),
            Choice(
                "Attention rollout: it takes all layers into account.",
                False,
                "It describes better where things could come from. "
                "You measured how far it agrees; it leaves out the values, the feed-forward layers and the sign.",
            ),
            Choice(
                "What happens to the prediction when 'boring' is changed or hidden.",
                True,
                "An intervention. "
                "It has pitfalls too (a sentence with a hole is not an ordinary sentence), but it tests the claim: without the word, another judgement?",
            ),
            Choice(
                "A larger model: there attention is sharper.",
                False,
                "Sharper is not truer. "
                "The debate (Jain & Wallace 2019; Wiegreffe & Pinter 2019) was held over sharp maps.",
            ),
        ),
    ),
)
