"""Access tokens: made, listed, renewed and revoked by an operator, and found again by their digest alone."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from riskcore.errors import InputError
from storage.connection import CALL_TIMEOUT_S, Session
from storage.rows import TokenRow

PREFIX = "tw_"
LENGTH = len(PREFIX) + 43
"""256 random bits in URL-safe letters: nothing to guess, so a plain digest of it keeps it safe."""


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class ListedToken(NamedTuple):
    name: str
    scope: str
    portfolios: list[str] | None
    sessions: int
    created: str
    expires: str | None


class TokenStore:
    """The tokens of one database."""

    def __init__(self, url: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._session = Session(url, "tokens", timeout_s=timeout_s)

    def create(
        self, name: str, scope: str, portfolios: Sequence[str] | None = None, lifetime_s: float | None = None
    ) -> str:
        """Make a token and return its secret, which nobody can read again.

        Raises
        ------
        InputError
            There is a token of this name.
        """
        secret = new_secret()
        with self._session.transaction() as connection:
            connection.execute("lock table tokens in share row exclusive mode")
            if connection.execute("select 1 from live_tokens where name = %s limit 1", [name]).fetchone():
                raise InputError(f"there is a token {name!r}: rotate or revoke it, or take another name")
            connection.execute(
                "insert into tokens (digest, name, scope, portfolios, expires)"
                " values (%s, %s, %s, %s, clock_timestamp() + %s * interval '1 second')",
                [digest_of(secret), name, scope, None if portfolios is None else list(portfolios), lifetime_s],
            )
        return secret

    def rotate(self, name: str, grace_s: float) -> str:
        """Make a new secret for a token; the old one, and what was signed in with it, is good for ``grace_s`` more.

        Raises
        ------
        InputError
            There is no token of this name.
        """
        secret = new_secret()
        with self._session.transaction() as connection:
            row = connection.execute(
                "insert into tokens (digest, name, scope, portfolios, expires)"
                " select %s, name, scope, portfolios, expires from live_tokens where name = %s and not session"
                " order by created desc limit 1 returning created",
                [digest_of(secret), name],
            ).fetchone()
            if row is None:
                raise _unknown(name)
            connection.execute(
                "update tokens set expires = least(expires, clock_timestamp() + %s * interval '1 second')"
                " where name = %s and digest <> %s",
                [grace_s, name, digest_of(secret)],
            )
        return secret

    def revoke(self, name: str) -> None:
        """End a token and everything signed in with it.

        Raises
        ------
        InputError
            There is no token of this name.
        """
        with self._session.transaction() as connection:
            if not connection.execute("delete from tokens where name = %s", [name]).rowcount:
                raise _unknown(name)

    def tokens(self) -> list[ListedToken]:
        """List the tokens that are good, by name."""
        with self._session.transaction() as connection:
            rows = connection.execute(
                "select t.name, t.scope, t.portfolios,"
                " (select count(*) from live_tokens s where s.name = t.name and s.session),"
                " to_char(t.created, 'YYYY-MM-DD HH24:MI'), to_char(t.expires, 'YYYY-MM-DD HH24:MI')"
                " from live_tokens t where not t.session order by t.name, t.created"
            ).fetchall()
        return [ListedToken(*row) for row in rows]

    def close(self) -> None:
        self._session.close()


FIND = (
    "select name, scope, portfolios, extract(epoch from expires - clock_timestamp())::float8 from live_tokens"
    " where digest = %s"
)
OPEN_SESSION = (
    "insert into tokens (digest, name, scope, portfolios, session, expires)"
    " select %s, name, scope, portfolios, true,"
    " least(expires, clock_timestamp() + %s * interval '1 second') from live_tokens"
    " where digest = %s and not session returning name, scope, portfolios,"
    " extract(epoch from expires - clock_timestamp())::float8"
)
CLOSE_SESSION = "delete from tokens where session and (digest = %s or expires < clock_timestamp()) returning name"


def token_row(row: Sequence[object]) -> TokenRow:
    return TokenRow(*row)  # type: ignore[arg-type]  # the columns of FIND and OPEN_SESSION


def _unknown(name: str) -> InputError:
    return InputError(f"there is no token {name!r}: `tailwatch token ls` lists them")
