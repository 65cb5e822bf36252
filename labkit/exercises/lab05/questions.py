"""The quiz of lab 05: the last exercise, a model for each of six situations, and one on honest testing.

The situations are those of the slides "When to Use Each" and "When NOT to Use Pre-trained Models".
"""

from labkit.exercises.quiz import Choice, Question

WHEN_TO = "Slides: BERT vs GPT, When to Use Each"
WHEN_NOT = "Slides: When NOT to Use Pre-trained Models"

QUESTIONS = (
    Question(
        key="leak",
        prompt="Which of these spoils a test accuracy?",
        source="Slides: Common Pitfalls in Fine-tuning, pitfall 4",
        choices=(
            Choice(
                "The features come from a model that was pre-trained on other text without labels.",
                False,
                "No label of the test set was seen. "
                "(It would be another matter if the test reviews themselves had been in the pre-training text.)",
            ),
            Choice(
                "The layer with the best test accuracy is reported.",
                True,
                "The best of several scores on the same test set is partly luck. "
                "The dev set is there to choose with; the test set is asked once.",
            ),
            Choice(
                "Training sets are nested: the 20 reviews are among the 40.",
                False,
                "Nested training sets make a curve easier to read. None of them contains a test review.",
            ),
            Choice(
                "The test set is larger than the training set.",
                False,
                "A large test set makes the interval narrow, whatever the probe was trained on.",
            ),
        ),
    ),
    Question(
        key="support-mail",
        prompt="1. "
        "A company has 20,000 support e-mails that people sorted into eight departments. "
        "New e-mails, complete when they arrive, are to be sorted likewise, on a server with a GPU. "
        "What do you take?",
        source=WHEN_TO,
        choices=(
            Choice(
                "A pre-trained encoder with a classification head, fine-tuned on them.",
                True,
                'Classification, the whole text at hand, labels in plenty, a label as the output: every line of "use BERT when". '
                "TF-IDF with a linear classifier is run first all the same: it says what the encoder has to beat.",
            ),
            Choice(
                "A decoder that writes the name of the department.",
                False,
                "It works, but it writes token by token where one number per department would do, and it may write a department that does not exist.",
            ),
            Choice(
                "An LSTM, trained from scratch.",
                False,
                "With 20,000 examples it would do something sensible, but it starts from nothing: the encoder starts from a language.",
            ),
            Choice(
                "A list of key words.",
                False,
                'For "refund" it would do; for eight departments and the ways people write it is a list that never ends.',
            ),
        ),
    ),
    Question(
        key="code-completion",
        prompt="2. An editor should suggest the rest of the line while a programmer types. What do you take?",
        source=WHEN_TO,
        choices=(
            Choice(
                "An encoder that fills a [MASK] at the cursor.",
                False,
                "One mask is one token. "
                "How many the suggestion will need is not known before, and each has to fit those already written.",
            ),
            Choice(
                "A decoder.",
                True,
                "A beginning is given, a continuation is wanted, token by token: what a causal mask and next-token training are for. "
                "(Editors train theirs to see the text behind the cursor too.)",
            ),
            Choice(
                "TF-IDF and the nearest line in the project.",
                False,
                "It can only repeat a line that is already there.",
            ),
            Choice(
                "Frozen features and a linear probe.",
                False,
                "A probe chooses among labels. The answer here is text.",
            ),
        ),
    ),
    Question(
        key="order-numbers",
        prompt="3. "
        "Order numbers such as AB-12345 are to be found in letters. "
        "They always have this form. "
        "What do you take?",
        source=WHEN_NOT,
        choices=(
            Choice(
                "An encoder with a token-classification head.",
                False,
                "It needs labelled letters, a server, and it will miss one now and then. "
                "The form is known exactly.",
            ),
            Choice(
                "A large decoder, asked in a prompt.",
                False,
                "Slow and dear, and it may write a number that is not in the letter.",
            ),
            Choice(
                "A regular expression.",
                True,
                '"Simple regex suffices": two letters, a hyphen, five digits. '
                "It takes a line, costs nothing to run, and what it does can be proved.",
            ),
            Choice(
                "TF-IDF with a linear classifier.",
                False,
                "It says whether a letter is about orders, not where the number stands; and each number is a word it has never seen.",
            ),
        ),
    ),
    Question(
        key="phone",
        prompt="4. "
        "A phone should flag rude comments before they are sent: no connection, a budget of 5 milliseconds and 2 MB. "
        "50,000 labelled comments are at hand. "
        "What do you start with?",
        source=WHEN_NOT,
        choices=(
            Choice(
                "TF-IDF with a linear classifier.",
                True,
                '"N-grams are enough", "strict latency", "edge deployment": with that many labels counting words goes far, as your curves show, in a fraction of a millisecond. '
                "If it is not enough, a distilled encoder is the next step.",
            ),
            Choice(
                "BERT-base, because it is the most accurate.",
                False,
                "110 million parameters are 440 MB in float32, and a pass takes far longer than 5 ms on a phone.",
            ),
            Choice(
                "A large decoder through an interface on the web.",
                False,
                "There is no connection, and private messages would leave the phone.",
            ),
            Choice(
                "A probe on a large encoder, computed on the phone.",
                False,
                "The probe is tiny; the encoder whose features it reads is not. "
                "Frozen or not, it has to run.",
            ),
        ),
    ),
    Question(
        key="forty-labels",
        prompt="5. "
        "A museum has 40 visitors' comments with labels (pleased or not), no money for more, and an ordinary computer. "
        "What do you try first?",
        source=WHEN_NOT,
        choices=(
            Choice(
                "Fine-tune all the weights of a large encoder.",
                False,
                '40 examples against 300 million weights: it will learn the 40 by heart, and there is nothing left to notice it with ("tiny dataset" on the slide).',
            ),
            Choice(
                "Train an LSTM from scratch.",
                False,
                "You measured it: with so few examples it is at the guessing line.",
            ),
            Choice(
                "Frozen features of a real pre-trained encoder with a linear probe, or a prompt with a few examples; and an honest interval.",
                True,
                "Few labels are where pre-training at scale helps most: the probe only has to find a direction. "
                "Judge it by cross-validation and say how wide the interval is: with 40 comments it is wide.",
            ),
            Choice(
                "A bundled mini model, because it is small like the data.",
                False,
                "How little data you have says nothing about how small the model should be. "
                "What was learnt before has to make up for it: look how far your two mini models came with 40.",
            ),
        ),
    ),
    Question(
        key="jargon",
        prompt="6. "
        "Findings of a heart clinic, full of abbreviations, in Finnish. "
        "3,000 are labelled, a million are not. "
        "bert-base-uncased does no better than TF-IDF. "
        "What next?",
        source=WHEN_NOT,
        choices=(
            Choice(
                "GPT-2, because it is larger.",
                False,
                "It was trained on English web pages: the same mismatch, with a causal mask on top.",
            ),
            Choice(
                "More layers on top of bert-base-uncased.",
                False,
                "What its pieces and vectors do not hold, no head can find.",
            ),
            Choice(
                "Train longer, with a higher learning rate.",
                False,
                "Pitfalls 1 and 2 of the slides: it would forget its English before it learnt Finnish.",
            ),
            Choice(
                "An encoder pre-trained on Finnish, and pre-trained further on the million findings, compared with TF-IDF.",
                True,
                '"Domain mismatch" and its cure, "domain-specific pre-training": the unlabelled findings cost no labelling at all. '
                "TF-IDF stays in the comparison, to know what it is worth.",
            ),
        ),
    ),
)
