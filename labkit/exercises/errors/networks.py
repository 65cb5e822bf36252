"""Errors of networks and tokenizers, and of what they give back."""

from labkit.exercises.errors.entry import NONE, Entry

# A call of a network in the student's line, and no unpacking of its own that may be what failed.
NETWORK = (
    r"^(?!for\b)(?![^=(]*,[^=(]*=(?!=))(?!.*\.(size|shape|n?dim|device)\b)"
    r".*(net(work)?|model|bert|gpt2?|encoder|decoder|generate|forward)\("
)
# The types that networks return; BertOutput and the like are layers.
OUTPUT = r"\b\w*(?:LM|BaseModel|Pre[Tt]raining|Predictor|Classifier)\w*Output\w*"

MODELS = (
    Entry(
        r"tuple index out of range|expects a non-empty TensorList|expected a non-empty list of Tensors",
        "If output.attentions is empty: the faster attention (SDPA) never has these weights as a whole. "
        "Load the model with labkit.load(name, attentions=True). "
        "Otherwise, is there such a layer?",
        r"atten|\batts?\b",
    ),
    Entry(
        r"'(str|list)' object has no attribute '(?:size|shape|dim|device|ndim)'",
        "A network wants a tensor of ids, not {a}. "
        'From a text: network(**tokenizer(text, return_tensors="pt")). '
        "A list of ids becomes a batch of one with torch.tensor([ids]).",
        NETWORK,
    ),
    Entry(
        r"^ValueError: (?:not enough|too many) values to unpack|too many indices for tensor|"
        r"tuple index out of range",
        "A network wants ids with two axes, (texts, tokens). "
        "Often the first is missing (ids.unsqueeze(0) adds it) or there twice: print the .shape of what goes in.",
        NETWORK,
    ),
    Entry(
        r"'int' object is not callable",
        "A network wants a tensor of ids. Often this means that it got a numpy array: torch.tensor(array).",
        NETWORK,
    ),
    Entry(
        r"expanded size of the tensor .* must match the existing size",
        "Often the text is longer than the network has positions: tokenizer(..., truncation=True) cuts it.",
        NETWORK,
    ),
    Entry(
        r"^AttributeError: $",
        "Often this is what a tokenizer returns. "
        'Its parts are called batch["input_ids"] and so on, and a network takes them with two stars: network(**batch).',
    ),
    Entry(
        r"argument after \*\* must be a mapping, not ([\w.]+)",
        "Two stars unpack a dict, or what a tokenizer returns. This is {a}: hand it over without stars.",
    ),
    Entry(
        r"index out of range in self",
        "An id is looked up in a table that does not have it. "
        "Often it comes from another model's tokenizer, it is a label of −100, or the text is longer than the network has positions.",
    ),
    Entry(
        r"text input must be of type `str`|TextEncodeInput must be",
        "A tokenizer takes a text or a list of texts, not numbers. (tokenizer.decode(ids) is the way back.)",
    ),
    Entry(
        r"Unable to create tensor, you should probably activate",
        "The texts have different numbers of tokens, and a tensor's rows are equally long. "
        "padding=True fills up the short ones, truncation=True cuts those that are too long for the network.",
    ),
    Entry(
        r"tokenizer does not have a padding token",
        "This tokenizer has no token for padding; GPT-2 never needed one. "
        "You can lend it another, tokenizer.pad_token = tokenizer.eos_token: the attention_mask says what is padding.",
    ),
    Entry(
        r"is not an instance of '(?:Sequence|str)'|Can't extract `\w+` to|"
        r"object cannot be interpreted as an integer|argument 'ids': ",
        "decode and convert_ids_to_tokens take ids, whole numbers; tokenize, encode and convert_tokens_to_ids take text. "
        "Print what you hand over.",
        r"token|decode",
    ),
    Entry(
        r"'Model' object ",
        "This is what labkit.load returns: the network is model.network, its tokenizer model.tokenizer.",
    ),
    Entry(
        r"has no attribute '_validate_params'",
        "A probe is made first and then fitted: LogisticRegression().fit(X, y), round brackets and all.",
    ),
    Entry(
        OUTPUT + "' object has no attribute 'last_hidden_state'",
        "A network with a head does not return that. "
        "Ask for all layers, network(..., output_hidden_states=True), and take output.hidden_states[-1].",
    ),
    Entry(
        OUTPUT,
        "This is all that the network returns, not a tensor. "
        "Take a part of it: output.logits, output.hidden_states[layer]. "
        "output.keys() names them.",
    ),
    Entry(
        r"torch\.return_types\.(\w+)",
        "{0} gives a pair here: the values and their places. Take one of them, .values or .indices.",
    ),
    Entry(
        NONE,
        "If that is output.hidden_states: they are None unless you ask for them, network(..., output_hidden_states=True).",
        r"hidden(?!.*\bNone\b)",
    ),
    Entry(
        NONE,
        "If that is output.attentions: they are None unless you ask for them, network(..., output_attentions=True), of a model loaded with labkit.load(name, attentions=True).",
        r"(?:atten|\batts?\b)(?!.*\bNone\b)",
    ),
    Entry(
        r"has no attribute '(logits|hidden_states|attentions|last_hidden_state)'",
        "A network returns an output that has .{0}, and this is something else: output = network(**batch), then output.{0}.",
    ),
)
