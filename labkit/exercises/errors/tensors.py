"""Errors of tensors."""

from labkit.exercises.errors.entry import FUNCTION, Entry

AMBIGUOUS = r"Boolean value of Tensor with more than one value|truth value of an array"
PRODUCT = (
    r"mat1 and mat2 shapes cannot be multiplied|first two dimensions of batch2 tensor|shapes .* not aligned|"
    r"matmul: Input operand 1 has a mismatch|inconsistent tensor size, expected|size mismatch, got input"
)
ONE = (
    r"a Tensor with \d+ elements cannot be converted|can only convert an array of size 1|"
    r"only one element tensors|only (?:length|size)-1 arrays|only 0-dimensional arrays"
)
BROADCAST = r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)"

TORCH = (
    # one True or False of a whole tensor
    Entry(
        AMBIGUOUS,
        "A loss like nn.CrossEntropyLoss is made first and called afterwards: nn.CrossEntropyLoss()(logits, targets). "
        "F.cross_entropy(logits, targets) is both in one.",
        r"nn\.\w*Loss\((?!\))",
    ),
    Entry(
        AMBIGUOUS,
        "`and`, `or` and `not` want a single True or False, and here is a whole tensor or array of them. "
        "Element by element it is & | ~, with brackets around each comparison: (a == 0) & (b == 1).",
        r"\b(and|or)\b|\bnot\b(?! in\b)",
    ),
    Entry(
        AMBIGUOUS,
        "Python needs a single True or False here (for if, while, in, 0 < x < 3 or max(a, b)), and gets a whole tensor or array. "
        ".any() or .all() makes one of many; torch.where chooses element by element.",
    ),
    Entry(
        r"Boolean value of Tensor with no values|truth value of an empty array",
        "A single True or False is wanted, and this is empty. Ask for its length first: len(x) == 0.",
    ),
    Entry(
        rf"'{FUNCTION}' (?:object|and)|and '{FUNCTION}'$",
        "This is a function that has not been called: its round brackets are missing, as in x.sum().",
    ),
    Entry(
        r'"bitwise_\w+" not implemented|unsupported operand type\(s\) for [&|]:|~ \(operator\.invert\)|'
        r"ufunc '(?:bitwise_\w+|invert)'|bad operand type for unary ~",
        "& | ~ want masks of True and False (or whole numbers). "
        "They bind more tightly than == < >, so put brackets around each comparison: (a > 0) & (b == 1). "
        "mask.bool() turns 0 and 1 into a mask.",
    ),
    Entry(
        r"(?:Subtraction|Negation), the `-` operator|numpy boolean (?:subtract|negative)",
        "Minus does not work on True and False. "
        "The opposite of a mask is ~mask; to calculate with it, make it numbers: mask.float(), or mask.astype(float) in numpy.",
    ),
    Entry(
        r"expected condition to be a boolean tensor|only supports boolean masks|expected BoolTensor",
        "The mask or condition must hold True and False here. Compare it, (mask == 1), or write mask.bool().",
    ),
    # one number out of many
    Entry(
        r"a Tensor with 0 elements cannot be converted",
        "The tensor is empty, so there is no number to take out. "
        "Often nothing was found: no such token in the text, no place where the condition holds. "
        "Treat that case first.",
    ),
    Entry(
        ONE,
        ".nonzero() and torch.where give all the places, with one number for each axis. "
        "Choose one first, as in places[0], or treat them all in a loop.",
        r"nonzero|where\([^,]*\)",
    ),
    Entry(
        r"must be tuple of Tensors, not (?!NoneType)|only integer scalar arrays can be converted",
        "cat, stack and concatenate want what they join in a list: torch.cat([a, b]).",
        r"(cat|stack|concatenate)\(",
    ),
    Entry(
        ONE,
        "The functions of math take one number. "
        "For all of a tensor at once: torch.log, torch.sqrt, torch.exp.",
        r"\bmath\.",
    ),
    Entry(
        r"only integer tensors of a single element|only integer scalar arrays",
        "A single whole number is wanted here, as the index of a list or a length, and this tensor or array holds several, or floats. "
        "For several entries of a list: [words[i] for i in ids].",
    ),
    Entry(
        ONE,
        "One number is wanted here, and this holds several (or none). "
        "Choose one with [...], or take .sum(), .mean() or .max() first. "
        "A list of tensors becomes one tensor with torch.stack.",
    ),
    # shapes
    Entry(
        f"{PRODUCT}|{BROADCAST}|operands could not be broadcast",
        "With more than two axes, .T reverses all of them, the batch too. "
        ".transpose(-2, -1) exchanges only the last two. "
        "Print the .shape of both sides of the product.",
        r"(?=.*\.T\b)(?=.*(@|matmul|bmm|mm\(|dot))",
    ),
    Entry(
        PRODUCT,
        "In a product A @ B the last axis of A must be as long as the last but one of B (a vector's only one). "
        "Print both .shape; B.transpose(-2, -1) exchanges the last two axes.",
    ),
    Entry(
        r"must be a matrix|batch[12] must be a 3D tensor|1D tensors expected",
        "torch.mm multiplies two matrices, torch.bmm two batches (three axes), torch.dot two vectors. "
        "A @ B does all of that, and with other numbers of axes too.",
    ),
    Entry(
        BROADCAST,
        "Two tensors do not fit together: an axis of {0} meets one of {1}. "
        "Axes are compared from the right and must be equally long, or 1; x.unsqueeze(-1) adds an axis of 1 on the right.",
    ),
    Entry(
        r"expanded size of the tensor|must be greater or equal to the number of dimensions in the tensor|"
        r"value tensor of shape|could not broadcast input array|cannot assign \d+ input values",
        "What is put in, or expanded, has another shape than the place that it is for. "
        "Print both .shape: they must be equal, and only an axis of 1 is stretched.",
    ),
    Entry(
        r"shape '.*' is invalid for input|cannot reshape array of size|view size is not compatible",
        "The new shape must have room for exactly as many numbers as there are (−1 for one axis is worked out). "
        "If it has: .reshape can do what .view cannot.",
    ),
    Entry(
        r"Index tensor must have the same number of dimensions as (?:input|self) tensor",
        "gather wants an index with as many axes as the tensor it picks from: index.unsqueeze(-1) adds one, and .squeeze(-1) takes it off the result.",
    ),
    Entry(
        r"Sizes of tensors must match except|Tensors must have same number of dimensions|"
        r"zero-dimensional tensor|must match exactly, but along dimension|"
        r"must have same number of dimensions",
        "Everything that is joined must have equally many axes, and equal lengths in all but the one it is joined along. "
        "x.unsqueeze(0) adds an axis; torch.stack joins along a new one.",
    ),
    Entry(
        r"stack expects each tensor to be equal size|all input arrays must have the same shape",
        "stack wants pieces of one shape, and these differ. Print the .shape of each.",
    ),
    Entry(
        r"expects a non-empty TensorList|expected a non-empty list of Tensors|need at least one array",
        "The list of what is to be joined is empty. Did the loop that fills it run at all?",
    ),
    Entry(
        r"must have at least 2 dimensions",
        "A matrix is wanted here, and this has a single axis or none: torch.ones(n, n) makes one.",
    ),
    Entry(
        r"einsum\(\): ",
        "In einsum each letter names an axis: as many letters as the tensor has axes, and one letter means one length everywhere. "
        "Print the shapes beside the letters.",
    ),
    Entry(
        r"Dimension out of range|axis -?\d+ is out of bounds",
        "There is no such axis: n axes are called 0 to n − 1, or −1 to −n from the right. Print the .shape.",
    ),
    # losses
    Entry(
        r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)",
        "cross_entropy wants one target for each row of logits, and here are {0} rows and {1} targets. "
        "Shift or choose both in the same way, and flatten both.",
    ),
    Entry(
        r"Expected target size|only batches of spatial targets",
        "cross_entropy wants logits (N, V) and targets (N,): with logits (B, T, V), logits.flatten(0, 1) and targets.flatten().",
    ),
    Entry(
        r"Expected floating point type for target",
        "Logits and targets have the same shape here. "
        "cross_entropy wants one axis more in the logits, (N, V) and (N,): hand over the logits themselves, not their argmax.",
    ),
    Entry(
        r"Target -?\d+ is out of bounds",
        "A target is not the number of a class: it is below 0, or the logits have too few columns. "
        "Is V their last axis, and are the targets ids of these V?",
    ),
    # indices
    Entry(
        r"index -100 is out of bounds",
        "A label of −100 marks a position that does not count, and cannot be used as an index. "
        "Leave those out first: keep = labels != -100, then labels[keep] and logits[keep].",
    ),
    Entry(
        r"is out of bounds for (?:dimension|axis) \d+ with size 0",
        "What you take an entry from is empty. Treat that case first, or print the .shape before this line.",
    ),
    Entry(
        r"index (-?\d+) is out of bounds for (?:dimension|axis) \d+ with size (\d+)",
        "There is no entry {0}: this axis has {1}, counted from 0. "
        "Print the .shape: is it the axis you mean?",
    ),
    Entry(
        r"selected index k out of range",
        "topk was asked for more than there are: min(k, x.shape[-1]) is the most along the last axis.",
    ),
    Entry(
        r"tensors used as indices must be|arrays used as indices must be|are valid indices",
        "Square brackets take whole numbers, slices, or a mask of True and False, and here is something else. "
        "Often it is a float (.long() or int(...) helps) or a mask of 0.0 and 1.0 (.bool()).",
    ),
    Entry(
        r"shape of the mask .* does not match|boolean index did not match",
        "The mask has another shape than what it chooses from: they must agree from the left. "
        "masked_fill and torch.where also stretch an axis of 1, and add axes on the left.",
    ),
    Entry(
        r"indexing (?:tensors|arrays) could not be broadcast together",
        "The lists of indices, one for each axis, belong together in pairs: they must be equally long.",
    ),
    # dtypes
    Entry(
        r"gather\(\): Expected dtype|scatter\(\): Expected dtype|for argument #1 'indices'|"
        r"expected target dtype|scalar type Long but|only applicable to index tensor",
        "Ids, places and targets must be whole numbers here, of dtype int64: put .long() behind them.",
    ),
    Entry(
        r"could not infer output dtype|: Expected a floating point|result type \w+ can't be cast|"
        r"not implemented for '(?:Long|Int|Bool|Byte)'|only support floating|common dtype to be floating|"
        r"only supports floating-point dtypes|must be either float or double",
        "This does not work with whole numbers or a mask: put .float() behind them first.",
    ),
    Entry(
        r"m1 and m2 to have the same dtype|must have the same dtype|expected scalar type \w+ but found|"
        r"same dtype, but got",
        "Two tensors of different dtypes meet, such as float32 with int64 or with numpy's float64. "
        "Print both .dtype; .float() makes each float32.",
    ),
    # gradients, memory, devices
    Entry(
        r"leaf Variable that requires grad|modified by an inplace operation|"
        r"Inplace update to inference tensor",
        "This tensor often belongs to a network and may not be changed. Use a copy: x.detach().clone().",
    ),
    Entry(
        r"Can't call numpy\(\) on Tensor that requires grad",
        "This tensor carries a gradient, and numpy cannot. "
        "x.detach().numpy() leaves it behind; inside `with torch.inference_mode():` there is none in the first place.",
    ),
    Entry(
        r"not compiled with CUDA|No CUDA GPUs|Found no NVIDIA driver|tensors to be on the same device|"
        r"device type at start",
        'Tensors and network must lie on one device that this computer has; "cpu" always works. '
        "Usually there is no need for .to(...) or .cuda() here.",
    ),
    Entry(
        r"^MemoryError|^OutOfMemoryError|can't allocate memory|out of memory",
        "That needs more memory than there is. "
        "Often a shape is wrong, or everything is compared with everything at once: take smaller pieces.",
    ),
    # tensors, arrays and lists
    Entry(
        r"received an invalid combination of arguments - got \(((?:(?!NoneType).)+?)\),",
        "This got arguments of the types ({0}), which do not fit. "
        "Often a list, a tuple or a numpy array stands where a tensor is wanted, or a number where a shape is, such as (3,).",
    ),
    Entry(
        r"must be tuple of ints, not|Cannot interpret '.*' as a data type",
        "A shape is wanted here: whole numbers in brackets of their own, (3, 4) or (3,). "
        "/ makes a float, // does not.",
    ),
    Entry(
        r"(\w+)\(\): argument 'input' \(position 1\) must be Tensor, not (?:int|float)",
        "{0} is for tensors. For one plain number math often has the same, such as math.sqrt.",
    ),
    Entry(
        r"must be (?:tuple of Tensors|Tensor), not (?!NoneType)([\w.]+)|"
        r"argument 0, but got (?!NoneType)([\w.]+)|can't assign an? (?!NoneType)([\w.]+) to a torch|"
        r"expected np\.ndarray \(got (\w+)\)",
        "This is {a}, and PyTorch wants something else here, usually a tensor. "
        "torch.tensor(...) makes one of numbers, of lists and of arrays.",
    ),
    Entry(
        r"argument '(\w+)' .*must be ([\w.]+), not (?!NoneType)([\w.]+)",
        "The argument {0} must be of the type {1}, and this is {c}. Call it by its name: {0}=...",
    ),
    Entry(
        r"'Tensor' and 'numpy\.ndarray'|'numpy\.ndarray' and 'Tensor'|"
        r"operation is not implemented for NumPy arrays",
        "A numpy array meets a tensor. Make both the same: torch.tensor(array), or tensor.numpy().",
    ),
    Entry(
        r"unexpected keyword argument '(?:dim|keepdim|axis|keepdims)'",
        "PyTorch says dim= and keepdim=, numpy says axis= and keepdims=, and some functions take neither. "
        "Which have you got here?",
    ),
    Entry(
        r"'numpy\.\w+' object has no attribute '(\w+)'",
        "This is from numpy, and has no .{0}. "
        "torch.tensor(...) makes a tensor of it; to collect things, start with a list.",
    ),
    Entry(
        r"'Tensor' object has no attribute '(\w+)'",
        "A tensor has no .{0}. "
        "Is it misspelt, or from numpy or lists? "
        "There .copy() is .clone(), .astype(float) is .float(), and append is torch.cat.",
    ),
    Entry(
        r"too many dimensions 'str'|invalid data type 'str'",
        "Tensors hold numbers, not text. "
        'Words become ids with a tokenizer, labels with a dict: {{"neg": 0, "pos": 1}}.',
    ),
    Entry(
        r"expected sequence of length \d+ at dim|inhomogeneous shape",
        "The rows differ in length, and tensors and arrays are full rectangles. Pad the short ones first.",
    ),
    Entry(
        r"Could not infer dtype of (?!NoneType)(\w+)",
        "torch.tensor wants numbers, or lists of numbers, and there is {a} among them.",
    ),
    # sampling
    Entry(
        r"invalid multinomial distribution|probability tensor contains either",
        "multinomial wants probabilities: none below 0, no NaN, not all of them 0. "
        "Logits are none yet (softmax makes them), and a row of nothing but −inf becomes NaN.",
    ),
    Entry(
        r"prob_dist must be 1 or 2 dim",
        "multinomial takes one row of probabilities, or one for each text: first logits[:, -1], say.",
    ),
    Entry(
        r"probabilities do not sum to 1|'p' must be 1-dim|must have same size|weights does not match",
        "For each thing to choose from there must be one probability, in a single row. "
        "numpy wants their sum to be 1 more exactly than float32 can: p = p.double(); p = p / p.sum().",
    ),
    Entry(
        r"samples without replacement|larger (?:sample )?than population",
        "More is drawn than there is, without putting anything back. "
        "With replacement it is torch.multinomial(..., replacement=True), random.choices(..., k=n), or replace=True in numpy.",
    ),
)
