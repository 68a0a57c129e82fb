import pickle
from threading import Event

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.checkpoint import CheckpointError, CheckpointWriter, read_checkpoint, write_checkpoint
from flows.messages import Checkpoint
from riskcore.state import Image, pack


def part(offset, shard):
    model = {"model/paths": np.arange(6.0).reshape(2, 3), "model/present": np.array([True, False])}
    image = Image(model | {"actor": np.array([shard])}, {"shard": shard})
    return Checkpoint(offset, shard, b"feed \x00\xff", image, b"limits")


PARTS = (part(41, 0), part(41, 1))


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "checkpoint", PARTS, "hash")
    return tmp_path / "checkpoint"


def test_a_run_goes_on_behind_the_record_of_the_checkpoint(path):
    resumed = read_checkpoint(path, "hash", 2, 50)
    assert (resumed.offset, resumed.feed_state, resumed.alert_state) == (42, b"feed \x00\xff", b"limits")
    assert [state.meta for state in resumed.risk_states] == [{"shard": 0}, {"shard": 1}]
    for shard, state in enumerate(resumed.risk_states):
        assert state.arrays["actor"] == shard
        assert state.arrays["model/paths"].tolist() == [[0, 1, 2], [3, 4, 5]]
    zero, one = (state.arrays["model/paths"] for state in resumed.risk_states)
    assert not np.shares_memory(zero, one)


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(tmp_path):
    assert read_checkpoint(tmp_path / "checkpoint", "hash", 1, 50) is None


def test_only_its_owner_can_read_it(path):
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("settings", "shards"), [("other", 2), ("hash", 1)])
def test_a_checkpoint_of_other_settings_is_refused(path, settings, shards):
    with pytest.raises(CheckpointError, match="other settings"):
        read_checkpoint(path, settings, shards, 50)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_flipped_bit_goes_unseen(path, at, bit):
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[at % len(damaged)] ^= 1 << bit
    path.write_bytes(bytes(damaged))
    try:
        with pytest.raises(CheckpointError):
            read_checkpoint(path, "hash", 2, 50)
    finally:
        path.write_bytes(whole)


@given(length=st.integers(0, 10_000))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_shortened_checkpoint_goes_unseen(path, length):
    whole = path.read_bytes()
    path.write_bytes(whole[: length % len(whole)])
    try:
        with pytest.raises(CheckpointError):
            read_checkpoint(path, "hash", 2, 50)
    finally:
        path.write_bytes(whole)


def test_a_checkpoint_that_the_journal_does_not_reach_is_refused(path):
    with pytest.raises(CheckpointError, match="the journal ends before 41"):
        read_checkpoint(path, "hash", 2, 41)


def test_a_crash_while_writing_leaves_the_checkpoint_before(path, monkeypatch):
    def power_cut(_descriptor):
        raise OSError("power cut")

    monkeypatch.setattr("flows.checkpoint.os.fsync", power_cut)
    with pytest.raises(OSError, match="power cut"):
        write_checkpoint(path, (part(99, 0),), "hash")
    assert read_checkpoint(path, "hash", 2, 50).offset == 42


def test_every_97th_byte_flipped_is_seen(path):
    whole = path.read_bytes()
    for at in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        path.write_bytes(bytes(damaged))
        with pytest.raises(CheckpointError):
            read_checkpoint(path, "hash", 2, 50)


def test_a_checkpoint_that_would_run_code_if_it_were_unpickled_runs_nothing(path, tmp_path):
    canary = tmp_path / "canary"

    class Payload:
        def __reduce__(self):
            return canary.touch, ()

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Payload(), protocol))
        with pytest.raises(CheckpointError, match="not ours"):
            read_checkpoint(path, "hash", 2, 50)
    assert not canary.exists()
    pickle.loads(path.read_bytes())
    assert canary.exists()


def test_a_checkpoint_of_an_older_format_is_refused(path):
    path.write_bytes(pack("tailwatch checkpoint 3", {}, {}))
    with pytest.raises(CheckpointError, match="this is the state of a tailwatch checkpoint 3"):
        read_checkpoint(path, "hash", 2, 50)


def test_what_is_offered_is_written_by_the_end_and_a_newer_one_takes_the_place_of_one_that_waits(path, monkeypatch):
    writing, go_on, written = Event(), Event(), []

    def slow(_path, shards, _settings):
        writing.set()
        assert go_on.wait(20)
        written.append(shards[0].offset)

    monkeypatch.setattr("flows.checkpoint.write_checkpoint", slow)
    first, second, third = (part(60, 0),), (part(61, 0),), (part(62, 0),)
    with CheckpointWriter(path, "hash") as writer:
        writer.offer(first)
        assert writing.wait(20)
        writer.offer(second)
        writer.offer(third)
        assert second[0].risk_state.released
        go_on.set()
    assert written == [60, 62]
    assert (writer.offset, writer.trouble) == (62, None)


def test_a_checkpoint_that_cannot_be_written_is_told_and_released(tmp_path):
    offered = (part(60, 0),)
    with CheckpointWriter(tmp_path / "missing" / "checkpoint", "hash") as writer:
        writer.offer(offered)
    assert "No such file" in writer.trouble
    assert offered[0].risk_state.released
