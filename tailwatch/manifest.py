"""The manifest beside an output of ``replay``: everything that its bytes follow from, so that anyone can repeat it."""

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from riskcore.errors import InputError

SUFFIX = ".manifest.json"
_PACKAGES = ("tailwatch", "numpy", "scipy", "bytewax", "msgspec", "pyarrow")
_KIND = "tailwatch replay"


class Input(msgspec.Struct, frozen=True):
    """A file that was read; a relative ``path`` is seen from the manifest."""

    role: str
    path: str
    bytes: int
    sha256: str


class Output(msgspec.Struct, frozen=True):
    path: str
    bytes: int
    lines: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What was replayed, with what, and what came out. No wall clock is in it: the same replay writes the same."""

    kind: str
    schema: int
    output: Output
    recordings: tuple[str, ...]
    inputs: tuple[Input, ...]
    options: dict[str, Any]
    settings: dict[str, str]
    settings_hash: str
    versions: dict[str, str]
    ticks: dict[str, Any]


class Named(NamedTuple):
    """A file of the replay and what it was read as."""

    role: str
    path: Path


def manifest_path(out: Path) -> Path:
    return out.with_name(out.name + SUFFIX)


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write it beside, then rename: there is a whole manifest or none."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    partial.replace(path)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; InputError where it is none, or of a version that this program does not read."""
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise InputError(f"manifest {path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"manifest {path}: is no manifest of a replay: {error}") from None
    if (manifest.kind, manifest.schema) != (_KIND, 1):
        raise InputError(f"manifest {path}: is of kind {manifest.kind!r} {manifest.schema}, not {_KIND!r} 1")
    return manifest


def new_manifest(
    out: Path,
    recordings: Sequence[Path],
    others: Sequence[Named],
    options: Mapping[str, Any],
    settings: Mapping[str, str],
    settings_hash: str,
    ticks: Mapping[str, Any],
) -> Manifest:
    """Describe an output that has just been written, and what it came from. Reads all of these files once."""
    base = out.absolute().parent
    named = [*(Named("recording", path) for path in recordings), *others]
    return Manifest(
        kind=_KIND,
        schema=1,
        output=_output(out),
        recordings=tuple(_relative(path, base) for path in recordings),
        inputs=tuple(_input(each, base) for one in named for each in _files(one)),
        options=dict(options),
        settings=dict(settings),
        settings_hash=settings_hash,
        versions=versions(),
        ticks=dict(ticks),
    )


def changed_inputs(manifest: Manifest, base: Path) -> Iterator[str]:
    """Say of each input what is no longer as it was; ``base`` is the manifest's directory."""
    for known in manifest.inputs:
        path = base / known.path
        if not path.is_file():
            yield f"input changed: {known.path} ({known.role}) is not there any more"
        elif (found := _mark(path)) != (known.bytes, known.sha256):
            yield (
                f"input changed: {known.path} ({known.role}) has {found[0]:,d} bytes, sha256 {found[1][:12]}…; "
                f"it had {known.bytes:,d}, {known.sha256[:12]}…"
            )


def changed_versions(manifest: Manifest) -> Iterator[str]:
    """Say what the output was made with and is not here; that alone can change the last digits."""
    now = versions()
    for name in sorted({*manifest.versions, *now}):
        then, here = manifest.versions.get(name, "none"), now.get(name, "none")
        if then != here:
            yield f"version differs: {name} was {then}, here it is {here}"


def versions() -> dict[str, str]:
    """What decides about bits besides the input: program, numerical packages, interpreter, machine."""
    found = {name: version(name) for name in _PACKAGES}
    return found | {"python": platform.python_version(), "machine": platform.machine(), "blas": _blas()}


def _blas() -> str:
    import scipy.linalg  # noqa: F401 - its BLAS and that of NumPy are what is asked for
    from threadpoolctl import threadpool_info

    found = {
        f"{one['internal_api']} {one['version']} {one.get('architecture', '')}".strip()
        for one in threadpool_info()
        if one["user_api"] == "blas"
    }
    return ", ".join(sorted(found))


def _files(named: Named) -> list[Named]:
    if not named.path.is_dir():
        return [named]
    return [Named(named.role, path) for path in sorted(named.path.rglob("*.segment*"))]


def _input(named: Named, base: Path) -> Input:
    return Input(named.role, _relative(named.path, base), *_mark(named.path))


def _relative(path: Path, base: Path) -> str:
    absolute = path.absolute()
    return str(absolute.relative_to(base)) if absolute.is_relative_to(base) else os.path.normpath(absolute)


def _mark(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _output(out: Path) -> Output:
    with out.open("rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return Output(out.name, *_with_lines(_mark(out), lines))


def _with_lines(mark: tuple[int, str], lines: int) -> tuple[int, int, str]:
    return mark[0], lines, mark[1]
