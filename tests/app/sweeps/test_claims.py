"Who works on a cell."

import json
import os
import threading
import time

from spurious_core.app.sweeps.claims import CLAIM_FILE, Watch, keeping, release_claims


def test_of_many_that_try_at_once_one_has_it(tmp_path):
    owners, start = [], threading.Barrier(16)

    def try_it():
        start.wait()
        owners.append(Watch().take(tmp_path))

    threads = [threading.Thread(target=try_it) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (owner,) = [owner for owner in owners if owner]
    assert json.loads((tmp_path / CLAIM_FILE).read_text())["owner"] == owner
    assert [file.name for file in tmp_path.iterdir()] == [CLAIM_FILE]


def test_a_claim_that_stands_still_is_taken_by_one_and_only_after_the_lease(tmp_path):
    Watch().take(tmp_path)
    watches = [Watch(lease=0.2) for _ in range(4)]
    assert [watch.take(tmp_path) for watch in watches] == [None] * 4
    assert all(watch.is_doubtful(tmp_path) for watch in watches)
    time.sleep(0.25)
    assert len([owner for owner in (watch.take(tmp_path) for watch in watches) if owner]) == 1


def test_who_counts_keeps_his_claim_whatever_the_clocks_say(tmp_path):
    "The file's time is set far into the past; only the count matters."
    other = Watch(lease=0.4)
    with keeping(tmp_path, Watch().take(tmp_path), lease=0.4):
        for _ in range(10):
            os.utime(tmp_path / CLAIM_FILE, (0, 0))
            assert other.take(tmp_path) is None
            time.sleep(0.1)
        assert not other.is_doubtful(tmp_path)
    assert not (tmp_path / CLAIM_FILE).exists()


def test_who_lost_his_claim_leaves_the_others_alone(tmp_path):
    with keeping(tmp_path, Watch().take(tmp_path), lease=0.1):
        (tmp_path / CLAIM_FILE).write_text(json.dumps(dict(owner="another", count=7)))
        time.sleep(0.15)
    assert json.loads((tmp_path / CLAIM_FILE).read_text()) == dict(owner="another", count=7)


def test_a_fresh_claim_is_not_taken_for_the_one_that_stood_still(tmp_path):
    "Two saw the same dead claim; the slower of them finds the faster one's in its place."
    Watch().take(tmp_path)
    fast, slow = Watch(lease=0.05), Watch(lease=0.05)
    assert not fast.take(tmp_path) and not slow.take(tmp_path)
    time.sleep(0.1)
    assert not slow.is_held(tmp_path)
    owner = fast.take(tmp_path)
    slow.is_held = lambda folder: False  # as it was a moment ago
    assert owner and slow.take(tmp_path) is None
    assert json.loads((tmp_path / CLAIM_FILE).read_text())["owner"] == owner
    assert [file.name for file in tmp_path.iterdir()] == [CLAIM_FILE]


def test_claims_of_ended_processes_are_given_back(tmp_path):
    Watch().take(tmp_path)
    release_claims([tmp_path], [1, 2])
    assert (tmp_path / CLAIM_FILE).exists()
    release_claims([tmp_path], [1, os.getpid()])
    assert not (tmp_path / CLAIM_FILE).exists()


def test_half_a_claim_is_somebodys_until_it_stands_still(tmp_path):
    for broken in ("null", "[]", '{"owner": [1], "count": {}}'):
        (tmp_path / CLAIM_FILE).write_text(broken)
        assert Watch().is_held(tmp_path)
    (tmp_path / CLAIM_FILE).write_text('{"own')
    watch = Watch(lease=0.1)
    assert watch.take(tmp_path) is None
    time.sleep(0.15)
    assert watch.take(tmp_path)
