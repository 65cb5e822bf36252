"""What the tests type into each lab: an answer with a mistake that students make, and the right one."""

from dataclasses import dataclass

from labkit.authoring.project import Project
from tests.browser.start import ROOT

PROJECT = Project(ROOT)


@dataclass(frozen=True)
class Answer:
    """exercise: its name. mistake: the name of the misconception that `wrong`, the source code, has."""

    exercise: str
    mistake: str
    wrong: str

    def hints(self, lab):
        """The hints for that mistake."""
        (found,) = [m for m in lab.exercises[self.exercise][1].misconceptions if m.name == self.mistake]
        return found.hints

    def right(self, lab):
        """The solution from the lab's own source."""
        (cell,) = [cell for cell in lab.cells if cell.id == f"solution-{self.exercise}"]
        return cell.text


ANSWERS = {
    "01": Answer(
        "wordpiece",
        "no ## at all",
        '''def wordpiece(word, vocab):
    """The marks forgotten."""
    pieces = []
    start = 0
    while start < len(word):
        end = len(word)
        while end > start and word[start:end] not in vocab:
            end -= 1
        if end == start:
            return ["[UNK]"]
        pieces.append(word[start:end])
        start = end
    return pieces''',
    ),
    "02": Answer(
        "causal_mask",
        "the triangle above the diagonal",
        '''def causal_mask(T):
    """Rows and columns mistaken for each other."""
    return torch.tensor([[i <= j for j in range(T)] for i in range(T)])''',
    ),
    "03": Answer(
        "cosine_similarity_matrix",
        "dot products",
        '''def cosine_similarity_matrix(vectors):
    """The lengths forgotten."""
    return vectors @ vectors.T''',
    ),
    "04": Answer(
        "head_entropy",
        "0 log 0 is NaN",
        '''def head_entropy(maps):
    """As the formula says it."""
    return -(maps * maps.log()).sum(dim=-1).mean(dim=-1)''',
    ),
    "05": Answer(
        "bootstrap_interval",
        "the 5th and the 95th",
        '''def bootstrap_interval(correct, num_samples, seed):
    """5% on each side."""
    rng = np.random.default_rng(seed)
    means = [rng.choice(correct, size=len(correct)).mean() for _ in range(num_samples)]
    low, high = np.percentile(means, [5, 95])
    return np.mean(correct), low, high''',
    ),
}
