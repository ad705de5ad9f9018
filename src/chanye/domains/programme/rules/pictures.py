"""Perceptual hash of pictures: 64 bits that survive scaling, recompression and small changes of brightness."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Pixels above which a picture is not opened: a small file can unfold to fill the memory.
MOST_PIXELS = 60_000_000
#: Bits in which two pictures of the same thing may differ.
NEAR = 6


def picture_hash(data: bytes) -> str:
    """Return the difference hash of a picture as 16 hex digits, or "" if it cannot be opened or shows nothing.

    The picture is made 9 x 8 grey pixels; each bit says whether a pixel is brighter than the one to its left
    (dHash, N. Krawetz 2013). A picture of one even colour has no such bits: it would look like any other.
    """
    try:
        with Image.open(BytesIO(data)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return ""
            picture.draft("L", (9 * 16, 8 * 16))
            grey = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return ""
    if int(grey.max()) - int(grey.min()) < 8:
        return ""
    bits = (grey[:, 1:] > grey[:, :-1]).astype(np.uint8)
    return np.packbits(bits).tobytes().hex()


def distances(one: str, others: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return in how many bits a hash differs from each of others."""
    apart: npt.NDArray[np.int64] = np.bitwise_count(others ^ np.uint64(int(one, 16))).astype(np.int64)
    return apart
