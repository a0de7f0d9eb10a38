"""What recordings are taken for, and how their transcripts are cut."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.base import Refusal
from simulator.providers.multipart import Part
from simulator.providers.openai.media import segments
from simulator.providers.openai.media.recordings import seconds_of
from simulator.providers.openai.media.sounds import wav

TEXTS = st.text(st.sampled_from("ab. !?\n"), max_size=300)


def recording(body, name="a.wav"):
    return Part("file", body, name)


def test_length_of_a_wav():
    whole = wav(36_000, b"")
    assert seconds_of(recording(whole)) == 1.5
    listed = whole[:36] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + whole[36:]
    assert seconds_of(recording(listed)) == 1.5
    streamed = whole[:40] + b"\xff\xff\xff\xff" + whole[44:]
    assert seconds_of(recording(streamed)) == 1.5
    assert seconds_of(recording(whole, None)) == 1.5


def test_length_of_others_is_estimated():
    for body in (b"ID3", b"OggS", b"\x1aE\xdf\xa3", b"\0\0\0\x20ftypM4A ", b"\xff\xfb"):
        assert seconds_of(recording(body + bytes(160_000), "sound")) == pytest.approx(10, abs=0.01)
    assert seconds_of(recording(b"unknown" * 16_000, "a.mp3")) == 7.0


@pytest.mark.parametrize(
    ("body", "name", "code"),
    [
        (b"", "a.wav", "invalid_value"),
        (b"hello", "a.txt", "invalid_value"),
        (b"hello", None, "invalid_value"),
        (b"hello", "a.wav", "invalid_value"),
        (b"fLaC", "a.flac", "invalid_value"),
        (b"fLaC" + bytes(40), "a.flac", "invalid_value"),
        (b"RIFF\0\0\0\0WAVE", "a.wav", "invalid_value"),
        (b"RIFF\0\0\0\0WAVEdata\xff\0\0\0" + bytes(300), "a.wav", "invalid_value"),
        (wav(100, b""), "a.wav", "audio_too_short"),
    ],
)
def test_what_is_no_recording(body, name, code):
    with pytest.raises(Refusal) as caught:
        seconds_of(recording(body, name))
    assert (caught.value.param, caught.value.code) == ("file", code)


@given(st.binary(max_size=80), st.sampled_from([b"RIFF0000WAVE", b"fLaC", b""]))
@settings(max_examples=80)
def test_any_bytes_have_a_length_or_are_refused(body, head):
    try:
        seconds = seconds_of(recording(head + body, "a.mp3"))
    except Refusal:
        return
    assert 0 < seconds <= 86_400


@given(TEXTS, st.floats(0.1, 5_000))
@settings(max_examples=80)
def test_parts_cover_the_text_and_the_time(text, seconds):
    for parts in (segments.words(text, seconds), segments.segments(text, seconds)):
        assert " ".join([part.text for part in parts]) == " ".join(text.split())
        times = [time for part in parts for time in (part.start, part.end)]
        assert times == sorted(times)
        if parts:
            assert (times[0], times[-1]) == (0, pytest.approx(seconds, abs=0.01))
        assert all(len(part.text.split()) <= segments.LONGEST for part in parts)


def test_subtitles():
    parts = [segments.Segment(0, 1.5, "One."), segments.Segment(1.5, 3_661.25, "Two.")]
    assert segments.srt(parts) == (
        "1\n00:00:00,000 --> 00:00:01,500\nOne.\n\n2\n00:00:01,500 --> 01:01:01,250\nTwo.\n\n"
    )
    assert segments.vtt(parts) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne.\n\n00:00:01.500 --> 01:01:01.250\nTwo.\n\n"
    )
    assert segments.vtt([]) == "WEBVTT\n\n"


def test_known_speakers():
    parts = [segments.Segment(0, 1, "One."), segments.Segment(1, 2, "Two."), segments.Segment(2, 3, "Three.")]
    assert [part["speaker"] for part in segments.spoken_by(parts, ())] == ["A", "B", "A"]
    assert [part["speaker"] for part in segments.spoken_by(parts, ("Ann",))] == ["Ann"] * 3
