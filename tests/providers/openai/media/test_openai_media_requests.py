"""What requests for pictures and sounds mean, and that any body gets an answer or a 4xx."""

import json

import pytest
from desk import MemoryDesk
from forms import HEADERS, field, file, form
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Address, Answer, Plan, Synthetic, Usage
from simulator.providers.openai import OpenAI
from simulator.providers.openai.media.endpoints import endpoints
from simulator.providers.openai.media.image_models import Family, family_of, picture_tokens, size_of
from simulator.providers.openai.media.pictures import Picture
from simulator.providers.openai.media.sounds import wav

PROVIDER = OpenAI()
DESK = MemoryDesk(PROVIDER)
GENERATIONS, EDITS, VARIATIONS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS = endpoints(128)
PICTURE = file("image", "a.png", Picture(bytes(16), 64, 64).drawn(), "image/png")
SOUND = file("file", "a.wav", wav(48_000, b""))
GENERATION = {"model": "gpt-image-2", "prompt": "a cat"}
SAID = {"model": "tts-1", "input": "hello", "voice": "alloy"}
FORMS = {
    EDITS: ([PICTURE], {"model": "gpt-image-2", "prompt": "a cat"}),
    VARIATIONS: ([PICTURE], {}),
    TRANSCRIPTIONS: ([SOUND], {"model": "whisper-1"}),
    TRANSLATIONS: ([SOUND], {"model": "whisper-1"}),
}
BODIES = {GENERATIONS: GENERATION, SPEECH: SAID}

FIELDS = [
    "prompt",
    "model",
    "n",
    "size",
    "quality",
    "stream",
    "background",
    "user",
    "input",
    "voice",
    "speed",
    "response_format",
    "language",
    "include[]",
    "temperature",
    "timestamp_granularities[]",
    "languages[]",
    "chunking_strategy",
    "keywords",
    "image[",
    "file[a]",
    "[]",
    "svg[model]",
]


def asked(endpoint, fields=None, files=None, body=None):
    """The reply to a body that fits the endpoint, but for these fields; None leaves a field out."""
    headers = {b"host": b"127.0.0.1:8080"}
    if endpoint in FORMS:
        parts, base = FORMS[endpoint]
        given = {**base, **(fields or {})}
        made = [field(name, value) for name, value in given.items() if value is not None]
        whole = form(*(parts if files is None else files), *made)
        headers = HEADERS
    else:
        given = {**BODIES[endpoint], **(fields or {})}
        whole = json.dumps({name: value for name, value in given.items() if value is not None}).encode()
    return DESK.ask("POST", endpoint.path, whole if body is None else body, headers=headers)


def error_of(reply):
    assert 400 <= reply.status < 500, reply.body
    return json.loads(reply.body)["error"]


@pytest.mark.parametrize("endpoint", [*FORMS, *BODIES], ids=lambda endpoint: endpoint.label)
def test_the_plain_request_is_answered(endpoint):
    assert asked(endpoint).status == 200


@pytest.mark.parametrize(
    ("endpoint", "fields", "param"),
    [
        (GENERATIONS, {"prompt": None}, "prompt"),
        (GENERATIONS, {"prompt": ""}, "prompt"),
        (GENERATIONS, {"prompt": 1}, "prompt"),
        (GENERATIONS, {"prompt": "x" * 32_001}, "prompt"),
        (GENERATIONS, {"model": None}, None),
        (GENERATIONS, {"model": []}, "model"),
        (GENERATIONS, {"n": 0}, "n"),
        (GENERATIONS, {"n": 10**400}, "n"),
        (GENERATIONS, {"size": "64x"}, "size"),
        (GENERATIONS, {"size": "1x1"}, "size"),
        (GENERATIONS, {"size": "0x16"}, "size"),
        (GENERATIONS, {"size": "99999x99999"}, "size"),
        (GENERATIONS, {"size": "4096x2048"}, "size"),
        (GENERATIONS, {"size": "3840x3840"}, "size"),
        (GENERATIONS, {"size": "3200x16"}, "size"),
        (GENERATIONS, {"size": "٣٢x16"}, "size"),
        (GENERATIONS, {"size": 16}, "size"),
        (GENERATIONS, {"quality": "best"}, "quality"),
        (GENERATIONS, {"partial_images": 2}, "partial_images"),
        (GENERATIONS, {"partial_images": 4, "stream": True}, "partial_images"),
        (GENERATIONS, {"output_compression": 50}, "output_compression"),
        (GENERATIONS, {"output_format": "gif"}, "output_format"),
        (GENERATIONS, {"svg": {"model": "x"}}, "svg"),
        (GENERATIONS, {"frame_count": 4}, "frame_count"),
        (GENERATIONS, {"style": "vivid"}, "style"),
        (GENERATIONS, {"mood": 1}, "mood"),
        (GENERATIONS, {"model": "dall-e-2", "style": "vivid"}, "style"),
        (GENERATIONS, {"model": "dall-e-2", "stream": True}, "stream"),
        (EDITS, {"prompt": None}, "prompt"),
        (EDITS, {"n": "many"}, "n"),
        (EDITS, {"stream": "perhaps"}, "stream"),
        (EDITS, {"mood": "good"}, "mood"),
        (EDITS, {"model": "dall-e-3", "size": "256x256"}, "size"),
        (EDITS, {"prompt": b"\xff"}, "prompt"),
        (VARIATIONS, {"model": "gpt-image-2"}, "model"),
        (VARIATIONS, {"size": "auto"}, "size"),
        (SPEECH, {"input": None}, "input"),
        (SPEECH, {"voice": None}, "voice"),
        (SPEECH, {"voice": {}}, "voice.id"),
        (SPEECH, {"voice": 3}, "voice"),
        (SPEECH, {"speed": 0}, "speed"),
        (SPEECH, {"speed": "fast"}, "speed"),
        (TRANSCRIPTIONS, {"model": None}, None),
        (TRANSCRIPTIONS, {"temperature": "NaN"}, "temperature"),
        (TRANSCRIPTIONS, {"chunking_strategy[type]": "none"}, "chunking_strategy"),
        (TRANSCRIPTIONS, {"chunking_strategy": "[" * 10_000}, "chunking_strategy"),
        (TRANSCRIPTIONS, {"keywords[]": "x" * 40_000}, "keywords[0]"),
        (TRANSCRIPTIONS, {"known_speaker_names[]": "Ann"}, "known_speaker_names"),
        (TRANSCRIPTIONS, {"model": "gpt-4o-transcribe-diarize", "prompt": "x"}, "prompt"),
        (
            TRANSCRIPTIONS,
            {"model": "gpt-4o-transcribe-diarize", "known_speaker_names": "A"},
            "known_speaker_references",
        ),
        (TRANSLATIONS, {"model": "gpt-4o-transcribe"}, "model"),
        (TRANSLATIONS, {"response_format": "diarized_json"}, "response_format"),
    ],
)
def test_refusals_name_the_field(endpoint, fields, param):
    reply = asked(endpoint, fields)
    assert (reply.status, error_of(reply)["param"]) == (400, param)


@pytest.mark.parametrize(
    ("endpoint", "files", "param"),
    [
        (EDITS, [], "image"),
        (EDITS, [PICTURE] * 17, "image"),
        (EDITS, [file("image", "a.png", b"", "image/png")], "image"),
        (EDITS, [PICTURE, file("mask", "m.png", b"GIF89a", "image/png")], "mask"),
        (EDITS, [PICTURE, file("markup", "m.png", Picture(bytes(16), 64, 32).drawn(), "image/png")], "markup"),
        (VARIATIONS, [file("image", "a.png", Picture(bytes(16), 64, 32).drawn(), "image/png")], "image"),
        (VARIATIONS, [file("image", "a.jpg", Picture(bytes(16), 64, 64, "jpeg").drawn(), "image/png")], "image"),
        (TRANSCRIPTIONS, [], "file"),
        (TRANSLATIONS, [field("file", "hello")], "file"),
    ],
)
def test_refused_files(endpoint, files, param):
    assert error_of(asked(endpoint, files=files))["param"] == param


@pytest.mark.parametrize("endpoint", FORMS, ids=lambda endpoint: endpoint.label)
@pytest.mark.parametrize("body", [b"", b"{}", b"--bnd--\r\n", b"--bnd\r\n\r\n--bnd--", form(PICTURE)[:60]])
def test_broken_forms(endpoint, body):
    assert asked(endpoint, body=body).status == 400


@settings(max_examples=80)
@given(
    st.sampled_from([*FORMS, *BODIES]),
    st.dictionaries(
        st.sampled_from(FIELDS),
        st.one_of(st.none(), st.text(max_size=12), st.integers(), st.sampled_from(["true", "null", "1e999", "json"])),
        max_size=4,
    ),
)
def test_any_fields_are_answered_or_refused(endpoint, fields):
    reply = asked(endpoint, {name: value for name, value in fields.items() if "\ud800" not in str(value)})
    assert reply.status < 500, reply.body
    if reply.status >= 400:
        assert json.loads(reply.body)["error"]["message"]


def test_a_large_recording_is_too_large():
    body = form(file("file", "a.mp3", bytes(25 * 1024 * 1024 + 1)), field("model", "whisper-1"))
    reply = DESK.ask("POST", TRANSCRIPTIONS.path, body, headers=HEADERS)
    assert reply.status == 413
    assert "26214400" in error_of(reply)["message"]


def test_a_long_recording_is_too_long_for_models_that_count():
    sound = file("file", "a.mp3", b"\xff\xfb" + bytes(16_000 * 1_401))
    assert error_of(asked(TRANSCRIPTIONS, {"model": "gpt-4o-transcribe"}, [sound]))["param"] == "file"
    assert asked(TRANSCRIPTIONS, files=[sound]).status == 200


def test_what_counts_for_the_answer():
    """Transport changes nothing, content does."""

    def digest(endpoint, fields=None, files=None):
        parts, base = FORMS[endpoint]
        body = form(*(files or parts), *[field(name, value) for name, value in {**base, **(fields or {})}.items()])
        return endpoint.decode(body, HEADERS).request

    assert digest(EDITS) == digest(EDITS, {"stream": "true", "n": "3", "user": "me"})
    other = file("image", "a.png", Picture(bytes([1] * 16), 64, 64).drawn(), "image/png")
    assert digest(EDITS) != digest(EDITS, files=[other])
    assert digest(EDITS) != digest(EDITS, {"size": "256x256"})
    assert digest(TRANSCRIPTIONS) == digest(TRANSCRIPTIONS, {"response_format": "srt"})
    assert digest(TRANSCRIPTIONS) != digest(TRANSCRIPTIONS, {"language": "de"})
    assert digest(TRANSCRIPTIONS) != digest(TRANSLATIONS)


@pytest.mark.parametrize(
    ("host", "begins"),
    [
        (b"127.0.0.1:8080", "http://127.0.0.1:8080/v1/images/pictures/img-"),
        (b"[::1]:80", "http://[::1]:80/v1/"),
        (b"sim.example.org", "http://sim.example.org/v1/"),
        (b'x"><script>', "http://localhost/v1/"),
        (b"a b", "http://localhost/v1/"),
        (b"\xff", "http://localhost/v1/"),
        (b"", "http://localhost/v1/"),
    ],
)
def test_urls_are_of_the_host_that_was_asked(host, begins):
    body = json.dumps({"model": "dall-e-2", "prompt": "x"}).encode()
    reply = DESK.ask("POST", GENERATIONS.path, body, headers={b"host": host})
    url = json.loads(reply.body)["data"][0]["url"]
    assert url.startswith(begins)
    secure = DESK.ask("POST", GENERATIONS.path, body, headers={b"host": host, b"x-forwarded-proto": b"https"})
    assert json.loads(secure.body)["data"][0]["url"] == url.replace("http:", "https:")
    shown = DESK.ask("GET", "/v1/images/pictures/{name}", parameters={"name": url.rpartition("/")[2]})
    assert (shown.status, shown.body[:4]) == (200, b"\x89PNG")


def test_no_such_picture():
    reply = DESK.ask("GET", "/v1/images/pictures/{name}", parameters={"name": "../../etc/passwd"})
    assert reply.status == 404


def test_streams_are_pure():
    body = form(SOUND, field("model", "gpt-4o-transcribe"), field("stream", "true"))
    call = TRANSCRIPTIONS.decode(body, HEADERS)
    stream = TRANSCRIPTIONS.stream(call, DESK.plan(call))
    whole = stream.frames(0, stream.steps)
    assert stream.steps > 3
    for cut in range(stream.steps + 1):
        assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == whole


def test_families_and_prices():
    assert [family_of(name) for name in ("dall-e-2", "dall-e-3", "gpt-image-1.5", "chatgpt-image-latest")] == [
        Family.DALL_E_2,
        Family.DALL_E_3,
        Family.GPT_1,
        Family.GPT_1,
    ]
    assert {family_of(name) for name in ("gpt-image-2", "gpt-image-2.6-flare", "mine")} == {Family.GPT_2}
    assert picture_tokens((1024, 1536), "high") == 6240
    assert picture_tokens((2048, 1024), "low") == 544
    assert picture_tokens((16, 16), "low") == 1
    assert size_of("3840x2160", Family.GPT_2) == (3840, 2160)


@pytest.mark.parametrize("endpoint", [*FORMS, *BODIES], ids=lambda endpoint: endpoint.label)
def test_only_the_planned_kind_is_encoded(endpoint):
    base = FORMS.get(endpoint)
    body = (
        json.dumps(BODIES[endpoint]).encode()
        if base is None
        else form(*base[0], *[field(*one) for one in base[1].items()])
    )
    call = endpoint.decode(body, HEADERS)
    other = Answer((), Usage(0, 0), bytes(32), 0)
    if endpoint in {TRANSCRIPTIONS, TRANSLATIONS}:
        other = Synthetic(bytes(32), Usage(0, 0), 0)
    with pytest.raises(TypeError):
        endpoint.reply(call, Plan(Address(1, 0, 0, 0), b"", "m", other, (), bytes(16)))


def test_translations_are_not_streamed():
    with pytest.raises(NotImplementedError):
        TRANSLATIONS.stream(None, None)
