"""Archives of a model pack, unpacked within bounds: only what the manifest inside names, under its own plain name.

No path of an archive ever becomes a path here, so there is nothing to climb out of; links and devices are no files; and
the bytes that come out are counted, whatever the headers say.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from hardware.face import NoModelPack
from hardware.face.manifest import MANIFEST, Manifest, read_manifest
from hardware.face.pack import MODEL_BYTES

_MEMBERS = 64
_CHUNK = 1 << 20
_MANIFEST_BYTES = 64 * 1024
_TOTAL_BYTES = 2 * MODEL_BYTES
_CURE = "install the pack as a folder, or make the archive again"
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)


class _Archive(Protocol):
    def names(self) -> list[str]: ...

    def copy(self, name: str, target: Path, most: int) -> None: ...


def unpack(archive: Path, stage: Path, *, check: Callable[[Manifest], None]) -> None:
    """Unpack manifest and weights into ``stage``. Raises ``NoModelPack``; ``check`` may, before weights are unpacked.

    The manifest lies at the top of the archive or in its one folder, the weights beside it.
    """
    try:
        with archive.open("rb") as file:
            opened: _Archive = _Zip(file) if zipfile.is_zipfile(file) else _Tar(archive)
            _unpack(opened, archive, stage, check)
    except (*_BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # a full disk is not the archive's fault
            raise
        raise NoModelPack(f"no usable archive ({type(error).__name__})", where=str(archive), cure=_CURE) from None


def _unpack(opened: _Archive, archive: Path, stage: Path, check: Callable[[Manifest], None]) -> None:
    places = {PurePosixPath(name): name for name in opened.names()}
    manifests = [place for place in places if place.name == MANIFEST and len(place.parts) <= 2]
    if len(manifests) != 1:
        raise NoModelPack(f"{len(manifests)} manifests instead of one", where=str(archive), cure=_CURE)
    home = manifests[0].parent
    opened.copy(places[manifests[0]], stage / MANIFEST, _MANIFEST_BYTES)
    manifest = read_manifest(stage / MANIFEST)
    check(manifest)
    wanted = {home / part.file: part.file for part in manifest.parts}
    for place in places:
        if place.suffix == ".onnx" and place not in wanted:
            raise NoModelPack("weights that the manifest does not name", where=f"{archive}: {place.name}", cure=_CURE)
    for place, name in wanted.items():
        if place not in places:
            raise NoModelPack("the weights are missing", where=f"{archive}: {name}", cure=_CURE)
        opened.copy(places[place], stage / name, MODEL_BYTES)


def _pour(source: IO[bytes], target: Path, most: int) -> None:
    with target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            most -= len(chunk)
            if most < 0:
                raise ValueError("larger than it may be")
            sink.write(chunk)


class _Zip:
    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file)
        self._members = [one for one in self._zip.infolist()[: _MEMBERS + 1] if not one.is_dir()]
        if len(self._members) > _MEMBERS:
            raise ValueError("too many files")

    def names(self) -> list[str]:
        return [one.filename for one in self._members if (one.external_attr >> 28) in (0, 8)]  # no links, no devices

    def copy(self, name: str, target: Path, most: int) -> None:
        with self._zip.open(name) as source:
            _pour(source, target, most)


class _Tar:
    """A tar, plain or gzipped. Read through a counter: its headers are inside what is compressed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: list[str] = []
        with self._open() as tar:
            for count, member in enumerate(tar):
                if count > _MEMBERS:
                    raise ValueError("too many files")
                if member.isreg():
                    self._names.append(member.name)

    @contextlib.contextmanager
    def _open(self) -> Iterator[tarfile.TarFile]:
        with self._path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
        opened = gzip.open if is_gzip else open
        with (
            cast(IO[bytes], opened(self._path, "rb")) as stream,
            tarfile.open(fileobj=_Counted(stream), mode="r:") as tar,
        ):
            yield tar

    def names(self) -> list[str]:
        return self._names

    def copy(self, name: str, target: Path, most: int) -> None:
        with self._open() as tar:
            source = tar.extractfile(name)
            if source is None:
                raise ValueError("no file")
            _pour(source, target, most)


class _Counted(io.RawIOBase):
    """A seekable stream that gives so much and no more, and never much at once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence != 0 or offset > _TOTAL_BYTES:
            raise ValueError("larger than it may be")
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= 16 * _CHUNK or self.tell() > _TOTAL_BYTES:  # such a header is no header
            raise ValueError("larger than it may be")
        return self._stream.read(size)
