"""Reads the PNG, JPEG, WebP, TIFF and GIF files of Pillow's own test suite: those that once broke a decoder are among them.

    python benchmarks/pillow_files.py                        from the source distribution on PyPI, by pip; kept in out/pillow
    python benchmarks/pillow_files.py --folder PATH          the pictures of a folder

Each file is read as a photo and as a mask in a process with 1 GiB of memory and 20 seconds. Allowed is a picture, or an error of
scenefill's own; a traceback, a hang and a process that dies are finds, which are printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

from scenefill.errors import ScenefillError
from scenefill.pictures import images, masks

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif")
SECONDS = 20
MEMORY = 1 << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/pillow"), help="where the pictures are; fetched where missing")
    parser.add_argument("--show", action="store_true", help="print every sentence")
    parser.add_argument("--most", type=int, help="so many of them, evenly chosen")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        fetch(arguments.folder)
    files = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    files = files[:: max(1, len(files) // arguments.most)] if arguments.most else files
    begun, counts, found = time.monotonic(), collections.Counter[str](), 0
    for path in files:
        what, said = outcome(path)
        counts[what] += 1
        found += what not in ("picture", "sentence")
        if what not in ("picture", "sentence") or (arguments.show and said):
            print(f"{what}: {path}\n{said}", flush=True)
    figures = ", ".join(f"{count} of {what}" for what, count in sorted(counts.items()))
    print(f"{len(files)} files in {time.monotonic() - begun:.0f} s: {figures}")
    raise SystemExit(int(bool(found)))


def fetch(folder: Path) -> None:
    """The pictures of the source distribution of the Pillow that is installed."""
    import PIL

    with tempfile.TemporaryDirectory() as place:
        wanted = f"pillow=={PIL.__version__}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pillow", "-d", place, wanted]
        subprocess.run(command, check=True)
        (archive,) = Path(place).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                if member.isfile() and "/Tests/" in member.name and member.name.lower().endswith(SUFFIXES):
                    tar.extract(member, folder, filter="data")


def outcome(path: Path) -> tuple[str, str]:
    """picture, sentence, traceback, hang or death; and what is to be said of it."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=read, args=(path, theirs))
    child.start()
    theirs.close()
    try:
        if not ours.poll(SECONDS + 5):
            child.kill()
            return "hang", f"{SECONDS} s were not enough"
        answer: tuple[str, str] = ours.recv()
        return answer
    except EOFError:
        child.join()
        return "death", f"exit code {child.exitcode}"
    finally:
        child.join(5)


def read(path: Path, answer: Connection) -> None:
    """In a process of its own: reads a file as photo and as mask."""
    warnings.simplefilter("ignore")
    most = in_use() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.alarm(SECONDS)
    said = ""
    for reader in (images.read, masks.read):
        try:
            reader(path)
        except ScenefillError as error:
            said = str(error) if reader is images.read else said
        except BaseException:
            answer.send(("traceback", traceback.format_exc()))
            return
    answer.send(("sentence", said) if said else ("picture", ""))


def in_use() -> int:
    """Bytes of address space that the libraries take."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main()
