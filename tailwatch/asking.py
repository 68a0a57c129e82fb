"""How commands ask a running API: a call, or the stream with what was missed."""

import json
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from riskcore.errors import InputError, TailwatchError

TIMEOUT_S = 20.0
"""The stream says something every 5 s: silence for longer is a dead line."""
_RETRY_S = 2.0


class Api:
    """A running API at an address, asked with a token where it needs one.

    Raises
    ------
    InputError
        The address is none.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise InputError(f"api: {url!r} is not an address such as http://127.0.0.1:8000 (from --api)")
        self._url = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Ask once, and return the JSON of the answer; a body of bytes is CSV.

        Raises
        ------
        TailwatchError
            It cannot be reached, or refuses: in the words of its answer.
        """
        headers = {"Content-Type": "text/csv"} if isinstance(body, bytes) else {}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with self._open(method, path, data, headers, query) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as error:
            raise TailwatchError(f"{self._url}: {_said(error)}") from None
        except (OSError, HTTPException) as error:
            raise TailwatchError(f"{self._url}: {_why(error)}; is tailwatch running there?") from None

    def follow(self, cursor: str, on_trouble: Callable[[str], object]) -> Iterator[tuple[str, str, Any]]:
        """Yield (event, cursor behind it, data) for ever, through every break; silence is a break, too.

        Raises
        ------
        TailwatchError
            It refuses for good: no token, no right.
        """
        while True:
            try:
                headers = {"Last-Event-ID": cursor} if cursor else {}
                with self._open("GET", "/api/v1/stream", None, headers, {"events": "alert,status"}) as answer:
                    for event, identifier, data in _events(answer):
                        cursor = identifier or ("" if event == "reset" else cursor)
                        yield event, cursor, json.loads(data)
                on_trouble("the stream has ended")
            except HTTPError as error:
                if error.code in (401, 403, 404):
                    raise TailwatchError(f"{self._url}: {_said(error)}") from None
                on_trouble(_said(error))
            except (OSError, HTTPException) as error:
                on_trouble(_why(error))
            time.sleep(_RETRY_S)

    def _open(self, method: str, path: str, data: bytes | None, headers: dict[str, str], query: dict[str, str]) -> Any:
        address = self._url + path + (f"?{urlencode(query)}" if query else "")
        content = {"Content-Type": "application/json"} if data is not None else {}
        request = Request(address, data, {**self._headers, **content, **headers}, method=method)  # noqa: S310 # http(s) only
        return urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 # the scheme was checked


def _events(answer: Any) -> Iterator[tuple[str, str, str]]:
    event, identifier, data = "message", "", ""
    for raw in answer:
        line = raw.decode().rstrip("\r\n")
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield event, identifier, data
            event, identifier, data = "message", "", ""
        elif field == "event":
            event = value
        elif field == "id":
            identifier = value
        elif field == "data":
            data = value


def _said(error: HTTPError) -> str:
    with error:
        try:
            return str(json.loads(error.read())["detail"])
        except (ValueError, KeyError, TypeError):
            return f"answered {error.code}"


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__).lower()
