"""A view's data in few characters: JSON for words and settings, bytes for numbers, deflated, in base64.

bertviz writes full-precision floats as JSON: 48 MB for 12 x 12 heads and 128 tokens. What reaches the page
here is made of letters, digits, + / and = alone, so nothing in a student's sentence can end the script around
it.
"""

import base64
import json
import zlib
from typing import Any

import numpy as np
import torch

WEIGHT_STEPS = 1000  # attention is rounded to 3 digits
VECTOR_STEPS = 31  # queries and keys to 1/31 of each head's largest: as fine as shades of a colour show


def pack(params: dict[str, Any]) -> str:
    """A text that draw.js unpacks: nested dicts and lists, with tensors where numbers belong.

    A 4-dimensional tensor of shares is stored as whole thousandths; other values are scaled head by head.
    """
    chunks: list[bytes] = []
    header = json.dumps(_plain(params, chunks), separators=(",", ":")).encode()
    body = b"".join(chunks)
    return deflated(len(header).to_bytes(4, "little") + header + body)


def deflated(data: bytes) -> str:
    """Bytes as deflated base64 text."""
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def _plain(value: Any, chunks: list[bytes]) -> Any:
    """The value as JSON can say it; a tensor becomes a description, and its bytes go to `chunks`."""
    if isinstance(value, torch.Tensor):
        return _numbers(value.detach().double().numpy(), chunks)
    if isinstance(value, dict):
        return {key: _plain(item, chunks) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, chunks) for item in value]
    return value


def _numbers(array: np.ndarray, chunks: list[bytes]) -> dict[str, Any]:
    """Attention (rows that sum to 1) in two planes of bytes, vectors in one, with a scale for each head."""
    if np.allclose(array.sum(axis=-1), 1, atol=1e-3) and array.min() >= 0:
        steps = np.rint(WEIGHT_STEPS * array).astype("<u2")
        # Low bytes first, then high bytes: alike beside alike compresses better.
        chunks.append(steps.view(np.uint8).reshape(-1, 2).T.tobytes())
        return {"numbers": "weights", "shape": array.shape, "scales": [1 / WEIGHT_STEPS]}
    scales = np.abs(array).max(axis=(-2, -1)) / VECTOR_STEPS  # (L, H)
    scales = np.where(scales > 0, scales, 1.0)
    chunks.append(np.rint(array / scales[..., None, None]).astype(np.int8).tobytes())
    return {
        "numbers": "vectors",
        "shape": array.shape,
        "scales": [float(f"{s:.4g}") for s in scales.flatten()],
    }
