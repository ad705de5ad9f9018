"""What a photo says of its own place and time, and whether that fits the report. EXIF 2.32, JEITA CP-3451E."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from chanye.domains.projects.types.progress import PhotoCheck
from chanye.kernel.errors import ConfigError
from chanye.kernel.geo import great_circle
from chanye.kernel.time import DAY, HOUR, to_us

#: Distance of a photo from the site above which it is far. [m]
FAR = 2_000.0
#: Age of a photo before the end of the reported day above which it is old. [us]
OLD = 7 * DAY
#: A camera's clock may go ahead by this much. [us]
AHEAD = HOUR
#: Bits in which two pictures may differ and still show the same.
ALIKE = 5
#: Cameras in China say local time; without an offset it is theirs.
LOCAL = timezone(timedelta(hours=8))
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
MOST_PIXELS = 80_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What a picture holds: when and where it was taken (None where it does not say), and its difference hash."""

    at: int | None
    latitude: float | None
    longitude: float | None
    look: str


def read_photo(data: bytes) -> Taken:
    """Return time and place from the EXIF of a JPEG, PNG or WebP, and the hash of what it shows.

    Raises
    ------
    ConfigError
        If it is no picture that can be read.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ConfigError("The picture has too many pixels; send one below 80 million.")
            exif = picture.getexif()
            place = dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
            detail = dict(exif.get_ifd(ExifTags.IFD.Exif))
            small = picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
            grey = np.asarray(small, dtype=np.int16)
    except ConfigError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, TypeError,
            KeyError, ArithmeticError, EOFError, RuntimeError) as error:  # fmt: skip
        raise ConfigError("The picture cannot be read; take it again and send it as JPEG or PNG.") from error
    latitude, longitude = _place(place)
    return Taken(_moment(place, detail), latitude, longitude, _look(grey))


def _look(grey: Any) -> str:
    """Return 64 bits as hex: whether each of 8 x 8 pixels is darker than the one right of it."""
    bits = (grey[:, :-1] < grey[:, 1:]).ravel()
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def alike(look: str, other: str) -> bool:
    """Tell whether two difference hashes show the same picture; one without any contrast is like none."""
    a, b = int(look, 16), int(other, 16)
    return min(a.bit_count(), b.bit_count()) > 2 * ALIKE and (a ^ b).bit_count() <= ALIKE


def _place(place: dict[int, Any]) -> tuple[float | None, float | None]:
    latitude = _degrees(place.get(2), place.get(1), "S", 90)
    longitude = _degrees(place.get(4), place.get(3), "W", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _degrees(parts: Any, side: Any, negative: str, most: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(one) for one in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= most:
        return None
    return -value if str(side).strip("\x00 ").upper() == negative else value


def _moment(place: dict[int, Any], detail: dict[int, Any]) -> int | None:
    """Return when it was taken: DateTimeOriginal with its offset; where it has none, by the satellites' clock."""
    local = _parsed(detail.get(0x9003))
    offset = _OFFSET.fullmatch(str(detail.get(0x9011, "")).strip("\x00 "))
    if local is not None and offset is not None:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3])) * (-1 if offset[1] == "-" else 1)
        return to_us(local.replace(tzinfo=UTC) - ahead) if abs(ahead) < timedelta(hours=24) else None
    try:
        hour, minute, second = (float(one) for one in place[7])
        day = datetime.strptime(str(place[29]).strip("\x00 "), "%Y:%m:%d").replace(tzinfo=UTC)
        return to_us(day + timedelta(hours=hour, minutes=minute, seconds=second))
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None if local is None else to_us(local.replace(tzinfo=LOCAL))


def _parsed(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text).strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  # the caller says the zone
    except ValueError:
        return None


def check_photo(
    taken: Taken, site: tuple[float, float] | None, day_end: int, now: int, *, used: bool, same_look: bool
) -> PhotoCheck:
    """Judge a photo by the place of the site and the day of the report.

    Parameters
    ----------
    site
        Latitude and longitude of the project, None where not known. [deg]
    day_end
        End of the day that is reported on. [us UTC]
    now
        [us UTC]
    used, same_look
        Whether the very bytes, or a picture that shows the same, stand with an earlier report.
    """
    faults: list[str] = []
    distance: float | None = None
    if taken.latitude is None or taken.longitude is None:
        faults.append("no_place")
    elif site is not None:
        distance = great_circle(taken.latitude, taken.longitude, *site)
        faults += ["far"] * (distance > FAR)
    if taken.at is None:
        faults.append("no_time")
    else:
        faults += ["later"] * (taken.at > now + AHEAD)
        faults += ["old"] * (taken.at < day_end - OLD)
    faults += ["used"] if used else ["alike"] * same_look
    return PhotoCheck(taken.at, taken.latitude, taken.longitude, distance, tuple(faults))
