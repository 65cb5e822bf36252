"""The models of the checks: the bundled pair, and two small ones with other sizes and shorter inputs."""

import functools

from labkit.exercises.small_models import small_bert, small_gpt

LONGEST = 24  # pieces
DROPOUT = 0.3


@functools.cache
def model_named(name):
    """A bundled model or a small one, made once for all checks."""
    from labkit.models.loading import load

    common = dict(longest=LONGEST, dropout=DROPOUT, spread=0.3)
    if name == "small-bert":
        return small_bert(model_named("bert-mini").tokenizer, layers=6, width=12, heads=3, **common)
    if name == "small-gpt":
        return small_gpt(model_named("gpt-mini").tokenizer, layers=2, width=10, heads=2, **common)
    return load(name)


def described(model):
    """The name, and for a small one what it is: reports say it once a case."""
    if not model.name.startswith("small"):
        return model.name
    sizes = f"{model.num_layers} layers, {model.width} numbers a token, at most {model.max_length} pieces"
    return f"{model.name} (random: {sizes})"
