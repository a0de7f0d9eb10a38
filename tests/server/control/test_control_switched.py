from simulator.server.control.agenda import Agenda
from simulator.server.control.document import EMPTY, decode, encode, patched


def test_failures_of_a_patch_hold_since_they_were_set():
    one = patched(EMPTY, {"faults": {"a": {"first": 3}}}, replace=False, now=10.0)
    two = patched(one, {"faults": {"b": {}}, "response": {"kind": "echo"}}, replace=False, now=20.0)
    assert Agenda(decode(encode(two)), ()).at(30).since == {"a": 10.0, "b": 20.0}
    assert patched(two, {"faults": {"a": {"first": 3}}}, replace=False, now=30.0) == two
    again = patched(two, {"faults": {"a": {"first": 4}}}, replace=False, now=30.0)
    assert again.switched == {"a": 30.0, "b": 20.0}
    assert patched(again, {"faults": {"a": None}}, replace=False, now=40.0).switched == {"b": 20.0}
    assert patched(again, {}, replace=True, now=40.0).switched == {}
