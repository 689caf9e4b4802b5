"""Public files of others that training and evaluation may use (VGG-16 and the like): fetched once, proved, kept in the cache."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from ..errors import WeightsError
from ..pictures.files import replacing
from .registry import cache_dir


@dataclass(frozen=True)
class PublicFile:
    """A file that others publish and that cannot ship with scenefill."""

    url: str
    sha256: str
    size: int
    """Bytes."""
    licence: str

    @property
    def file_name(self) -> str:
        return self.url.rpartition("/")[2]


PUBLIC = {
    "vgg16": PublicFile(
        url="https://download.pytorch.org/models/vgg16-397923af.pth",
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        size=553_433_881,
        licence="BSD-3-Clause (torchvision)",
    ),
    "vgg19": PublicFile(
        url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        size=574_673_361,
        licence="BSD-3-Clause (torchvision)",
    ),
    "alexnet": PublicFile(
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        size=244_408_911,
        licence="BSD-3-Clause (torchvision)",
    ),
    "inception": PublicFile(
        url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        size=95_628_359,
        licence="Apache-2.0 (TensorFlow, converted by pytorch-fid)",
    ),
}


def public_file(name: str, *, offline: bool = False) -> Path:
    """A public file in the cache, its hash checked; downloaded where it is missing, unless `offline`.

    Raises WeightsError that names the file, its address and the folder to put it in.
    """
    file = _public(name)
    path = cache_dir() / file.file_name
    if not path.is_file():
        if offline:
            raise WeightsError(f"{file.file_name} is not in the cache. {_by_hand(name)}")
        return fetch(name)
    if _file_sha256(path) != file.sha256:
        raise WeightsError(f"{path} is damaged: its sha256 is not {file.sha256}. Remove it. {_by_hand(name)}")
    return path


def fetch(name: str, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """Downloads a public file into the cache and checks its hash before it gets its name.

    progress: called with the bytes so far and the bytes in all.  Raises WeightsError where it cannot be had or is another file.
    """
    file = _public(name)
    path = cache_dir() / file.file_name
    digest, done = hashlib.sha256(), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(file.url, timeout=30) as answer, replacing(path) as out:
            while chunk := answer.read(1 << 20):
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, file.size)
            if digest.hexdigest() != file.sha256:
                raise WeightsError(f"what {file.url} sent is not {file.file_name} (its sha256 differs). {_by_hand(name)}")
    except (OSError, HTTPException) as error:
        raise WeightsError(f"{file.file_name} could not be fetched ({error}). {_by_hand(name)}") from None
    return path


def _public(name: str) -> PublicFile:
    if name not in PUBLIC:
        raise WeightsError(f'there is no public file "{name}"; known are: {", ".join(PUBLIC)}')
    return PUBLIC[name]


def _by_hand(name: str) -> str:
    file = PUBLIC[name]
    megabytes, place = file.size / 2**20, cache_dir() / file.file_name
    return f"Get {file.url} ({megabytes:.0f} MiB) with `scenefill models fetch {name}`, or put it at {place}"


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
