"""Traces: what is read, in which unit, and what is said of what cannot be."""

import io
import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fitting.read import parsed, read
from simulator.fitting.trace import TraceError


def times(text, **wishes):
    trace = parsed(text.encode(), "trace", **wishes)
    return trace, trace.whole()


def refused(text, **wishes):
    with pytest.raises(TraceError) as caught:
        parsed(text.encode(), "trace", **wishes)
    return str(caught.value)


def test_csv_by_names_and_units():
    trace, whole = times(
        'model,ttft_ms,itl_ms,prompt_tokens,cached_tokens\na,500,"[10, 20]",100,40\nb,250,15,50,\n\na,,12,,\n'
    )
    assert trace.requests == 3
    assert trace.models == ("a", "b")
    assert whole.ttft.tolist() == [0.5, 0.25]
    assert whole.gaps == pytest.approx([0.010, 0.020, 0.012, 0.015])
    assert whole.uncached.tolist() == [60.0, 50.0]
    assert whole.means == 2
    assert dict(trace.by_model())["b"].ttft.tolist() == [0.25]


@pytest.mark.parametrize(
    ("name", "value"), [("ttft_ms", 500), ("ttft_s", 0.5), ("TTFT_seconds", 0.5), ("time_to_first_token_us", 5e5)]
)
def test_units_are_in_the_name(name, value):
    assert times(json.dumps({name: value}))[1].ttft == pytest.approx([0.5])
    assert times(f"{name}\n{value}\n")[1].ttft == pytest.approx([0.5])


@pytest.mark.parametrize("cell", ['"[10, 20]"', "10;20", "10|20", '"10,20"', "10 20"])
def test_lists_in_a_cell(cell):
    assert times(f"itl_ms,ttft_ms\n{cell},1\n")[1].gaps == pytest.approx([0.01, 0.02])


def test_other_marks_between_cells():
    assert times("ttft_ms;gaps_ms\n5;[10,20]\n")[1].gaps == pytest.approx([0.01, 0.02])
    assert times("ttft_s\titl_ms\n5\t7\n")[1].ttft.tolist() == [5.0]


def test_a_long_cell():
    """The csv module's own limit is 131,072 characters."""
    gaps = "[" + ",".join(["12.345"] * 30_000) + "]"
    assert len(times(f'ttft_ms,gaps_ms\n5,"{gaps}"\n')[1].gaps) == 30_000


def test_token_times_are_split():
    _, whole = times('{"token_times_ms": [500, 510, 530]}\n{"token_times_s": [101.5, 101.6], "start_s": 101}\n')
    assert whole.ttft == pytest.approx([0.5, 0.5])
    assert whole.gaps == pytest.approx([0.01, 0.02, 0.1])


def test_json_lines_a_list_and_one_object():
    rows = [{"ttft_ms": 1.0}, {"ttft_ms": 2.0, "model": "m"}]
    lines = "\n".join(map(json.dumps, rows))
    for text in (lines, json.dumps(rows), json.dumps(rows, indent=2), "\ufeff" + lines, "\r\n".join(lines.split("\n"))):
        assert times(text)[1].ttft.tolist() == [0.001, 0.002]
    assert times(json.dumps(rows[0], indent=2))[1].ttft.tolist() == [0.001]


def test_vllms_detailed_result():
    result = {
        "model_id": "meta-llama/Llama-3.1-8B",
        "mean_ttft_ms": 150.0,
        "input_lens": [100, 200, 300, 400],
        "ttfts": [0.1, 0.2, 0.0, 0.0],
        "itls": [[0.01, 0.02], [0.03], [], []],
        "errors": ["", "", "connection refused", ""],
    }
    trace, whole = times(json.dumps(result))
    assert (trace.requests, trace.failed, trace.models) == (2, 2, ("meta-llama/Llama-3.1-8B",))
    assert whole.ttft.tolist() == [0.1, 0.2]
    assert whole.gaps.tolist() == [0.01, 0.02, 0.03]
    assert whole.uncached.tolist() == [100.0, 200.0]
    both = json.dumps(result) + "\n" + json.dumps(result) + "\n"
    assert times(both)[0].requests == 4
    assert "different lengths" in refused(json.dumps({**result, "itls": [[]]}))
    assert "not all lists" in refused(json.dumps({**result, "errors": {"a": 1}}))


def test_vllms_summary_says_which_flag_is_missing():
    assert "--save-detailed" in refused('{"model_id": "m", "mean_ttft_ms": 150.0}')


def test_llmperfs_responses():
    """Its inter_token_latency_s counts the time to the first token too; the gap is what lies after that."""
    rows = [
        {
            "error_code": None,
            "error_msg": "",
            "inter_token_latency_s": 0.05,
            "ttft_s": 1.0,
            "end_to_end_latency_s": 5.0,
            "number_output_tokens": 101,
            "number_input_tokens": 550,
        },
        {"error_code": 500, "error_msg": "down", "ttft_s": 0, "end_to_end_latency_s": 0, "number_output_tokens": 0},
    ]
    trace, whole = times(json.dumps(rows, indent=4))
    assert (trace.requests, trace.failed, whole.means) == (1, 1, 1)
    assert whole.ttft.tolist() == [1.0]
    assert whole.gaps == pytest.approx([0.04])
    assert whole.uncached.tolist() == [550.0]


def test_aiperfs_records():
    good = {
        "metadata": {"session_num": 1},
        "metrics": {
            "input_sequence_length": {"value": 550, "unit": "tokens"},
            "time_to_first_token": {"value": 255.0, "unit": "ms"},
            "inter_chunk_latency": {"value": [4.5, 5.5], "unit": "ms"},
            "inter_token_latency": {"value": 5.0, "unit": "ms"},
        },
        "error": None,
    }
    bad = {"metadata": {}, "metrics": {"error_isl": {"value": 5, "unit": "tokens"}}, "error": {"code": 499}}
    trace, whole = times(json.dumps(good) + "\n" + json.dumps(bad))
    assert (trace.requests, trace.failed) == (1, 1)
    assert whole.ttft == pytest.approx([0.255])
    assert whole.gaps == pytest.approx([0.0045, 0.0055])
    assert whole.uncached.tolist() == [550.0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"ttft": 5}, "ttft: its name must end with its unit, ttft_ms or ttft_s"),
        ({"ttft_ms": "soon"}, 'ttft_ms: found "soon"; allowed: a number'),
        ({"ttft_ms": True}, "ttft_ms: found true"),
        ({"ttft_ms": -1}, "ttft_ms: found -1 ms; allowed: a time from 0"),
        ({"ttft_ms": float("nan")}, "ttft_ms: found nan; allowed: a finite number"),
        ({"ttft_ms": 10**400}, "allowed: a finite number"),
        ({"ttft_ms": 5, "ttft_s": 5}, "ttft_ms and ttft_s: give one of them"),
        ({"itl_ms": [1, None]}, "itl_ms[1]: found null"),
        ({"itl_ms": "[1, 2"}, "itl_ms: found"),
        ({"itl_ms": {"a": 1}}, "allowed: a number"),
        ({"token_times_ms": [5, 4]}, "token_times_ms: token 2 comes before token 1"),
        ({"token_times_ms": [5, 6], "start_ms": 6}, "the first token comes before the request's start"),
        ({"token_times_ms": [5], "ttft_ms": 5}, "give token_times alone"),
        ({"ttft_ms": 5, "prompt_tokens": -1}, "prompt_tokens: found -1"),
        ({"ttft_ms": 5, "prompt_tokens": 1, "cached_tokens": 2}, "more cached tokens (2) than prompt tokens (1)"),
        ({"ttft_ms": 5, "model": 7}, "model: found 7"),
        ({"ttft_ms": 5, "model": "a\nb"}, "model: found"),
        ({"status": 200}, "no time in this row (found: status); needed: ttft_ms"),
        ({}, "found: nothing"),
    ],
)
def test_bad_rows_name_their_line_and_field(row, words):
    text = '{"ttft_ms": 1}\n' + json.dumps(row)
    told = refused(text)
    assert told.startswith("trace:2: ")
    assert words in told
    assert "--skip-bad" in told
    trace, whole = times(text, skip_bad=True)
    assert (trace.bad_rows, whole.ttft.tolist()) == (1, [0.001])


def test_lines_that_are_no_rows():
    assert "trace:2: not JSON" in refused('{"ttft_ms": 1}\nnot json\n')
    assert "trace:2: not an object" in refused('{"ttft_ms": 1}\n7\n')
    assert "trace:1: row 2: not an object" in refused('[{"ttft_ms": 1}, 7]')
    assert "trace: row 2: not an object" in refused('[{"ttft_ms": 1},\n 7]')
    assert "trace:3: 3 cells under 2 names" in refused("ttft_ms,itl_ms\n1,2\n1,2,3\n")
    assert "two columns have one name" in refused("ttft_ms,ttft_ms\n1,2\n")
    assert "not CSV" in refused('ttft_ms\n"1\n')
    assert "not JSON" in refused("[" * 100_000)
    assert "not JSON" in refused('{"ttft_ms": 1')


def test_many_bad_rows_are_counted():
    told = refused("ttft_ms\n" + "soon\n" * 25).split("\n")
    assert len(told) == 12
    assert told[10] == "and 15 more"


def test_traces_without_a_request():
    assert refused("") == "trace: the trace is empty"
    assert "no row tells a time" in refused("ttft_ms\n")
    assert "1 tell of failed requests" in refused('{"ttft_ms": 5, "error": "boom"}')
    assert "1 are bad" in refused("ttft_ms\nsoon\n", skip_bad=True)
    with pytest.raises(TraceError, match="trace:2: byte 9 is not UTF-8"):
        parsed(b"ttft_ms\n\xff\n", "trace")


def test_files(tmp_path, monkeypatch):
    path = tmp_path / "trace.csv"
    path.write_text("ttft_ms\n5\n")
    assert read(path).source == "trace.csv"
    with pytest.raises(TraceError, match="no such file"):
        read(tmp_path / "other.csv")
    with pytest.raises(TraceError, match="folder"):
        read(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert read(type(path)("-")).source == "standard input"


def test_progress_is_told():
    told = []
    parsed(b"ttft_ms\n" + b"5\n" * 45_000, "trace", progress=told.append)
    assert told == [20_000, 40_000]


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789.-eE ttft_msilnu\n', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused_in_words(data):
    try:
        trace = parsed(data, "trace")
    except TraceError:
        return
    assert trace.requests > 0
    assert np.all(trace.whole().ttft >= 0)
    assert np.all(trace.whole().gaps >= 0)
