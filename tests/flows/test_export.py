"""An exported journal replays as the journal does."""

import gzip
import json

import pytest
import zstandard

from flows.commands import Holding, Positions, encode_command
from flows.crew import new_crew
from flows.export import export_records, export_ticks
from flows.journal import JournalReader, JournalWriter
from flows.messages import Kind
from flows.readers import read_files
from flows.recompute import recompute
from flows.replay import Replay, replay_to_file
from riskcore.errors import InputError, TailwatchError
from riskcore.settings import NANOSECONDS, RiskSettings

START = 1_700_000_000 * NANOSECONDS
SETTINGS = RiskSettings(bar=NANOSECONDS, paths=50, min_observations=5)
BOOK = Positions((Holding("main", "AAA", 5.0), Holding("main", "BBB", -2.0)))


@pytest.fixture
def journal(tmp_path):
    now = START
    writer = JournalWriter(tmp_path / "journal", 0.0, clock=lambda: now, segment_bytes=20_000)
    writer.append(Kind.COMMAND, encode_command(BOOK))
    writer.append(Kind.CONNECTED, b'{"url":"ws://x"}', "tailwatch", "x")
    for step in range(400):
        now = START + step * NANOSECONDS // 10
        fields = {"ts": now - 5, "symbol": ("AAA", "BBB")[step % 2], "price": 100 + step % 7, "trade_id": step}
        writer.append(Kind.FRAME, json.dumps(fields).encode(), "tailwatch", "x")
        if step % 50 == 20:
            writer.append(Kind.FRAME, b'\xff not text "', "tailwatch", "x")
        writer.flush(5.0)
    writer.close()
    return tmp_path / "journal"


def runs(journal):
    reader = JournalReader(journal)
    while found := reader.read(100):
        yield found
    reader.close()


def replayed(path, commands=()):
    out = path.parent / "out.ndjson"
    replay_to_file(Replay([path], commands, SETTINGS, "hash"), out)
    return out.read_bytes()


@pytest.mark.parametrize("name", ["all.ndjson", "all.ndjson.gz", "all.ndjson.zst"])
def test_exported_records_are_the_journal_and_replay_to_the_same_bytes(journal, tmp_path, name):
    count = export_records(runs(journal), tmp_path / name)
    records = list(read_files([journal]))
    assert count == len(records)
    assert list(read_files([tmp_path / name])) == records
    assert len(replayed(journal).splitlines()) > 30
    assert replayed(tmp_path / name) == replayed(journal)


@pytest.mark.parametrize("name", ["ticks.ndjson", "ticks.ndjson.gz", "ticks.ndjson.zst", "ticks.parquet"])
def test_exported_ticks_give_the_figures_of_the_journal(journal, tmp_path, name):
    assert export_ticks(runs(journal), tmp_path / name, "trade") == 400
    told = [json.loads(line) for line in replayed(tmp_path / name, [BOOK]).splitlines()]
    own = [json.loads(line) for line in replayed(journal).splitlines()]
    assert len(told) == len(own) > 30
    for one, other in zip(told, own, strict=True):
        # What is no tick is in the journal only: its offsets and refusals.
        del one["quality"], other["quality"]
        assert one == other


def test_compressed_exports_are_what_their_names_say(journal, tmp_path):
    for name in ("plain.ndjson", "a.ndjson.gz", "a.ndjson.zst"):
        export_ticks(runs(journal), tmp_path / name, "trade")
    plain = (tmp_path / "plain.ndjson").read_bytes()
    assert gzip.decompress((tmp_path / "a.ndjson.gz").read_bytes()) == plain
    with zstandard.open(tmp_path / "a.ndjson.zst", "rb") as file:
        assert file.read() == plain


@pytest.mark.parametrize("export", [lambda r, o: export_ticks(r, o, "trade"), export_records])
def test_a_file_that_exists_is_left_alone_and_a_wrong_name_leaves_none(journal, tmp_path, export):
    (tmp_path / "here.ndjson").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        export(runs(journal), tmp_path / "here.ndjson")
    assert (tmp_path / "here.ndjson").read_text() == "mine"
    with pytest.raises(InputError, match=r"ends in \.ndjson"):
        export(runs(journal), tmp_path / "here.txt")
    assert {path.name for path in tmp_path.iterdir()} == {"journal", "here.ndjson"}


def test_an_export_that_fails_on_its_way_leaves_no_file(journal, tmp_path):
    def failing():
        yield next(runs(journal))
        raise TailwatchError("damaged")

    with pytest.raises(TailwatchError, match="damaged"):
        export_ticks(failing(), tmp_path / "out.ndjson", "trade")
    assert {path.name for path in tmp_path.iterdir()} == {"journal"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: [lines[0], lines[0], *lines[1:]], "line 2: record 0 after 0"),
        (lambda lines: [lines[0], lines[1][:40], *lines[2:]], "line 2: is no record of a journal"),
        (lambda lines: [lines[0], lines[1].replace(b'"kind":"', b'"kind":"x'), *lines[2:]], "line 2: is no record"),
    ],
)
def test_a_changed_line_of_records_is_named(journal, tmp_path, change, says):
    export_records(runs(journal), tmp_path / "all.ndjson")
    lines = (tmp_path / "all.ndjson").read_bytes().splitlines()
    (tmp_path / "all.ndjson").write_bytes(b"\n".join(change(lines)))
    with pytest.raises(TailwatchError, match=says):
        list(read_files([tmp_path / "all.ndjson"]))


@pytest.mark.parametrize("shards", [1, 2])
def test_any_snapshot_is_computed_anew_from_its_offset_byte_for_byte(journal, tmp_path, shards):
    publish = NANOSECONDS // 4
    out = tmp_path / "out.ndjson"
    replay_to_file(Replay([journal], [], SETTINGS, "hash", publish=publish, shards=shards), out)
    lines = out.read_bytes().splitlines(keepends=True)
    by_offset: dict[int, list[bytes]] = {}
    for line in lines:
        by_offset.setdefault(json.loads(line)["quality"]["journal_offset"], []).append(line)
    assert len(by_offset) > 60
    for offset in sorted(by_offset)[5:-3:10]:
        again = recompute(journal, offset, new_crew(SETTINGS, "hash", publish, shards))
        assert sorted(again) == sorted(by_offset[offset])


def test_a_record_without_a_snapshot_or_beyond_the_end_is_told(journal):
    with pytest.raises(InputError, match=r"record 1 of journal .* caused no snapshot"):
        recompute(journal, 1, new_crew(SETTINGS, "hash", None, 1))
    with pytest.raises(InputError, match=r"ends at record .*, before 999999"):
        recompute(journal, 999_999, new_crew(SETTINGS, "hash", None, 1))
