"""Public files: fetched once, checked, and what to do without a net."""

from __future__ import annotations

import hashlib
import io
import os
import urllib.error
from pathlib import Path

import pytest

from scenefill.errors import WeightsError
from scenefill.models import public

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the network has: address -> content. One public file, "small", of 5 bytes."""
    content = {"https://example.org/small-1.pth": b"hello"}

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        if url not in content:
            raise urllib.error.URLError("no route to host")
        return io.BytesIO(content[url])

    small = public.PublicFile("https://example.org/small-1.pth", hashlib.sha256(b"hello").hexdigest(), 5, "public domain")
    monkeypatch.setattr(public, "PUBLIC", {"small": small})
    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    return content


def test_a_public_file_is_fetched_once(served: dict[str, bytes], cache: Path) -> None:
    steps: list[tuple[int, int]] = []
    assert public.fetch("small", progress=lambda *step: steps.append(step)) == cache / "small-1.pth"
    assert steps == [(5, 5)]
    served.clear()
    assert public.public_file("small").read_bytes() == b"hello"
    assert [path.name for path in cache.iterdir()] == ["small-1.pth"]


def test_public_file_fetches_what_is_missing(served: dict[str, bytes]) -> None:
    assert public.public_file("small").read_bytes() == b"hello"


def test_offline_error_says_what_to_get_and_where_to_put_it(served: dict[str, bytes], cache: Path) -> None:
    with pytest.raises(WeightsError, match="is not in the cache") as caught:
        public.public_file("small", offline=True)
    assert "https://example.org/small-1.pth" in str(caught.value)
    assert str(cache / "small-1.pth") in str(caught.value)
    served.clear()
    with pytest.raises(WeightsError, match=r"could not be fetched \(.*no route to host.*put it at"):
        public.public_file("small")


def test_another_content_is_refused(served: dict[str, bytes], cache: Path) -> None:
    served["https://example.org/small-1.pth"] = b"please log in"
    with pytest.raises(WeightsError, match=r"is not small-1\.pth"):
        public.fetch("small")
    assert list(cache.iterdir()) == []
    (cache / "small-1.pth").write_bytes(b"hell")
    with pytest.raises(WeightsError, match="is damaged"):
        public.public_file("small")


def test_an_unwritable_cache(served: dict[str, bytes], cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="could not be fetched"):
        public.fetch("small")


def test_unknown_public_file() -> None:
    with pytest.raises(WeightsError, match='no public file "vgg11"; known are: vgg16'):
        public.fetch("vgg11")


@pytest.mark.parametrize("name", ["vgg16", "alexnet", "inception"])
def test_names_of_public_files_begin_their_hash(name: str) -> None:
    file = public.PUBLIC[name]
    assert file.sha256.startswith(os.path.splitext(file.file_name)[0].rpartition("-")[2])  # noqa: PTH122, a URL
    assert len(bytes.fromhex(file.sha256)) == 32
