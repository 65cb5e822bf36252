"""What goes wrong in a splitter of words: one builder, and its choices made wrongly."""

from labkit.exercises.exercise import Misconception, variant


def splitter(
    first="",  # what stands before the first piece when it is looked up
    looked_up=("##",),  # what stands before the others; several are tried in turn
    written=None,  # what stands before the others in the result; None: as it was looked up
    ends=lambda length: range(length, 0, -1),
    unknown=lambda pieces: ["[UNK]"],
    skip=None,  # what stands for a letter that fits nothing, when it goes on behind it
    spell=None,  # another way of looking for the pieces altogether
    rest=lambda text, part, piece: text[len(part) :],
    most=None,  # how many pieces are looked for
    longest=None,  # how long a word may be
    result=lambda pieces: pieces,
):
    """wordpiece with single choices made wrongly."""

    def wrong(word, vocab):
        if longest is not None and len(word) > longest:
            return ["[UNK]"]
        if spell is not None:
            found = spell(word, vocab)
            return result(found) if found is not None else unknown([])
        pieces, text = [], word
        while text and (most is None or len(pieces) < most):
            marks = looked_up if pieces else (first,)
            fitting = ((mark, text[:end]) for end in ends(len(text)) for mark in marks)
            mark, part = next(((mark, part) for mark, part in fitting if mark + part in vocab), (None, None))
            if part is None and skip is None:
                return unknown(pieces)
            if part is None:
                pieces, text = pieces + skip, text[1:]
                continue
            piece = mark + part
            text = rest(text, part, piece)
            pieces.append(piece if written is None or not pieces else written + part)
        return result(pieces)

    return wrong


def _backtracking(word, vocab, start=0):
    if start == len(word):
        return []
    for end in range(len(word), start, -1):
        piece = word[start:end] if start == 0 else "##" + word[start:end]
        if piece in vocab:
            tail = _backtracking(word, vocab, end)
            if tail is not None:
                return [piece, *tail]
    return None


def _fewest(word, vocab):
    best = {0: []}
    for end in range(1, len(word) + 1):
        for start in range(end):
            piece = word[start:end] if start == 0 else "##" + word[start:end]
            if start in best and piece in vocab and len(best[start]) + 1 < len(best.get(end, word + "xx")):
                best[end] = [*best[start], piece]
    return best.get(len(word))


def _from_the_end(word, vocab):
    pieces, end = [], len(word)
    while end:
        for start in range(end):
            piece = word[start:end] if start == 0 else "##" + word[start:end]
            if piece in vocab:
                break
        else:
            return None
        pieces, end = [piece, *pieces], start
    return pieces


def _letters(word, vocab):
    pieces = [word] if word in vocab else [word[0], *("##" + letter for letter in word[1:])]
    return pieces if all(piece in vocab for piece in pieces) else None


def _whole(word, vocab):
    return [word] if word in vocab else None


def _merged(word, vocab):
    """Bottom-up, as byte-pair encoding does it."""
    pieces = [word[0], *("##" + letter for letter in word[1:])]
    while True:
        pairs = zip(pieces, pieces[1:], strict=False)
        place = next((k for k, (a, b) in enumerate(pairs) if a + b[2:] in vocab), None)
        if place is None:
            return pieces if all(piece in vocab for piece in pieces) else None
        pieces[place : place + 2] = [pieces[place] + pieces[place + 1][2:]]


def _anywhere(word, vocab):
    pieces, text = [], word
    while text:
        mark = "##" if pieces else ""
        parts = [text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)]
        fitting = [part for part in parts if mark + part in vocab]
        if not fitting:
            return None
        part = max(fitting, key=len)
        pieces.append(mark + part)
        text = text.replace(part, "", 1)
    return pieces


def _marks_ignored(size):
    """Entries with and without ## serve for every part; the longest by `size` is taken."""

    def spell(word, vocab):
        pieces, text = [], word
        while text:
            fitting = [p for p in vocab if p.replace("##", "") and text.startswith(p.replace("##", ""))]
            if not fitting:
                return None
            pieces.append(max(sorted(fitting), key=size))
            text = text[len(pieces[-1].replace("##", "")) :]
        return pieces

    return spell


def _used_up(word, vocab):
    left, pieces, start = set(vocab), [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = word[start:end] if start == 0 else "##" + word[start:end]
            if piece in left:
                break
        else:
            return None
        left.discard(piece)
        pieces.append(piece)
        start = end
    return pieces


def _only_the_example(word, vocab):
    return ["un", "##aff", "##able"] if word == "unaffable" else _whole(word, vocab)


def _example_or_unknown(word, vocab):
    return ["un", "##aff", "##able"] if word == "unaffable" else ["[UNK]"]


def _endless(word, vocab):
    raise RecursionError("maximum recursion depth exceeded")


def _endless_in_a_comparison(word, vocab):
    raise RecursionError("maximum recursion depth exceeded in comparison")


def _stale(word, vocab):
    return ["un", "##aff", "##able"]


MISCONCEPTIONS = (
    variant(
        splitter,
        "continuations looked up without ##",
        (
            "Your continuation pieces are looked up without their ##.",
            'In the vocabulary "ing" is a word of its own and "##ing" is the end of one: two entries.',
            "Where you test `in vocab`: which spelling do you test when it is not the first piece?",
        ),
        looked_up=("",),
        written="##",
    ),
    variant(
        splitter,
        "no ## at all",
        (
            "Your continuations carry no ##, and are looked up without it.",
            "Without the mark nobody can tell where a word ends: play + er or player?",
            "Every piece but the first gets ## in front, both when you look it up and when you keep it.",
        ),
        looked_up=("",),
    ),
    variant(
        splitter,
        "## lost in the result",
        (
            "Your continuations come back without their ##.",
            'They are looked up rightly, but "er" is another entry of the vocabulary than "##er".',
            "Keep the very string that you have found in the vocabulary, not the slice of the word.",
        ),
        written="",
    ),
    variant(
        splitter,
        "## on the first piece as well",
        (
            "Your first piece is treated as a continuation.",
            "## means: glued to the piece before. Nothing stands before the first piece.",
            "Make the ## depend on where the piece starts.",
        ),
        first="##",
    ),
    variant(
        splitter,
        "a single #",
        (
            "Your continuations are marked with a single #.",
            "The vocabulary writes two: ##ing. With one, no continuation is ever found.",
            'Count the signs in the string that you put in front: "##".',
        ),
        looked_up=("#",),
    ),
    variant(
        splitter,
        "with or without ##",
        (
            "Where a continuation with ## is missing, you take the entry without it.",
            'An entry without ## begins a word. If "##er" is not there, "er" does not help.',
            "Only one spelling counts: bare for the first piece, with ## for all others.",
        ),
        looked_up=("##", ""),
    ),
    variant(
        splitter,
        "shortest match first",
        (
            "Your pieces are as short as possible.",
            "Greedy means longest first: a whole word in the vocabulary must come out whole.",
            "In which direction does your end run? It has to begin at the end of the word.",
        ),
        ends=lambda length: range(1, length + 1),
    ),
    variant(
        splitter,
        "pieces of one letter are never tried",
        (
            "A piece of a single letter is never found.",
            "The end stops one too early on its way to the start, so one letter is never looked up.",
            "range(len(word), start, -1) still has start + 1 in it; `while end > start` goes as far.",
        ),
        ends=lambda length: range(length, 1, -1),
    ),
    variant(
        splitter,
        "the whole rest is never tried",
        (
            "All that is left is never looked up in one piece.",
            "A slice ends before its end: word[start:len(word)] is the rest, up to len(word) - 1 it is not.",
            "Begin with end = len(word).",
        ),
        ends=lambda length: range(max(length - 1, 1), 0, -1),
    ),
    Misconception(
        "the whole rest is never tried, even of one letter",
        splitter(ends=lambda length: range(length - 1, 0, -1)),
        (
            "The last letter of a word is never part of a piece that you look up.",
            "A slice ends before its end: word[start:len(word)] is the rest, up to len(word) - 1 it is not.",
            "Begin with end = len(word), and let it fall from there.",
        ),
    ),
    variant(
        splitter,
        "keeps the pieces found before an unknown part",
        (
            "When a word cannot be spelt to its end, you keep the pieces found so far, and add [UNK].",
            "WordPiece gives up the whole word then: its pieces would say something the word does not.",
            'What do you return when no piece fits? It has to be ["[UNK]"] and nothing else.',
        ),
        unknown=lambda pieces: [*pieces, "[UNK]"],
    ),
    variant(
        splitter,
        "stops where nothing fits",
        (
            "When a word cannot be spelt to its end, you return the pieces found so far, and no [UNK].",
            "What could not be spelt is lost without a trace, and the pieces stand for another word.",
            'Leave the function where nothing fits: return ["[UNK]"].',
        ),
        unknown=lambda pieces: pieces,
    ),
    variant(
        splitter,
        "nothing for a word that cannot be spelt",
        (
            "For a word that cannot be spelt you return an empty list.",
            "The word would vanish from the text; [UNK] says that something was there.",
            'It has to be ["[UNK]"].',
        ),
        unknown=lambda pieces: [],
    ),
    variant(
        splitter,
        "[UNK] not in a list",
        (
            'For a word that cannot be spelt you return the text "[UNK]", not a list.',
            "The caller goes through a list of pieces; of a text it would get the letters.",
            'Brackets around it: ["[UNK]"].',
        ),
        unknown=lambda pieces: "[UNK]",
    ),
    variant(
        splitter,
        "the sign of another library",
        (
            "For a word that cannot be spelt you return something else than [UNK].",
            "<unk> and the like belong to other tokenizers; in this vocabulary the entry is called [UNK].",
            'Write it as the docstring does: ["[UNK]"].',
        ),
        unknown=lambda pieces: ["<unk>"],
    ),
    variant(
        splitter,
        "the word itself where it cannot be spelt",
        (
            "A word that cannot be spelt comes back as it is.",
            "It is not in the vocabulary, so it has no id, and the model cannot read it.",
            'Return ["[UNK]"] there.',
        ),
        spell=lambda word, vocab: [word] if splitter()(word, vocab) == ["[UNK]"] else splitter()(word, vocab),
    ),
    variant(
        splitter,
        "skips letters that fit nothing",
        (
            "Where nothing fits, you skip a letter and go on.",
            "A skipped letter is lost without a trace; [UNK] at least says that something was there.",
            'When even a single letter is not in the vocabulary, return ["[UNK]"] at once.',
        ),
        skip=[],
    ),
    variant(
        splitter,
        "an [UNK] for each letter that fits nothing",
        (
            "Where nothing fits, you put an [UNK] for one letter and go on.",
            "WordPiece gives up the whole word: one [UNK], and no other piece.",
            'When even a single letter is not in the vocabulary, return ["[UNK]"] at once.',
        ),
        skip=["[UNK]"],
    ),
    variant(
        splitter,
        "goes back for a shorter beginning",
        (
            "Where the longest pieces lead nowhere, you go back and try shorter ones.",
            "That is cleverer than WordPiece, which is greedy: what it has taken it keeps.",
            "When nothing fits behind the longest beginning, the word is [UNK], whatever shorter ones allow.",
        ),
        spell=_backtracking,
    ),
    variant(
        splitter,
        "the fewest pieces",
        (
            "You look for a split of the whole word at once, here the one with the fewest pieces.",
            "WordPiece is greedy: the longest beginning first, even if more pieces follow from it.",
            "Go from left to right, take the longest piece each time, and never come back.",
        ),
        spell=_fewest,
    ),
    variant(
        splitter,
        "from the end of the word",
        (
            "You match the longest ending first, from right to left.",
            "WordPiece goes from left to right; the two directions split many words differently.",
            "Begin at start = 0 and let start grow to the end of each piece.",
        ),
        spell=_from_the_end,
    ),
    variant(
        splitter,
        "the longest piece anywhere",
        (
            "You take the longest piece from wherever it stands in the word.",
            "A piece must begin where the one before it has ended, or letters change places or get lost.",
            "Only the end of a piece moves; its start is where the last piece ended.",
        ),
        spell=_anywhere,
    ),
    variant(
        splitter,
        "merged from the letters",
        (
            "You join neighbouring pieces, beginning with the letters.",
            "So does byte-pair encoding. WordPiece cuts from the left: the longest beginning first.",
            "Start with the whole word and shorten it from the end until it is in the vocabulary.",
        ),
        spell=_merged,
    ),
    Misconception(
        "only the example is split",
        splitter(spell=_only_the_example),
        (
            "No word is split but the notebook's unaffable.",
            "un, ##aff, ##able is one example; any other word has to be looked up part by part.",
            "Look for the longest beginning in vocab, move start to its end, and look again.",
        ),
        (_example_or_unknown,),
    ),
    Misconception(
        "calls itself without end",
        _endless,
        (
            "Your function calls itself without end.",
            "Each call has to get a shorter rest, and the one that gets an empty rest must call no more.",
            'Begin with what needs no further call: an empty rest is [], and no fit ["[UNK]"].',
        ),
        (_endless_in_a_comparison,),
    ),
    variant(
        splitter,
        "entries with and without ## are taken as one",
        (
            "Entries with ## and without are the same to you: either is taken, at any place of the word.",
            "## means: glued to the piece before. An entry with ## begins no word, one without begins it.",
            "Look up the bare string for the first piece, and the one with ## for all others.",
        ),
        spell=_marks_ignored(len),
    ),
    variant(
        splitter,
        "a piece can be used once",
        (
            "A piece that a word needs twice is found only once.",
            "banana has ##an two times: what is used stays in vocab, which the caller needs as well.",
            "Take nothing out of vocab; only look pieces up in it.",
        ),
        spell=_used_up,
    ),
    variant(
        splitter,
        "never splits",
        (
            "A word that is not in the vocabulary as a whole becomes [UNK].",
            "That is a word-level vocabulary. WordPiece takes the longest known beginning and goes on.",
            "You need a loop around the look-up: take a piece, move start to its end, look again.",
        ),
        spell=_whole,
    ),
    variant(
        splitter,
        "letter by letter",
        (
            "A word that is not in the vocabulary as a whole is spelt letter by letter.",
            "Between the whole word and its letters are the longer pieces, and they come first.",
            "Shorten the end by one letter at a time, and take the first that is in the vocabulary.",
        ),
        spell=_letters,
    ),
    variant(
        splitter,
        "one continuation at most",
        (
            "You look for a beginning and one continuation; what is behind them is lost.",
            "A word can have any number of pieces.",
            "A loop: as long as start < len(word), look for the next piece.",
        ),
        most=2,
    ),
    Misconception(
        "the rest must be one piece",
        lambda word, vocab: _two_pieces(word, vocab),
        (
            "Behind the first piece, you only try all that is left at once.",
            "The rest is split like the word itself: its longest beginning, then what is left of it.",
            "A loop: as long as start < len(word), look for the next piece.",
        ),
    ),
    variant(
        splitter,
        "only the first piece",
        (
            "Only the first piece comes back.",
            "A `return` inside a loop ends the whole function, the first time it is reached.",
            "Collect the pieces in a list, and return it behind the loop.",
        ),
        most=1,
    ),
    variant(
        splitter,
        "moved on by the length with ##",
        (
            "After a continuation, you move on by two letters too many.",
            "The piece that you look up has ## in front, and its length counts these two as well.",
            "start = end, or the length of the slice without its ##.",
        ),
        rest=lambda text, part, piece: text[len(piece) :],
    ),
    variant(
        splitter,
        "removed wherever it stands",
        (
            "When you take a piece off the word, its letters disappear from all of the rest.",
            "str.replace replaces everywhere: taking ha off haha leaves nothing.",
            "Cut by position: word[len(part):].",
        ),
        rest=lambda text, part, piece: text.replace(part, ""),
    ),
    variant(
        splitter,
        "lstrip takes off more than the piece",
        (
            "When you take a piece off the word, more letters go with it.",
            "lstrip takes a set of letters, not a beginning: lstrip('an') strips every a and n in front.",
            "Cut by position: word[len(part):], or removeprefix.",
        ),
        rest=lambda text, part, piece: text.lstrip(part),
    ),
    variant(
        splitter,
        "the pieces reversed",
        (
            "Your pieces stand from last to first.",
            "They are the word from left to right, and the model reads them in that order.",
            "append puts a piece behind the others; insert(0, ...) puts it in front.",
        ),
        result=lambda pieces: pieces[::-1],
    ),
    variant(
        splitter,
        "the pieces sorted",
        (
            "Your pieces are sorted by the alphabet.",
            "They are the word from left to right, and the model reads them in that order.",
            "Leave them in the order in which you found them.",
        ),
        result=sorted,
    ),
    variant(
        splitter,
        "each piece only once",
        (
            "A piece that comes twice is in your result once.",
            "banana has ##an two times; with one of them it is another word.",
            "Collect in a list, and do not ask whether the piece is in it already.",
        ),
        result=lambda pieces: list(dict.fromkeys(pieces)),
    ),
    variant(
        splitter,
        "letters instead of pieces",
        (
            "Your list holds single letters and signs.",
            "pieces += piece takes a text apart into its letters; so does list(piece) or extend.",
            "pieces.append(piece)",
        ),
        result=lambda pieces: list("".join(pieces)),
    ),
    variant(
        splitter,
        "one text instead of a list",
        (
            "You return one text in which the pieces are joined.",
            "The caller wants to go through the pieces one by one, and to look up each one's id.",
            "Return the list itself.",
        ),
        result=" ".join,
    ),
    variant(
        splitter,
        "special tokens around the word",
        (
            "There is a [CLS] or [SEP] among your pieces.",
            "Those belong to a whole input, not to a word; they are put around it in the next exercise.",
            "Return the pieces alone.",
        ),
        result=lambda pieces: ["[CLS]", *pieces, "[SEP]"],
    ),
    variant(
        splitter,
        "long words are given up",
        (
            "Long words become [UNK], although they can be spelt.",
            "Nothing in the docstring limits the length of a word.",
            "Take the test of len(word) out.",
        ),
        longest=10,
    ),
    variant(
        splitter,
        "two letters cut off the first piece too",
        (
            "Two letters of your first piece are missing.",
            "Only continuations begin with ##; of the first piece, [2:] takes letters away.",
            "Keep the string as you have found it in the vocabulary.",
        ),
        result=lambda pieces: [pieces[0][2:], *pieces[1:]],
    ),
    variant(
        splitter,
        "## behind the piece",
        (
            "Your ## stands behind a piece that is continued, not in front of the one that continues it.",
            'The vocabulary writes it in front: "##ing".',
            "The mark belongs to every piece but the first, at its beginning.",
        ),
        result=lambda pieces: [*(p.removeprefix("##") + "##" for p in pieces[:-1]), *pieces[-1:]],
        unknown=lambda pieces: ["[UNK]"],
    ),
    variant(
        splitter,
        "the last piece is missing",
        (
            "The last piece of a word is missing.",
            "It is found when the word is used up, and then your loop ends without keeping it.",
            "Append each piece at once when it is found.",
        ),
        result=lambda pieces: pieces[:-1],
    ),
    Misconception(
        "always the notebook's example",
        _stale,
        (
            "The same pieces come back for every word.",
            "un, ##aff, ##able is one example; another word and vocabulary give other pieces.",
            "Build the list from word and vocab.",
        ),
    ),
)


def _two_pieces(word, vocab):
    for end in range(len(word), 0, -1):
        if word[:end] in vocab:
            rest = ["##" + word[end:]] if word[end:] else []
            return [word[:end], *rest] if all(piece in vocab for piece in rest) else ["[UNK]"]
    return ["[UNK]"]
