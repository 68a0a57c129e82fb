"""Serves the built dashboard for every path that no route takes."""

from pathlib import Path, PurePosixPath

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

NOT_BUILT = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>tailwatch</title>
<body style="font: 16px/1.5 system-ui; max-width: 40em; margin: 4em auto; padding: 0 1em">
<h1>The dashboard has not been built</h1>
<p>The API is running. Build its pages with <code>make dashboard</code> (or start everything with
<code>make demo</code>) and load this page again.</p>
<p>Meanwhile: <a href="/docs">the API's reference</a>, <a href="/readyz">the state of each part</a>.</p>
</body></html>
"""
FOR_EVER = "public, max-age=31536000, immutable"


class Dashboard:
    """A single-page application: files as they are, every other page is its first one.

    Files under ``assets/`` carry a hash of their content in their name and may be kept for ever; the
    first page is asked for again each time, so a new build is seen at once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files = StaticFiles(directory=directory, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or path.startswith("/api/"):
            raise HTTPException(404)
        response = await self._answer(path, scope)
        await response(scope, receive, send)

    async def _answer(self, path: str, scope: Scope) -> Response:
        if "\x00" in path or (PurePosixPath(path).suffix and not self._is_file(path)):
            raise HTTPException(404)
        if not (self._directory / "index.html").is_file():
            return HTMLResponse(NOT_BUILT, status_code=503)
        wanted = path.lstrip("/") if self._is_file(path) else "index.html"
        response = await self._files.get_response(wanted, scope)
        response.headers["Cache-Control"] = FOR_EVER if wanted.startswith("assets/") else "no-cache"
        return response

    def _is_file(self, path: str) -> bool:
        full, found = self._files.lookup_path(path.lstrip("/"))
        return found is not None and Path(full).is_file()


def install(app: FastAPI, directory: Path) -> None:
    """Serve the dashboard in ``directory`` where no route answers; the routes keep their 405."""
    app.router.default = Dashboard(directory)
