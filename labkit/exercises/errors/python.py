"""Errors of Python, numpy and scikit-learn."""

from labkit.exercises.errors.entry import NONE, Entry

PYTHON = (
    # None
    Entry(
        NONE,
        "Somewhere here a value is None. "
        "Often it comes from a function without `return`, or from a method that changes its object and returns nothing, such as words.append(...) or words.sort().",
    ),
    # names and imports
    Entry(
        r"name '(np|torch|math|random|F|nn|numpy|plt|labkit|re|sklearn|pd|Counter|"
        r"defaultdict)' is not defined",
        "`{0}` is not imported here. Run the cell with the imports again, or add: {import}",
    ),
    Entry(
        r"local variable '(\w+)'|free variable '(\w+)'",
        "`{0}` is used before it has a value: often it is set in a branch or a loop that was not run. "
        "What a function sets anywhere is its own, even if there is one of that name outside.",
    ),
    Entry(
        r"name '(\w+)' is not defined",
        "There is no `{0}` here. "
        "Is it misspelt, was the cell that makes it not run, or is it a text without its quotation marks?",
    ),
    # calls
    Entry(
        r"'torch\.dtype' object is not callable",
        "A dtype is not a function: x.float() and x.long() convert.",
    ),
    Entry(
        r"'([\w.]+)' object is not callable",
        "Round brackets call a function, and this is {a}. "
        "Entries are taken with [...], a product needs a *. "
        "Or has one of your variables the name of a function (list, max, sum...)?",
    ),
    Entry(
        r"Tensor\.index\(\) missing",
        "A tensor's .index is not that of a list. Where something stands: (ids == 4).nonzero().",
    ),
    Entry(
        r"missing (?:\d+ required )?(?:positional|keyword-only|keyword) arguments?:? (.+)",
        "The call leaves out what the function cannot do without: {0}.",
    ),
    Entry(
        r"unexpected keyword argument '(\w+)'|'(\w+)' is an invalid keyword argument",
        "The function takes no argument called {0}=. Is it misspelt? help(...) lists the arguments.",
    ),
    Entry(
        r"takes .*arguments? (?:but|\()|expected (?:at most |at least |exactly )?\d+ arguments?, got|"
        r"multiple values for argument",
        "These are more or fewer arguments than the function takes, or one twice. help(...) lists them.",
    ),
    # what a thing can do
    Entry(
        r"unsupported format string passed to ([\w.]+)\.__format__",
        "A format like :.2f is for one number, and this is {a}. Take the number out first: .item().",
    ),
    Entry(
        r"format: .* is required|arguments for format string|not all arguments converted|Unknown format code",
        'The text does not match what is to be put into it. An f-string is simpler: f"...".',
    ),
    Entry(
        r"'bool' object has no attribute",
        "This is a single True or False. "
        "Often a tensor was compared with text, or a list with a number: compare a tensor with a number, (ids == tokenizer.mask_token_id).",
    ),
    Entry(
        r"'dict' object has no attribute '(\w+)'",
        'A dict has no .{0}. If that is one of its keys, square brackets take it: ["{0}"].',
    ),
    Entry(
        r"has no attribute 'join'",
        'It is the text in between that joins: " ".join(words).',
    ),
    Entry(
        r"'(list|tuple)' object has no attribute '(\w+)'",
        "This is {a}, which has no .{1}. "
        "torch.tensor(...) makes a tensor of numbers, torch.stack(...) of tensors; the length of a list or tuple is len(...).",
    ),
    Entry(
        r"'(int|float|str)' object has no attribute '(\w+)'",
        "This is {a}, plain Python, which has no .{1}. Is it misspelt, or did you expect a tensor here?",
    ),
    Entry(
        r"has no attribute '?(\w+)",
        "There is no .{0} in it. Is it misspelt? Tab behind the dot shows what there is.",
    ),
    Entry(
        r"(?:list|tuple|range) indices must be integers or slices, not tuple",
        "Indices with commas, x[i, j], are for tensors and arrays. "
        "In a list or a tuple take one after the other, x[i][j]; or make a tensor first, with torch.tensor or torch.stack.",
    ),
    Entry(
        r"(?:list|tuple) indices must be integers or slices, not str|string indices must be integers",
        "Only dicts take text in the square brackets; here it must be a whole number. "
        "Often the loop variable is already the entry: `for word in words` needs no words[word].",
    ),
    Entry(
        r"indices must be integers|non-integer arg|slice indices must be|"
        r"'(?:\w+\.)?float\d*' object cannot be interpreted as an integer",
        "A whole number is wanted here, for an index, a range or a length. "
        "/ always gives a float: // rounds down, and int(...) cuts off. "
        "Several places of a list are [words[i] for i in places].",
    ),
    Entry(
        r"'([\w.]+)' object cannot be interpreted as an integer",
        "A whole number is wanted here, and this is {a}. int(...) makes one of text, len(...) counts.",
    ),
    Entry(
        r"'(?:zip|map|enumerate|generator|filter|reversed|dict_\w+|\w*iterator)' object is not subscriptable|"
        r"'(?:zip|map|enumerate|generator|filter|dict_\w+)' has no len",
        "This can be run through in a loop, but not indexed or counted: list(...) makes a list of it.",
    ),
    Entry(
        r"'([\w.]+)' object is not subscriptable",
        "Square brackets take an entry out of a list, a dict or a tensor, and this is {a}.",
    ),
    Entry(
        r"iteration over a 0-d|len\(\) of|'([\w.]+)' object is not iterable|"
        r"argument of type '([\w.]+)' is not|object of type '([\w.]+)' has no len|"
        r"cannot unpack non-iterable ([\w.]+) object|can only (?:join|assign) an iterable",
        "Several things are wanted here (a list, say), and this is a single one. "
        "`for i in range(n)` counts up to n; max and argmax with dim=-1 give one for each row.",
    ),
    Entry(
        r"does not support item assignment",
        "Its entries cannot be set (nor those of text or a tuple). Build a new one, or list(...) first.",
    ),
    Entry(
        r"unhashable type: '([\w.]+)'|cannot use '([\w.]+)' as",
        "Keys of a dict and elements of a set must never change, and this is {a}. Often tuple(...) helps.",
    ),
    # arithmetic
    Entry(
        r"can only concatenate (?:str|list|tuple) \(not \"([\w.]+)\"\) to (\w+)",
        "+ appends {b} only to {b}, and here is {a}. "
        "A single entry becomes a list as [entry], a number becomes text with str(...). "
        "To add numbers, make a tensor first.",
    ),
    Entry(
        r"can't multiply sequence by non-int",
        "A list or text can only be repeated, a whole number of times. For arithmetic: torch.tensor(...).",
    ),
    Entry(
        r"(?:unsupported operand|not supported between|bad operand).*'(?:list|tuple)'",
        "Lists and tuples do not calculate or compare number by number. Tensors do: torch.tensor(...).",
    ),
    Entry(
        r"(?:unsupported operand|not supported between).*'str'|expected str instance, (\w+) found",
        "There is no arithmetic with text. float(...) turns it into a number, str(...) a number into text.",
    ),
    Entry(
        r"unsupported operand type\(s\) for (.+?): '([\w.]+)' and '([\w.]+)'|"
        r"'(.+)' not supported between instances of '([\w.]+)' and '([\w.]+)'",
        "{0} does not work between {b} and {c}. Print type(...) of both.",
    ),
    Entry(
        r"invalid literal for int|could not convert string to float",
        "This text is no whole number (int), or no number at all (float). Print it first.",
    ),
    Entry(
        r"must be real number, not ([\w.]+)|bad operand type for .*'([\w.]+)'|"
        r"argument must be a string.* not '([\w.]+)'",
        "One number is wanted here, and this is {a}. Several at a time: [f(x) for x in xs], or torch.",
    ),
    Entry(
        r"^ZeroDivisionError",
        "Something is divided by 0: which count or length can be 0 here? Treat that case first.",
    ),
    Entry(
        r"math domain error|expected a (?:positive|nonnegative) (?:input|number)",
        "This function does not exist for that number: often it is the log of 0, or the root of a number below 0. "
        "By convention 0 · log 0 counts as 0: leave those out.",
    ),
    Entry(
        r"^OverflowError",
        "The result is too large for Python. Often it is exp of a large number: take its maximum off first.",
    ),
    # too many, too few, none
    Entry(
        r"values to unpack",
        "There are more or fewer names on the left (or behind `for`) than values on the right. "
        "Print those, or their .shape. "
        "enumerate and dict.items() give pairs.",
    ),
    Entry(
        r"too many indices|invalid index of a 0-dim tensor|invalid index to scalar variable",
        "There are more indices in the square brackets than axes. Print its .shape; one number has none.",
    ),
    Entry(
        r"index out of range|pop from empty|index \d+ is out of range",
        "The index is too large, or too far below 0: n entries are called 0 to n − 1. Print len(...).",
    ),
    Entry(
        r"Expected reduction dim|arg(?:ument)? is (?:an )?empty|attempt to get arg|zero-size array|"
        r"empty sequence",
        "The largest (or smallest, or any) of nothing was asked for. Treat the empty case first.",
    ),
    Entry(
        r"is not in list|x not in list|substring not found|tuple\.index",
        "What you look for is not in it. Ask first: `if x in words`.",
    ),
    Entry(
        r"^KeyError: tensor\(",
        "The key is a tensor, and finds only itself. .item() makes a plain number of it.",
    ),
    Entry(
        r"^KeyError",
        "There is no such key. d.keys() shows which there are, and d.get(key, 0) of a dict gives 0 instead.",
    ),
    Entry(
        r"^RecursionError",
        "The function calls itself without end: often it has the name of the one that you meant to call.",
    ),
    # numpy
    Entry(
        r"operands could not be broadcast|must be broadcastable",
        "Two arrays do not fit together. "
        "Axes are compared from the right and must be equally long, or 1 long; x[:, None] adds an axis of 1. "
        "Print both .shape.",
    ),
    Entry(
        r"must be in the range \[0, (1|100)\]",
        "It must lie between 0 and {0}: quantile counts from 0 to 1, np.percentile from 0 to 100.",
    ),
    # scikit-learn
    Entry(
        r"Expected 2D array, got|Found array with dim \d",
        "scikit-learn wants a table: a row for each example, a column for each feature. "
        "One example alone is x.reshape(1, -1); of three axes, pool or choose one first.",
    ),
    Entry(
        r"at least 2 classes|number of classes has to be greater than one",
        "All examples have the same label, so there is nothing to tell apart. "
        "Often the data are sorted and only the first few were taken: shuffle, or take some of each class.",
    ),
    Entry(
        r"inconsistent numbers of samples",
        "There must be one label for each row, and here are more of one than of the other. "
        "Print len(...) of both: often one was filtered or cut and the other not.",
    ),
    Entry(
        r"Input (?:\w+ )?contains (?:NaN|infinity)",
        "There is a NaN or an infinity among the numbers, often from a mean over nothing, 0 / 0, or a masked softmax. "
        "torch.isnan(x).any() shows where it begins.",
    ),
    Entry(
        r"X has \d+ features, but",
        "The rows have another length than those it was fitted with. Same layer and pooling both times?",
    ),
    Entry(
        r"is not fitted yet",
        "It has learnt nothing yet: .fit(X, y) comes before .predict and .score.",
    ),
    Entry(
        r"Unknown label type|mix of \w+ and continuous",
        "Classes are wanted here, whole numbers or names, and these are floats. "
        "Often X and y, or probabilities and predictions, have changed places.",
    ),
)
