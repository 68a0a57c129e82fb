"""One POST: to an address that was checked, within a time, and no further."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from threading import Event
from types import TracebackType
from typing import NamedTuple, Self

import certifi
import httpx

from flows.webhook import signature
from flows.webhook.destination import Destination, ForbiddenAddressError

_TIMEOUT_S = 10.0
_LONGEST_ANSWER = 64 * 1024
_LOOK_S = 0.1
_LATER = (408, 425, 429)
_LONGEST_WAIT_S = 300.0


class Outcome(NamedTuple):
    """What the receiver said: ``status`` is None where it said nothing."""

    status: int | None
    reason: str
    retry_after_s: float | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        """Whether the same again would hardly be taken: a 4xx, or a redirect, which is not followed."""
        return self.status is not None and 300 <= self.status < 500 and self.status not in _LATER


class Poster:
    """Posts bodies to one destination, over a connection that is kept.

    The host is resolved for each post, and the connection goes to an address that was checked then: a name that
    changes its mind between the check and the connection reaches nothing. TLS is verified for the name.
    """

    def __init__(
        self,
        destination: Destination,
        secret: bytes,
        stopping: Event,
        timeout_s: float = _TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._destination, self._secret, self._stopping = destination, secret, stopping
        self._timeout_s, self._clock = timeout_s, clock
        self._attempts = 0
        self._runner = asyncio.Runner()
        self._client: httpx.AsyncClient | None = None
        for name in ("httpx", "httpcore"):  # they log addresses whole, and these may be secret
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._runner.run(self._client.aclose())
        self._runner.close()

    def post(self, identifier: str, body: bytes) -> Outcome:
        """Post once; ends early when told to stop. Whatever happens is an outcome."""
        return self._runner.run(self._until_stopped(identifier, body))

    async def _until_stopped(self, identifier: str, body: bytes) -> Outcome:
        work = asyncio.ensure_future(self._timed(identifier, body))
        while not work.done():
            await asyncio.wait({work}, timeout=_LOOK_S)
            if self._stopping.is_set():
                work.cancel()
        return Outcome(None, "told to stop") if work.cancelled() else work.result()

    async def _timed(self, identifier: str, body: bytes) -> Outcome:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(identifier, body)
        except TimeoutError:
            return Outcome(None, f"no answer within {self._timeout_s:g} s")
        except ForbiddenAddressError as error:
            return Outcome(None, str(error))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Outcome(None, _why(error))

    async def _post(self, identifier: str, body: bytes) -> Outcome:
        place = self._destination
        addresses = await asyncio.get_running_loop().run_in_executor(None, place.addresses)
        self._attempts += 1
        address = addresses[self._attempts % len(addresses)]
        told = {
            "Host": str(place).partition("://")[2],
            "Content-Type": "application/json",
            "User-Agent": "tailwatch",
            **signature.headers(self._secret, identifier, int(self._clock()), body),
        }
        url = f"{place.scheme}://{f'[{address}]' if ':' in address else address}:{place.port}{place.target}"
        extensions = {"sni_hostname": place.host}
        async with self._opened().stream("POST", url, content=body, headers=told, extensions=extensions) as answer:
            read = 0
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > _LONGEST_ANSWER:
                    break
        return Outcome(answer.status_code, f"answered {answer.status_code}", _retry_after(answer.headers))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            trust = ssl.create_default_context()
            trust.load_verify_locations(certifi.where())
            self._client = httpx.AsyncClient(
                verify=trust, trust_env=False, follow_redirects=False, timeout=self._timeout_s
            )
        return self._client


def _retry_after(told: httpx.Headers) -> float | None:
    text = told.get("retry-after", "")
    return min(float(text), _LONGEST_WAIT_S) if text.isascii() and text.isdigit() else None


def _why(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__).lower()[:200]
