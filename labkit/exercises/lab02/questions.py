"""The quiz of lab 02: both questions of the slides' GPT checkpoint, and two on what the lab measured."""

from labkit.exercises.quiz import Choice, Question

QUESTIONS = (
    Question(
        key="autoregressive",
        prompt="Why is GPT autoregressive?",
        source="Slides: Checkpoint, Understanding GPT, question 1",
        choices=(
            Choice(
                "It is faster.",
                False,
                "Writing is slow: a text of 100 tokens takes 100 passes, one after the other. "
                "(Training is another matter: there all positions are predicted in one pass.)",
            ),
            Choice(
                "It is natural for generation: what comes next is predicted from what is there, and becomes part of it.",
                True,
                "When a text is written its future does not exist yet. "
                "The chain rule makes next-token prediction a complete description of any text, without approximation.",
            ),
            Choice(
                "It uses less memory.",
                False,
                "The cache makes it fast, and costs memory: keys and values of every token in every layer.",
            ),
            Choice(
                "It is more accurate.",
                False,
                "Where both sides of a blank are known, looking at one side throws information away: that was lab 01.",
            ),
        ),
    ),
    Question(
        key="difference",
        prompt="What is the key difference between GPT and BERT?",
        source="Slides: Checkpoint, Understanding GPT, question 2",
        choices=(
            Choice(
                "GPT has more parameters.",
                False,
                "gpt-mini and bert-mini have about the same number, GPT-1 and BERT-base too.",
            ),
            Choice(
                "They were trained on different data.",
                False,
                "The bundled pair read the same text. "
                "The originals did not, but that is not what makes one write and the other fill blanks.",
            ),
            Choice(
                "GPT is causal, BERT is bidirectional.",
                True,
                "One triangular mask, and the objective that goes with it. "
                "You saw it as a map: no output of GPT moves when a later token changes.",
            ),
            Choice(
                "GPT trains more slowly.",
                False,
                "It learns from every position of a text, BERT only from those that are hidden.",
            ),
        ),
    ),
    Question(
        key="cache",
        prompt="Why is there no KV cache for BERT?",
        source="Goes with: Write with a cache",
        choices=(
            Choice(
                "Its layers hold no keys and values.",
                False,
                "They do: BERT's attention has queries, keys and values as GPT's has.",
            ),
            Choice(
                "Every token looks at the new one, so that a new token changes all earlier states.",
                True,
                "The keys and values of the second layer are computed from those states. "
                "Without a causal mask a cache would be out of date at every step. "
                "A cache is a present of the mask.",
            ),
            Choice(
                "Its texts are too short.",
                False,
                "bert-mini and gpt-mini read up to the same number of tokens.",
            ),
            Choice(
                "Nobody has written one.",
                False,
                "It would give other results than computing everything anew: that is no cache.",
            ),
        ),
    ),
    Question(
        key="leak",
        prompt=(
            "A model reaches a next-token loss of almost 0 after a few minutes of training. "
            "What do you check?"
        ),
        source="Goes with: The cheat",
        multiple=True,
        choices=(
            Choice(
                "Whether an output moves when a later token changes.",
                True,
                "sees_future tells within seconds. A loss that is too good is the usual sign of a leak.",
            ),
            Choice(
                "Whether the labels are shifted.",
                True,
                "If position t is judged by token t, which it can see, copying is a perfect answer.",
            ),
            Choice(
                "Whether the learning rate is high enough.",
                False,
                "It learnt something very fast. The question is what.",
            ),
            Choice(
                "What it writes when it is on its own.",
                True,
                "Teacher forcing hands it the true words, free running does not: a cheat writes nonsense.",
            ),
        ),
    ),
)
