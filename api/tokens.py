"""Knows tokens: asks the database, and remembers the answer for a moment."""

import re
import time
from collections.abc import Callable

from api.identity import Identity
from api.reading import Reader
from riskcore.errors import TailwatchError
from storage.rows import TokenRow
from storage.tokens import digest_of

FRESH_S = 5.0
"""So long an answer counts: a token that is revoked is refused after that."""
STALE_S = 60.0
"""So long it counts while the database is away."""
MOST_KNOWN = 10_000
_FORM = re.compile(r"tw_[A-Za-z0-9_-]{43}")


class Tokens:
    """Tells whom a secret stands for."""

    def __init__(self, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader, self._clock = reader, clock
        self._known: dict[bytes, tuple[float, Identity | None]] = {}

    async def identify(self, secret: str) -> Identity | None:
        """Return the identity behind a secret, None where it is not, or no longer, good.

        Raises
        ------
        DatabaseError
            The database is away and the secret was not seen lately.
        """
        return await self._look_up(digest_of(secret)) if _FORM.fullmatch(secret) else None

    async def still(self, identity: Identity) -> bool:
        """Whether an identity that was good still is; while the database is away, for a minute."""
        if not identity.digest:
            return True
        try:
            return await self._look_up(identity.digest) is not None
        except TailwatchError:
            return False

    def forget(self, digest: bytes) -> None:
        """Ask again next time."""
        self._known.pop(digest, None)

    async def _look_up(self, digest: bytes) -> Identity | None:
        now = self._clock()
        read_at, known = self._known.get(digest, (float("-inf"), None))
        if now - read_at > FRESH_S:
            try:
                row = await self._reader.token(digest)
            except TailwatchError:
                if now - read_at > STALE_S:
                    raise
            else:
                known = None if row is None else self.identity(row, digest)
                self._remember(digest, known)
        if known is not None and known.good_until is not None and self._clock() >= known.good_until:
            return None
        return known

    def identity(self, row: TokenRow, digest: bytes) -> Identity:
        portfolios = None if row.portfolios is None else frozenset(row.portfolios)
        good_until = None if row.expires_s is None else self._clock() + row.expires_s
        return Identity(row.name, row.scope, portfolios, digest, good_until)

    def _remember(self, digest: bytes, known: Identity | None) -> None:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[digest] = (self._clock(), known)
