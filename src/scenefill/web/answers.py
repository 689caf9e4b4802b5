"""What the editor is answered with."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel

from .pool import State
from .sessions import Fill, Patch

PREFIX = "/api/v1/sessions"


class Preview(BaseModel):
    """The size at which a page is advised to show a photo."""

    width: int
    height: int
    scale: float


class Opened(BaseModel):
    """An open photo."""

    id: str
    width: int
    height: int
    name: str
    format: str
    expires_in: float
    preview: Preview
    mask_url: str | None
    labels_url: str | None


class PatchInfo(BaseModel):
    """A rectangle that a fill changed, in pixels of the photo."""

    left: int
    top: int
    width: int
    height: int
    url: str

    @classmethod
    def of(cls, patch: Patch, url: str) -> PatchInfo:
        height, width = patch.pixels.shape[:2]
        return cls(left=patch.left, top=patch.top, width=width, height=height, url=url)


class Variant(BaseModel):
    """A fill."""

    id: str
    base: str | None
    model: str
    seconds: float
    patches: list[PatchInfo]
    labels_url: str | None
    confidence_url: str | None
    mask_url: str
    hole_ratio: float
    warnings: list[str]

    @classmethod
    def of(cls, session: str, fill: Fill) -> Self:
        """session: its address."""
        url = f"{session}/fills/{fill.id}"
        return cls(
            id=fill.id,
            base=fill.base,
            model=fill.model,
            seconds=round(fill.seconds, 3),
            patches=[PatchInfo.of(patch, f"{url}/patches/{index}.png") for index, patch in enumerate(fill.patches)],
            labels_url=f"{url}/labels.png" if fill.semantics else None,
            confidence_url=f"{url}/confidence.png" if fill.semantics else None,
            mask_url=f"{url}/mask.png",
            hole_ratio=fill.hole_ratio,
            warnings=list(fill.warnings),
        )


class SeenVariant(Variant):
    """A fill with what the model says of it."""

    mean_confidence: float | None = None


class Maps(BaseModel):
    """Where the label map and the confidence of a picture are."""

    labels_url: str
    confidence_url: str


class JobState(BaseModel):
    """How far a fill has come."""

    state: State
    position: int
    """How many are to be done before it."""
    crops_done: int
    crops: int
