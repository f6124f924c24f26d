"""A picture for the head of a survey's e-mails: read from an upload, written anew, kept small."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

MAX_UPLOAD_BYTES = 2_000_000
MAX_BYTES = 60_000  # it stands in every mail
SHOWN_PX = (240, 80)
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_UNREADABLE = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError,
)  # fmt: skip
MAX_PIXELS = 20_000_000


class BadLogo(ValueError):
    """A file that cannot stand in a mail. code: ``too_large``, ``not_a_picture``,
    ``too_many_pixels``, ``too_detailed``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG of up to twice the size at which it is shown, for fine screens. width, height: as
    shown, in pixels of a page."""

    png: bytes
    width: int
    height: int

    @property
    def data_url(self) -> str:
        """For pages of the product; mail programs do not take it."""
        return f"data:image/png;base64,{b64encode(self.png).decode('ascii')}"


def read_logo(content: bytes) -> Logo:
    """Make an upload fit for mails. Nothing of the file but its pixels is kept. Raises BadLogo."""
    if len(content) > MAX_UPLOAD_BYTES:
        raise BadLogo("too_large")
    try:
        # The size stands in the head of the file: it is looked at before anything is unpacked.
        with Image.open(BytesIO(content), formats=_FORMATS) as file:
            picture = None if _is_huge(file) else file.convert("RGBA")
    except _UNREADABLE as exc:
        raise BadLogo("not_a_picture") from exc
    if picture is None:
        raise BadLogo("too_many_pixels")
    width, height = _shown(picture)
    picture.thumbnail((2 * width, 2 * height))
    png = _png(picture)
    if len(png) > MAX_BYTES:
        png = _png(picture.quantize(256, method=Image.Quantize.FASTOCTREE))
    if len(png) > MAX_BYTES:
        raise BadLogo("too_detailed")
    return Logo(png, width, height)


def is_small(content: bytes) -> bool:
    """Whether a picture is one, and no larger than the logos of mails are kept."""
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as file:
            return file.width <= 2 * SHOWN_PX[0] and file.height <= 2 * SHOWN_PX[1]
    except _UNREADABLE:
        return False


def _shown(picture: Image.Image) -> tuple[int, int]:
    """Its own size, or what fits; nothing is made larger."""
    widest, highest = SHOWN_PX
    scale = min(1, widest / picture.width, highest / picture.height)
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def _is_huge(file: Image.Image) -> bool:
    return file.width * file.height > MAX_PIXELS


def _png(picture: Image.Image) -> bytes:
    kept = BytesIO()
    picture.save(kept, "PNG", optimize=True)
    return kept.getvalue()
