import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.checkpoint import CheckpointError, Resumed, read_checkpoint, write_checkpoint
from flows.messages import Checkpoint

PARTS = (
    Checkpoint(41, 0, b"feed \x00\xff", b"risk zero", b"limits"),
    Checkpoint(41, 1, b"feed \x00\xff", b"risk one", b"limits"),
)


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "checkpoint", PARTS, "hash")
    return tmp_path / "checkpoint"


def test_a_run_goes_on_behind_the_record_of_the_checkpoint(path):
    expected = Resumed(42, b"feed \x00\xff", (b"risk zero", b"risk one"), b"limits")
    assert read_checkpoint(path, "hash", 2, 50) == expected


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
        write_checkpoint(path, (Checkpoint(99, 0, b"", b""),), "hash")
    assert read_checkpoint(path, "hash", 2, 50).offset == 42
