"""How the benchmark judges what it measured."""

from __future__ import annotations

import pytest

from bench.programs import BenchError, Case, Library, as_library, has_groups
from bench.report import page, text_table
from bench.rounds import Plan
from bench.rows import QUICK_CASES, ROWS, TABLE_CASES
from bench.summary import judge


def run(value, metric="mb_per_s", unit="MB/s", better="higher", spin_ms=4.0):
    return {
        "status": "ok",
        "detail": "",
        "spin_ms": spin_ms,
        "metrics": {metric: {"value": value, "unit": unit, "better": better}},
    }


def runs(*values, **options):
    return [run(value, **options) for value in values]


def failed(status="timeout", detail="a: too slow"):
    return [{"status": status, "detail": detail, "metrics": {}}]


def verdicts(pairings, case="file_tight"):
    return {judged.row.metric: judged for judged in judge({case: pairings})}


def test_a_goal_in_times():
    (judged,) = judge({"file_tight": {"ref-ref": runs(6, 5, 7), "ours-ours": runs(30, 20, 40)}})
    assert judged.verdict == "reached"
    assert judged.times == pytest.approx(5)
    assert judged.margin == pytest.approx(1.25)
    (judged,) = judge({"file_tight": {"ref-ref": runs(6), "ours-ours": runs(12)}})
    assert (judged.verdict, judged.margin) == ("missed", pytest.approx(0.5))


def test_a_goal_in_units_and_times_of_what_should_be_low():
    options = {"metric": "p50_ms", "unit": "ms", "better": "lower"}
    (judged,) = judge({"ping_interval": {"ref-ref": runs(50, **options), "ours-ours": runs(10, **options)}})
    assert judged.times == pytest.approx(5)
    assert (judged.verdict, judged.margin) == ("missed", pytest.approx(0.5))
    (judged,) = judge({"ping_interval": {"ours-ours": runs(2, **options)}})
    assert (judged.verdict, judged.times) == ("reached", None)


def test_cpu_is_compared_after_normalisation():
    options = {"metric": "cpu_s_per_min", "unit": "s CPU/min", "better": "lower"}
    slow_moment = runs(2.0, spin_ms=8.0, **options)
    (judged,) = judge({"idle_1": {"ref-ref": runs(1.2, spin_ms=4.0, **options), "ours-ours": slow_moment}})
    assert judged.times == pytest.approx(1.2)
    assert judged.verdict == "reached"


def test_a_goal_of_at_least_so_much():
    def judged(*values):
        measured = {"ours-ours": runs(*values, metric="psnr_db", unit="dB")}
        (found,) = (j for j in judge({"av_video": measured}) if j.row.metric == "psnr_db")
        return found

    assert judged(41.6, 41.6).verdict == "reached" and judged(83).margin == 2
    assert judged(20, 21, 22).verdict == "missed"
    assert judged(20, 21, 42).verdict == "missed?"
    assert judged(41).row.goal == "at least 41.5 dB"


def test_a_mixed_pairing_must_not_be_worse_than_two_real_ones():
    both = {"ref-ref": runs(6, 6.1), "ours-ours": runs(60)}
    assert verdicts(both | {"ours-ref": runs(6), "ref-ours": runs(5.9)})["mb_per_s"].verdict == "reached"
    assert verdicts(both | {"ours-ref": runs(6), "ref-ours": runs(3)})["mb_per_s"].verdict == "mixed worse"
    assert verdicts(both | {"ref-ours": runs(6.2, 3, 4)})["mb_per_s"].verdict == "mixed worse?"


def test_small_differences_are_not_taken_for_more():
    pairings = {"ref-ref": runs(10, 11, 12), "ours-ours": runs(9, 10, 13)}
    (judged,) = (j for j in judge({"lossless": renamed(pairings)}) if j.row.metric == "delivered_per_s")
    assert judged.verdict == "missed?"
    pairings["ours-ours"] = runs(5, 6, 7)
    (judged,) = (j for j in judge({"lossless": renamed(pairings)}) if j.row.metric == "delivered_per_s")
    assert judged.verdict == "missed"


def renamed(pairings):
    return {
        p: [r | {"metrics": {"delivered_per_s": r["metrics"]["mb_per_s"]}} for r in each]
        for p, each in pairings.items()
    }


def test_bad_rows_come_first_and_failures_are_told():
    measured = {
        "file_interval": {"ref-ref": runs(2), "ours-ours": runs(40)},
        "file_tight": {"ref-ref": runs(6), "ours-ours": runs(20)},
        "file_tcp": {"ref-ref": runs(2), "ours-ours": runs(9) + failed("invalid", "content WRONG")},
    }
    judged = judge(measured)
    assert [j.verdict for j in judged] == ["failed", "missed", "reached"]
    assert "file_tcp ours: 1 of 2 invalid: content WRONG" in text_table(judged)


def test_a_failure_of_the_real_library_is_no_failure_of_ours():
    (judged,) = judge({"file_tight": {"ref-ref": failed(), "ours-ours": runs(20)}})
    assert judged.verdict == "measured"
    assert "real library: 1 of 1 timeout: a: too slow" in text_table([judged])


def test_noise_has_a_column_where_it_was_measured():
    pairings = {"ref-ref": runs(6), "ours-ours": runs(30)}
    assert "Noise" not in text_table(judge({"file_tight": pairings}))
    measured = judge(
        {"file_tight": {**pairings, "noise-noise": runs(31)}, "msgs_tight": {"ours-ours": runs(1)}}
    )
    head, *lines = text_table(measured).splitlines()
    column = head.index("ours, Noise")
    assert sorted(line[column:].split()[0] for line in lines if "31" in line) == ["31"]
    assert judge({"file_tight": {**pairings, "noise-noise": failed()}})[0].verdict == "failed"


def test_the_page_shows_every_single_value():
    measured = {"file_tight": {"ref-ref": runs(6, 5, 7), "ours-ours": runs(30, 20)}}
    library = {"version": "0.2.18", "sha256": "00"}
    record = {
        "started": "today",
        "rounds": 3,
        "rounds_done": 2,
        "pairings": ["ref-ref", "ours-ours"],
        "libraries": {"ref": [library], "ours": [library]},
        "machine": {"cpus": 2, "kernel": "6.1"},
        "limits": [],
        "runs": measured,
    }
    shown = page(record)
    assert shown.count("<circle") == 5
    assert "2 of 3 rounds" in shown


def test_each_row_has_one_goal_and_a_name_of_its_own():
    assert all((row.times > 0) + (row.at_most > 0) + (row.at_least > 0) == 1 for row in ROWS)
    assert len({row.what for row in ROWS}) == len(ROWS)
    assert set(QUICK_CASES) <= set(TABLE_CASES)


def library(folder, content=b""):
    folder.mkdir()
    (folder / "libtoxcore.so.2").write_bytes(content)
    return Library(folder.name, folder)


def test_groups_are_compared_with_a_library_that_has_them(tmp_path):
    ours, old, new = (library(tmp_path / name) for name in ("ours", "old", "new"))
    group, conference = Case("group_2", "two", ""), Case("conference_2", "two", "")
    libraries = {"ours": ours, "ref": old}
    plan = Plan(tmp_path, [], libraries, [], 1)
    assert plan.libraries_of(conference, "ref-ours") == (old, ours)
    assert plan.libraries_of(group, "ref-ref") is None and plan.libraries_of(group, "ours-ref") is None
    assert plan.libraries_of(group, "ours-ours") == (ours, ours)
    libraries["ref_groups"] = new
    assert plan.libraries_of(group, "ref-ours") == (new, ours)
    assert plan.libraries_of(conference, "ref-ours") == (old, ours)


def test_noise_is_measured_between_two_of_ours_only(tmp_path):
    noise = Library("ours", tmp_path, environment=["TOXBENCH_HANDSHAKE=noise"])
    ours = Library("ours", tmp_path)
    plan = Plan(tmp_path, [], {"ours": ours, "ref": ours, "noise": noise}, [], 1)
    assert plan.libraries_of(Case("file_tight", "two", ""), "noise-noise") == (noise, noise)
    # its other side is a real one, which does not speak it
    assert plan.libraries_of(Case("idle_1", "one", ""), "noise-noise") is None


def test_a_file_is_a_library_of_groups_only_with_their_functions(tmp_path):
    file = tmp_path / "newer.so"
    file.write_bytes(b"\x7fELF tox_group_new")
    folder = as_library(file, tmp_path / "copy")
    assert has_groups(folder) and (folder / "libtoxcore.so.2").read_bytes() == file.read_bytes()
    file.write_bytes(b"\x7fELF")
    with pytest.raises(BenchError, match="tox_group"):
        as_library(file, tmp_path / "other")
    with pytest.raises(BenchError, match="no file"):
        as_library(tmp_path / "missing", tmp_path / "third")
