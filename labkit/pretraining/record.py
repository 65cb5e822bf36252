"""What a run's log.json and a published model's pretraining.json hold, read and looked at."""

from pathlib import Path

from labkit.messages import LabkitError
from labkit.messages.named import read_json

KINDS = ("encoder", "decoder")
OF_THE_RUN = {"kind": str, "recipes": list, "shape": dict, "log": list}
OF_THE_SHAPE = ("width", "num_layers", "num_heads", "max_positions")
OF_AN_ENTRY = {"step": int, "pieces": int, "minutes": (int, float), "heldout": dict, "probes": list}


def read_record(path: Path, option: str = "") -> dict:
    """A run's record: kind, recipes, shape, and the log's entries.

    option: by which the file, or its folder, was named. Raises LabkitError where it is no record.
    """
    record = read_json(path, option=option)
    if lacking := _lacking(record):
        raise LabkitError(
            f"{path} is not the log of a run of labkit pretrain, or a damaged one ({lacking}). "
            "Name another folder, or restore a copy."
        )
    return record


def _lacking(record):
    """What a record has not as it should be, or ""."""
    for key, kind in OF_THE_RUN.items():
        if not isinstance(record.get(key), kind) or not record[key]:
            return f"no {key}"
    if record["kind"] not in KINDS:
        return f"a kind of model that is unknown: {record['kind']!r:.40}"
    if not all(isinstance(record["shape"].get(key), int) for key in OF_THE_SHAPE):
        return "a shape without " + ", ".join(OF_THE_SHAPE)
    if not all(isinstance(recipe, dict) for recipe in record["recipes"]):
        return "recipes that are none"
    last = record["log"][-1]
    for key, kind in OF_AN_ENTRY.items():
        if not isinstance(last, dict) or not isinstance(last.get(key), kind):
            return f"a last entry without {key}"
    return ""
