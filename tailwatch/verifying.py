"""``tailwatch replay --verify``: repeat what a manifest describes, and say what is different."""

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from riskcore.errors import TailwatchError
from tailwatch.difference import difference_lines, first_difference
from tailwatch.manifest import Manifest, changed_inputs, changed_versions, read_manifest
from tailwatch.replaying import told_again

if TYPE_CHECKING:
    from flows.replay import Progress


def verify(path: Path, on_progress: "Progress", stopping: threading.Event) -> tuple[bool, list[str]]:
    """Replay into a temporary directory and compare; True where every byte is the same, and what to tell.

    Nothing is replayed where an input is not what it was.

    Raises
    ------
    InputError
        It is no manifest, or its settings are not ones of this version.
    """
    manifest, base = read_manifest(path), path.absolute().parent
    changed = list(changed_inputs(manifest, base))
    if changed:
        return False, [*changed, f"{path}: not repeated, because its input is not what it was"]
    notes = list(changed_versions(manifest))
    with tempfile.TemporaryDirectory(prefix="tailwatch-verify-") as directory:
        again = Path(directory) / "again.ndjson"
        _repeat(manifest, base, again, on_progress, stopping)
        same = _sha256(again) == manifest.output.sha256
        told = [_same(manifest)] if same else _different(manifest, base, again)
        return same, [*notes, *told, *_of_the_file(manifest, base)]


def _repeat(manifest: Manifest, base: Path, out: Path, on_progress: "Progress", stopping: threading.Event) -> None:
    from flows.replay import replay_to_file

    replay_to_file(told_again(manifest, base), out, on_progress, stopping)
    if stopping.is_set():
        raise KeyboardInterrupt


def _same(manifest: Manifest) -> str:
    output = manifest.output
    return f"the same: {output.lines:,d} lines, {output.bytes:,d} bytes, sha256 {output.sha256}"


def _different(manifest: Manifest, base: Path, again: Path) -> list[str]:
    out = base / manifest.output.path
    if not out.is_file() or _sha256(out) != manifest.output.sha256:
        return [f"another output: sha256 {_sha256(again)}, the manifest has {manifest.output.sha256}"]
    try:
        found = first_difference(out, again)
    except TailwatchError as error:
        return [str(error)]
    return ["another output:", *(difference_lines(found, out.name, "again") if found else [])]


def _of_the_file(manifest: Manifest, base: Path) -> Iterator[str]:
    out = base / manifest.output.path
    if not out.is_file():
        yield f"{out}: is not there any more"
    elif _sha256(out) != manifest.output.sha256:
        yield f"{out}: is not what was written: it has been changed since"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
