import psycopg
import pytest

from riskcore.errors import InputError
from storage.reads import Reads
from storage.tokens import LENGTH, TokenStore, digest_of, new_secret

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(database_url):
    store = TokenStore(database_url)
    yield store
    store.close()


def test_nothing_in_the_database_gives_a_secret_away(store, database_url):
    secret = store.create("ann", "admin", ["main"], 60.0)
    assert len(secret) == LENGTH
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select row_to_json(t)::text from tokens t").fetchall()
    assert len(rows) == 1
    assert secret not in rows[0][0]
    assert secret[3:] not in rows[0][0]


def test_two_secrets_are_never_the_same():
    assert len({new_secret() for _ in range(1_000)}) == 1_000


async def test_a_secret_is_found_with_what_it_may(store, database_url):
    secret = store.create("ann", "trade", ["a", "b"], 60.0)
    async with Reads(database_url, connections=1) as reads:
        found = await reads.token(digest_of(secret))
        assert await reads.token(digest_of(new_secret())) is None
    assert found[:3] == ("ann", "trade", ["a", "b"])
    assert 0 < found.expires_s <= 60


async def test_a_rotated_token_keeps_its_rights_and_the_old_secret_ends_after_its_grace(store, database_url):
    old = store.create("ann", "trade", ["a"])
    new = store.rotate("ann", 60.0)
    newest = store.rotate("ann", 0.0)
    async with Reads(database_url, connections=1) as reads:
        assert await reads.token(digest_of(old)) is None
        assert await reads.token(digest_of(new)) is None
        assert (await reads.token(digest_of(newest)))[:3] == ("ann", "trade", ["a"])


async def test_a_session_ends_with_its_token_and_by_itself(store, database_url):
    token, other = store.create("ann", "read", None, 60.0), store.create("bob", "read")
    async with Reads(database_url, connections=1) as reads:
        session = await reads.open_session(digest_of("s1"), digest_of(token), 3600.0)
        assert session.expires_s <= 60
        assert await reads.open_session(digest_of("s2"), digest_of("s1"), 3600.0) is None
        assert await reads.open_session(digest_of("s3"), digest_of(other), -1.0) is not None
        assert await reads.token(digest_of("s3")) is None
        assert [one.sessions for one in store.tokens()] == [1, 0]
        store.revoke("ann")
        assert await reads.token(digest_of("s1")) is None
        await reads.close_session(digest_of(other))
        assert await reads.token(digest_of(other)) is not None


def test_a_name_is_taken_once_and_free_again_when_its_token_has_ended(store):
    store.create("ann", "read")
    with pytest.raises(InputError, match="there is a token 'ann'"):
        store.create("ann", "admin")
    store.revoke("ann")
    store.create("ann", "read", None, -1.0)
    store.create("ann", "admin")
    assert [one.scope for one in store.tokens()] == ["admin"]


@pytest.mark.parametrize("call", [lambda s: s.revoke("nobody"), lambda s: s.rotate("nobody", 1.0)])
def test_who_is_not_there_is_named(store, call):
    with pytest.raises(InputError, match="there is no token 'nobody'"):
        call(store)
