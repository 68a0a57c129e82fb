"""The documentation is held to what the program is: names, links, examples and command lines."""

import doctest
import importlib.util
import json
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import get_args
from urllib.error import HTTPError
from urllib.parse import unquote

import pytest
from typer.main import get_command

from api.models import Reset
from files.positions import OPTIONAL, REQUIRED
from flows.feeds import adapter_names
from flows.feeds.adapter import DUPLICATE, REJECTED
from flows.feeds.status import FeedStatus
from flows.messages import Kind
from flows.readers.text import FIELDS
from tailwatch.commands import app
from tailwatch.configuration import flag
from tailwatch.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "frontend" / "README.md"])
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def reference(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text()


def said(page: str) -> set[str]:
    """The words of a page that stand in code."""
    return {word for code in re.findall(r"`([^`\n]+)`", page) for word in re.split(r"[,\s|]+", code)}


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# What the program knows itself


def test_generated_parts_are_what_the_program_says_today(generate: ModuleType) -> None:
    old = [name_of(page) for page in generate.pages() if generate.rewritten(page.read_text()) != page.read_text()]
    assert not old, f"old: {', '.join(old)}; run `.venv/bin/python docs/generate.py`"


def test_every_generated_part_stands_in_some_page(generate: ModuleType) -> None:
    written = {name for page in generate.pages() for name in re.findall(r"generated: (\w+)", page.read_text())}
    assert written == set(generate.SECTIONS)


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_in_the_reference(setting: str) -> None:
    assert f"| `{flag(setting)}` |" in reference("settings")


def test_every_command_is_in_the_reference(generate: ModuleType) -> None:
    headings = set(re.findall(r"^## (.+)$", reference("command-line"), re.MULTILINE))
    assert {path for path, _ in generate.all_commands()} == headings


def test_every_reason_of_a_rejection_or_repeat_is_in_the_list_and_no_other() -> None:
    listed = reference("reasons").split("## Of a figure")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", listed, re.MULTILINE)) == {*REJECTED, *DUPLICATE, "suspect"}


def test_every_state_of_a_feed_is_listed() -> None:
    assert set(get_args(FeedStatus.__annotations__["state"])) <= said(reference("reasons"))


def test_every_reason_of_a_reset_is_listed() -> None:
    assert set(get_args(Reset.model_fields["reason"].annotation)) <= said(reference("http-api"))


def test_every_kind_of_record_is_in_the_description_of_the_journal() -> None:
    rows = re.findall(r"^\| `([A-Z]+)` \| (\d+) \|", reference("journal"), re.MULTILINE)
    assert {(kind.name, str(kind.value)) for kind in Kind} == set(rows)


def test_every_field_of_tick_and_positions_files_is_described() -> None:
    assert {*FIELDS, *REQUIRED, *OPTIONAL} <= said(reference("files"))


def test_every_table_of_the_schema_is_described() -> None:
    schema = "".join(path.read_text() for path in (ROOT / "storage" / "migrations").glob("*.sql"))
    tables = re.findall(r"create (?:table|view|materialized view) (?:if not exists )?(\w+)", schema)
    assert tables
    assert set(tables) <= said(reference("database"))


def test_every_feed_is_in_the_how_to() -> None:
    assert set(adapter_names()) <= said((DOCS / "how-to" / "run-on-a-live-feed.md").read_text())


# Links


def links_of(page: Path) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if not re.match(r"[a-z]+:", target):
            yield unquote(target)


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_image_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_every_page_can_be_reached_from_the_index() -> None:
    seen: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md" and page.is_file():
            seen.add(page)
            waiting += [(page.parent / link.split("#")[0]).resolve() for link in links_of(page) if link[0] != "#"]
    assert {page for page in PAGES if page.is_relative_to(DOCS)} <= seen


def test_decisions_are_numbered_without_a_hole_and_say_their_number() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert all(page.read_text().startswith(f"# {int(page.name[:4])}. ") for page in pages)


# Examples


@pytest.mark.parametrize("page", [page for page in PAGES if ">>> " in page.read_text()], ids=name_of)
def test_prompts_answer_as_the_page_says(page: Path) -> None:
    result = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("page", [page for page in PAGES if "```python" in page.read_text()], ids=name_of)
def test_python_on_a_page_is_python(page: Path) -> None:
    for block in PYTHON.findall(page.read_text()):
        compile(block, name_of(page), "exec")


# Command lines


def command_lines() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in SHELL.findall(page.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip():
                    yield name_of(page), line.strip()


def test_every_command_line_of_tailwatch_is_one_that_it_knows() -> None:
    lines = [(page, line) for page, line in command_lines() if line.startswith("tailwatch ")]
    assert len({line.split()[1] for _, line in lines}) >= 5
    for page, line in lines:
        words = line.split()[1:]
        command = get_command(app)
        while hasattr(command, "commands"):
            assert words, f"{page}: {line}"
            assert words[0] in command.commands, f"{page}: {line}"
            command = command.commands[words.pop(0)]
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= options, f"{page}: {line}"


def test_every_target_of_make_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for _, line in command_lines() if line.startswith("make ") for word in target_words(line)}
    named |= {word for page in PAGES for found in re.findall(r"`make ([a-z]+)", page.read_text()) for word in [found]}
    assert {"demo", "test", "docs"} <= named <= targets


def target_words(line: str) -> list[str]:
    return [word for word in line.split()[1:] if re.fullmatch("[a-z]+", word)]


def test_what_make_lists_is_in_contributing() -> None:
    listed = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"`make {target}`" in text for target in listed)


def test_the_help_names_every_command_of_the_readme() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "tailwatch", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    lines = [line.split()[1] for page, line in command_lines() if page == "README.md" and line.startswith("tailwatch")]
    assert lines
    assert all(name in shown for name in lines)


# The consumer of the stream


def event(kind: str, cursor: str, **data: object) -> bytes:
    return f"event: {kind}\nid: {cursor}\ndata: {json.dumps(data)}\n\n".encode()


SCRIPT = [
    b"retry: 2000\n" + event("risk", "c1", portfolio="main", seq=1) + event("alert", "c2", id="a") + b": ping\n\n",
    None,
    event("alert", "c2", id="a") + event("alert", "c3", id="b") + b"event: risk\nid: c4\ndata: {",
    event("risk", "c4", portfolio="main", seq=2) + b'event: status\ndata: {"schema":1}\n\n',
]
"""What the server says on each connection before it hangs up: a repeat, and an event that is cut off; None is a 503."""


@pytest.fixture
def server() -> Iterator[SimpleNamespace]:
    asked: list[str | None] = []
    tokens: set[str | None] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server asks for
            asked.append(self.headers["Last-Event-ID"])
            tokens.add(self.headers["Authorization"])
            if len(asked) > len(SCRIPT):
                self.send_error(404)
                return
            answer = SCRIPT[len(asked) - 1]
            if answer is None:
                self.send_error(503)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{http.server_port}/", asked=asked, tokens=tokens)
        http.shutdown()
        thread.join()


def test_the_documented_consumer_resumes_where_it_was_and_takes_nothing_twice(server: SimpleNamespace) -> None:
    source = PYTHON.search((DOCS / "how-to" / "consume-the-stream.md").read_text())
    assert source is not None
    names: dict[str, object] = {"__name__": "consumer"}
    exec(source[1], names)
    with closing(sqlite3.connect(":memory:")) as store:
        with pytest.raises(HTTPError, match="404") as refused:
            names["follow"](server.url, store, "tw_secret", wait_s=0.0)  # type: ignore[operator]
        refused.value.close()
        assert server.asked == [None, "c2", "c2", "c3", "c4"]
        assert [row[0] for row in store.execute("select id from alert order by id")] == ["a", "b"]
        assert [json.loads(row[0])["seq"] for row in store.execute("select data from risk")] == [2]


TYPESCRIPT = re.compile(r"```ts\n(.*?)```", re.DOTALL)
FOLLOW = """
import { DatabaseSync } from "node:sqlite";
import { follow } from "./consumer.ts";
const store = new DatabaseSync("alerts.db");
await follow(process.argv[2], store, "tw_secret", 0).catch((error) => console.log(error.message.slice(0, 3)));
"""


def test_the_documented_consumer_in_typescript_does_the_same(
    server: SimpleNamespace, node: str, tmp_path: Path
) -> None:
    source = TYPESCRIPT.search((DOCS / "how-to" / "consume-the-stream.md").read_text())
    assert source is not None
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    (tmp_path / "consumer.ts").write_text(source[1])
    (tmp_path / "main.ts").write_text(FOLLOW)
    done = subprocess.run(
        [node, "main.ts", server.url], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "404"), done.stderr
    assert server.asked == [None, "c2", "c2", "c3", "c4"]
    assert server.tokens == {"Bearer tw_secret"}
    with closing(sqlite3.connect(tmp_path / "alerts.db")) as store:
        assert [row[0] for row in store.execute("select id from alert order by id")] == ["a", "b"]
