"""Speech and transcriptions through the official OpenAI client, the sound read with the standard library."""

import base64
import io
import json
import re
import wave

import openai
import pytest
from client_checks import strangers

TEXT = "The quick brown fox jumps over the lazy dog. " * 8
SECONDS = len(TEXT) / 15


@pytest.fixture(scope="module")
def recording(fleet):
    """A WAV that was spoken here."""
    ask = {"model": "tts-1", "input": TEXT, "voice": "nova", "response_format": "wav"}
    return "speech.wav", fleet.ask("/v1/audio/speech", ask).body


def test_speech_is_as_long_as_its_text(client):
    sound = client.audio.speech.create(model="tts-1", input=TEXT, voice="alloy", response_format="wav").read()
    with wave.open(io.BytesIO(sound)) as read:
        assert (read.getframerate(), read.getsampwidth(), read.getnchannels()) == (24_000, 2, 1)
        assert read.getnframes() / 24_000 == pytest.approx(SECONDS, abs=0.01)
        assert any(read.readframes(1000))
    fast = client.audio.speech.create(model="tts-1", input=TEXT, voice="alloy", response_format="pcm", speed=2).read()
    assert len(fast) / 48_000 == pytest.approx(SECONDS / 2, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "begins", "content_type"),
    [
        ("mp3", b"\xff\xf3", "audio/mpeg"),
        ("opus", b"OggS", "audio/opus"),
        ("aac", b"\xff\xf1", "audio/aac"),
        ("flac", b"fLaC", "audio/flac"),
        ("wav", b"RIFF", "audio/wav"),
    ],
)
def test_formats(client, kind, begins, content_type):
    answer = client.audio.speech.create(
        model="gpt-4o-mini-tts", input=TEXT, voice="marin", response_format=kind, instructions="Whisper."
    )
    assert answer.response.headers["content-type"] == content_type
    assert answer.read().startswith(begins)


def test_speech_in_events(client):
    ask = {"model": "gpt-4o-mini-tts", "input": TEXT, "voice": {"id": "voice_1"}, "response_format": "wav"}
    with client.audio.speech.with_streaming_response.create(**ask, stream_format="sse") as response:
        events = [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    usage = events[-1]["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    whole = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert whole == client.audio.speech.create(**ask).read()


def test_transcription_by_whisper(client, recording):
    answer = client.audio.transcriptions.create(model="whisper-1", file=recording)
    assert strangers(answer) == []
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == 24
    text = client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="text")
    assert text == answer.text + "\n"
    verbose = client.audio.transcriptions.create(
        model="whisper-1",
        file=recording,
        response_format="verbose_json",
        language="de",
        timestamp_granularities=["word", "segment"],
    )
    assert strangers(verbose) == ["answer.task"]  # which the service sends, and the client's type lacks
    assert (verbose.language, verbose.duration) == ("german", pytest.approx(SECONDS, abs=0.01))
    assert "".join(each.text for each in verbose.segments).strip() == verbose.text.strip()
    assert [each.word for each in verbose.words] == verbose.text.split()
    times = [time for each in verbose.words for time in (each.start, each.end)]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(SECONDS, abs=0.01)


def test_subtitles(client, recording):
    srt = client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="srt")
    assert re.match(r"1\n00:00:00,000 --> 00:00:\d\d,\d{3}\n\w", srt)
    vtt = client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="vtt")
    assert re.match(r"WEBVTT\n\n00:00:00\.000 --> 00:00:\d\d\.\d{3}\n\w", vtt)


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe"])
def test_streamed_transcription(client, recording, model):
    plain = client.audio.transcriptions.create(model=model, file=recording)
    assert strangers(plain) == []
    assert plain.usage.input_token_details.audio_tokens == 240
    events = list(client.audio.transcriptions.create(model=model, file=recording, stream=True))
    assert [strangers(event) for event in events] == [[]] * len(events)
    assert {event.type for event in events[:-1]} == {"transcript.text.delta"}
    done = events[-1]
    assert done.type == "transcript.text.done"
    assert "".join(event.delta for event in events[:-1]) == done.text == plain.text
    assert done.usage.output_tokens == len(events) - 1 == plain.usage.output_tokens


def test_logprobs(client, recording):
    ask = {"model": "gpt-4o-transcribe", "file": recording, "include": ["logprobs"]}
    plain = client.audio.transcriptions.create(**ask)
    assert "".join(each.token for each in plain.logprobs) == plain.text
    assert all(each.logprob <= 0 for each in plain.logprobs)
    *deltas, done = client.audio.transcriptions.create(**ask, stream=True)
    assert [event.logprobs[0].token for event in deltas] == [each.token for each in done.logprobs]


def test_speakers(client, recording):
    ask = {"model": "gpt-4o-transcribe-diarize", "file": recording, "chunking_strategy": "auto"}
    answer = client.audio.transcriptions.create(**ask, response_format="diarized_json")
    assert strangers(answer) == []
    assert {each.speaker for each in answer.segments} == {"A", "B"}
    *parts, done = client.audio.transcriptions.create(**ask, response_format="diarized_json", stream=True)
    assert [part.model_dump() for part in parts] == [each.model_dump() for each in answer.segments]
    assert done.text == answer.text


def test_translation(client, recording):
    with pytest.deprecated_call():
        answer = client.audio.translations.create(model="whisper-1", file=recording)
    assert strangers(answer) == []
    with pytest.deprecated_call():
        verbose = client.audio.translations.create(model="whisper-1", file=recording, response_format="verbose_json")
    assert strangers(verbose) == ["answer.task"]
    assert verbose.text == answer.text
    assert verbose.language == "english"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"file": ("a.txt", b"hello")}, "file"),
        ({"file": ("a.wav", b"no wave")}, "file"),
        ({"file": ("a.mp3", b"")}, "file"),
        ({"response_format": "srt", "model": "gpt-4o-transcribe"}, "response_format"),
        ({"response_format": "yaml"}, "response_format"),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities"),
        ({"timestamp_granularities": ["year"], "response_format": "verbose_json"}, "timestamp_granularities[0]"),
        ({"temperature": 2}, "temperature"),
        ({"language": "klingon"}, "language"),
        ({"chunking_strategy": "never"}, "chunking_strategy"),
        ({"include": ["logprobs"]}, "include"),
    ],
)
def test_refused_recordings(client, recording, fields, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(**{"model": "whisper-1", "file": recording, **fields})
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"voice": "hal"}, "voice"),
        ({"speed": 5}, "speed"),
        ({"response_format": "midi"}, "response_format"),
        ({"stream_format": "sse"}, "stream_format"),
        ({"instructions": "Shout."}, "instructions"),
    ],
)
def test_refused_speech(client, fields, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(**{"model": "tts-1", "input": "Hi", "voice": "alloy", **fields})
    assert caught.value.param == param
