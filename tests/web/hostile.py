"""Uploads that want to do harm: too much, too little, or not what they say. Each is to be answered with a 4xx at once."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

MIB = 2**20


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def _png(width: int, height: int, *between: bytes, pixels: bytes | None = None) -> bytes:
    """A PNG whose header says so; pixels: what is compressed in it."""
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000) if pixels is None else pixels, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + b"".join(between) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _saved(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], len(mode)), np.uint8)
    Image.fromarray(noise.squeeze(), mode).save(file, kind, **options)
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photo.png", bytes(100 * MIB))
    return file.getvalue()


def _tiff_loop() -> bytes:
    """A TIFF whose directory is followed by itself."""
    return b"II*\0" + struct.pack("<L", 8) + struct.pack("<H", 1) + struct.pack("<HHLL", 256, 3, 1, 64) + struct.pack("<L", 8)


def _tiff_strips() -> bytes:
    """A TIFF of 64x48 whose strips are said to be four gigabytes long and to lie beyond its end."""
    tags = [
        (256, 3, 1, 64),
        (257, 3, 1, 48),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 2**31),
        (279, 4, 1, 2**32 - 1),
    ]
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHLL", *tag) for tag in tags) + struct.pack("<L", 0)
    return b"II*\0" + struct.pack("<L", 8) + body


def _jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose frame header says this size."""
    data = bytearray(_saved("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


SVG = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" onload="a()"><text>&b;&x;</text></svg>'
)

FILES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\x89",
    "text": lambda: b"hello",
    "HTML with a script": lambda: b"<!doctype html><script>alert(1)</script>",
    "SVG with entities": lambda: SVG,
    "PDF": lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>",
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n(/etc/passwd) (r) file\nshowpage\n",
    "zip bomb": _zip,
    "gzip bomb": lambda: zlib.compress(bytes(50 * MIB), 9),
    "pickle": lambda: b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "ELF": lambda: b"\x7fELF\x02\x01\x01" + bytes(1000),
    "PNG of three gigapixels": lambda: _png(60_000, 50_000),
    "PNG of two billion columns": lambda: _png(2**31 - 1, 1),
    "PNG without rows": lambda: _png(64, 0),
    "PNG bomb: 49 megapixels of zeros, its end missing": lambda: _png(7000, 7000, pixels=bytes(20 * MIB)),
    "PNG whose text is 200 MiB": lambda: _png(64, 48, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 * MIB), 9))),
    "PNG whose profile is 200 MiB": lambda: _png(64, 48, _chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200 * MIB), 9))),
    "PNG cut short": lambda: _saved("PNG")[:400],
    "PNG with a chunk of four gigabytes": lambda: _saved("PNG")[:33] + struct.pack(">L", 2**32 - 1) + b"IDAT" + bytes(100),
    "PNG signature, then JPEG": lambda: b"\x89PNG\r\n\x1a\n" + _saved("JPEG"),
    "JPEG cut short": lambda: _saved("JPEG")[:700],
    "JPEG of four gigapixels": lambda: _jpeg_of(65500, 65500),
    "JPEG of noise after its header": lambda: (
        _saved("JPEG")[:20] + bytes(np.random.default_rng(1).integers(0, 255, MIB, np.uint8))
    ),
    "TIFF whose directory is followed by itself": _tiff_loop,
    "TIFF whose strips lie beyond its end": _tiff_strips,
    "WebP cut short": lambda: _saved("WEBP")[:200],
    "GIF cut short": lambda: _saved("GIF", mode="L")[:30],
    "GIF of 65535x65535": lambda: b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(3) + b",",
    "BMP of two gigapixels": lambda: (
        b"BM" + struct.pack("<LHHLLllHHLLllLL", 54, 0, 0, 54, 40, 46000, 46000, 1, 24, 0, 0, 1, 1, 0, 0)
    ),
    "AVIF cut short": lambda: _saved("AVIF")[:300],
    "HEIC that is none": lambda: b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(500),
    "zip that begins as a GIF": lambda: b"GIF89a" + _zip(),
    "100 MB of zeros": lambda: bytes(100_000_000),
    "100 MB that begin as a PNG": lambda: _saved("PNG")[:50] + bytes(100_000_000),
}
"""Name -> the bytes of a file that is uploaded as photo.png."""


def form(name: str, data: bytes, file: str = "photo.png") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + data + b"\r\n--x--\r\n"


def endless() -> Iterator[bytes]:
    """A body that never ends."""
    yield form("image", b"")[:-9]
    while True:
        yield bytes(MIB)


MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
BODIES: dict[str, tuple[dict[str, str], bytes]] = {
    "no boundary": ({"Content-Type": "multipart/form-data"}, form("image", b"x")),
    "a boundary of 10 kB": ({"Content-Type": f"multipart/form-data; boundary={'x' * 10_000}"}, form("image", b"x")),
    "another boundary": ({"Content-Type": "multipart/form-data; boundary=y"}, form("image", b"x")),
    "a form that is cut short": (MULTIPART, form("image", b"x" * 1000)[:500]),
    "ten thousand fields": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000 + b"--x--\r\n"),
    "two thousand files": (MULTIPART, form("image", b"x")[:-7] * 2000 + b"--x--\r\n"),
    "a head of 1 MiB inside the form": (MULTIPART, b"--x\r\nX-A: " + b"a" * MIB + b"\r\n" + form("image", b"x")[5:]),
    "a field of 20 MiB where options are expected": (
        MULTIPART, b'--x\r\nContent-Disposition: form-data; name="options"\r\n\r\n' + b"a" * 20 * MIB + b"\r\n--x--\r\n",
    ),
    "JSON nested a hundred thousand deep": ({"Content-Type": "application/json"}, b"[" * 100_000),
    "XML": ({"Content-Type": "application/xml"}, SVG),
    "no content type": ({}, b"x"),
    "a photo without a form": ({"Content-Type": "image/png"}, _saved("PNG")),
    "a form that says it is compressed": ({**MULTIPART, "Content-Encoding": "gzip"}, zlib.compress(form("image", b"x"))),
}  # fmt: skip
"""Name -> headers and body of POST /api/v1/sessions."""

NAMES = [
    "../../etc/passwd",
    "C:\\windows\\a.png",
    "a" * 100_000,
    "\u202egnp.exe",
    "a\nSet-Cookie: b",
    "%00.png",
    "'; DROP TABLE photos; --",
]
"""Names of files that are no pictures; none may come back as it is beyond its last part."""
