"""What is cited really stands in what was sent, in a whole message and in a stream."""

import base64
import json
import zlib

import pytest
from anthropic_wire import answered, ask, call_of, events_in, planned, refusal_of
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Address, Answer, Choice, Finish, Plan, Usage
from simulator.providers.anthropic import citing
from simulator.providers.anthropic.messages import Messages
from simulator.providers.anthropic.pdf import page_texts

MESSAGES = Messages()
ON = {"enabled": True}
TEXT = "The grass is green. The sky is blue.\nWater costs 1.5 a litre! Nobody knows why"


def text_document(data=TEXT, **more):
    source = {"type": "text", "media_type": "text/plain", "data": data}
    return {"type": "document", "source": source, "citations": ON, **more}


def block_document(*texts, **more):
    content = [{"type": "text", "text": text} for text in texts]
    return {"type": "document", "source": {"type": "content", "content": content}, "citations": ON, **more}


def search_result(*texts, **more):
    content = [{"type": "text", "text": text} for text in texts]
    return {"type": "search_result", "source": "https://a", "title": "A", "content": content, "citations": ON, **more}


def pdf(*pages, packed=True):
    """A PDF as far as anything looks at it here."""
    objects = b""
    for page in pages:
        content = f"BT /F1 12 Tf 72 700 Td ({page}) Tj ET".encode()
        content = zlib.compress(content) if packed else content
        objects += b"<< /Type /Page >>\n<< /Length %d >>\nstream\n%b\nendstream\n" % (len(content), content)
    return b"%PDF-1.4\n" + objects


def pdf_document(*pages, **more):
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(pdf(*pages)).decode()}
    return {"type": "document", "source": source, "citations": ON, **more}


def asking(*blocks, question="What color is the sky?"):
    return [{"role": "user", "content": [*blocks, {"type": "text", "text": question}]}]


def citations_in(message):
    return [citation for block in message.content for citation in block.citations or ()]


def test_plain_text_is_cited_by_characters() -> None:
    message = ask(messages=asking(text_document(title="Nature")))
    cited = citations_in(message)
    assert cited
    for citation in cited:
        assert (citation.type, citation.document_index, citation.document_title) == ("char_location", 0, "Nature")
        assert TEXT[citation.start_char_index : citation.end_char_index] == citation.cited_text
    assert cited[0].cited_text == "The sky is blue.\n"
    assert {citation.cited_text for citation in cited} <= {
        "The grass is green. ",
        "The sky is blue.\n",
        "Water costs 1.5 a litre! ",
        "Nobody knows why",
    }
    assert (
        "".join(block.text for block in message.content)
        == planned(call_of(messages=asking(text_document(title="Nature")))).outcome.choices[0].text
    )


def test_blocks_are_cited_whole() -> None:
    texts = ["The grass is green", "The sky is blue"]
    cited = citations_in(ask(messages=asking(text_document("x"), block_document(*texts))))
    (first, *_) = cited
    assert (first.type, first.document_index) == ("content_block_location", 1)
    assert first.cited_text == "".join(texts[first.start_block_index : first.end_block_index]) == texts[1]
    single = {"type": "document", "source": {"type": "content", "content": "All of it."}, "citations": ON}
    assert citations_in(ask(messages=asking(single)))[0].cited_text == "All of it."


def test_a_pdf_is_cited_by_pages() -> None:
    pages = ["The grass is green.", "The sky is \\(mostly\\) blue. It was."]
    for citation in citations_in(ask(messages=asking(pdf_document(*pages)))):
        assert citation.type == "page_location"
        assert citation.end_page_number == citation.start_page_number + 1
        plain = pages[citation.start_page_number - 1].replace("\\", "")
        assert citation.cited_text.strip() in plain
    scan = pdf_document()
    assert citations_in(ask(messages=asking(scan))) == []


def test_search_results_are_counted_by_themselves() -> None:
    results = [search_result("Grass."), search_result("Soil.", "The sky is blue.", title="B")]
    use = {"type": "tool_use", "id": "t", "name": "find", "input": {}}
    messages = [
        *asking(text_document()),
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": results}]},
        *asking(),
    ]
    found = [each for each in citations_in(ask(messages=messages)) if each.type == "search_result_location"]
    best = found[0]
    assert (best.search_result_index, best.title, best.source) == (1, "B", "https://a")
    assert (best.cited_text, best.start_block_index, best.end_block_index) == ("The sky is blue.", 1, 2)


def test_the_events_of_a_cited_text() -> None:
    call = call_of(messages=asking(block_document("The sky is blue")))
    stream = MESSAGES.stream(call, planned(call))
    events = events_in(stream.frames(0, stream.steps))
    assert events[1]["content_block"] == {"type": "text", "text": "", "citations": []}
    assert events[2]["type"] == "ping"
    assert events[3]["delta"]["type"] == "citations_delta"
    assert events[3]["delta"]["citation"]["cited_text"] == "The sky is blue"
    assert events[4]["delta"]["type"] == "text_delta"
    starts = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    assert ["citations" in block for block in starts] == [place % 2 == 0 for place in range(len(starts))]


def test_without_citations_the_text_is_one_block() -> None:
    off = text_document()
    del off["citations"]
    whole = ask(messages=asking(off))
    assert [block.citations for block in whole.content] == [None]
    disabled = ask(messages=asking(text_document(citations={"enabled": False})))
    assert disabled == whole
    remote = {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}, "citations": ON}
    assert [block.citations for block in ask(messages=asking(remote)).content] == [None]


def test_what_does_not_go_together() -> None:
    mixed = asking(text_document(), text_document(citations=None))
    assert refusal_of(messages=mixed) == "Citations must be enabled on all or none of the documents within a request."
    results = asking(search_result("a"), search_result("b", citations={"enabled": False}))
    assert "search results" in refusal_of(messages=results)
    form = {"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}}
    assert "structured outputs" in refusal_of(messages=asking(text_document()), output_config=form)
    wrong = text_document(citations={"enabled": "yes"})
    assert refusal_of(messages=asking(wrong)).startswith("messages.0.content.0.document.citations.enabled: ")


def test_the_answer_can_be_handed_back() -> None:
    """A blank block would be refused: none is made, whatever the text."""
    first = asking(text_document())
    message = ask(messages=first)
    content = [block.model_dump(exclude_none=True) for block in message.content]
    turns = [*first, {"role": "assistant", "content": content}, *asking()]
    assert ask(messages=turns).content


words = st.sampled_from(["word", " ", ".", "\n\n", " Go", "!", "", "… ", "?"])


@settings(max_examples=80)
@given(st.lists(words, max_size=40), st.lists(st.text(max_size=12), max_size=5))
def test_any_text_keeps_its_steps(pieces, texts) -> None:
    call = call_of(messages=asking(block_document(*(text for text in texts if text.strip())), text_document("A. B.")))
    choice = Choice(tuple(pieces), Finish.STOP)
    answer = Answer((choice,), Usage(1, len(pieces)), bytes(range(32)), 0)
    message = answered(call, Plan(Address(1, 0, 0, 0), b"d" * 16, "m", answer, (), bytes(16)))
    assert "".join(block.text for block in message.content) == "".join(pieces)
    if "".join(pieces).strip():
        assert all(block.text.strip() for block in message.content)
        assert message.content[0].citations


@given(st.text(), st.text(max_size=30))
def test_passages_stand_in_their_document(text, question) -> None:
    body = call_of(messages=asking(text_document(text or "x"), question=f"{question} ?")).echo
    for passage in citing.passages_of(body):
        start, end = passage.place["start_char_index"], passage.place["end_char_index"]
        assert (text or "x")[start:end] == passage.text
        assert passage.text.strip()


def test_large_documents_are_looked_at_in_part() -> None:
    many = text_document("A sentence. " * 100_000)
    passages = citing.passages_of(call_of(messages=asking(*[many] * 6)).echo)
    assert len(passages) == citing.MOST
    long = citing.passages_of(call_of(messages=asking(text_document("a" * 100_000))).echo)
    assert [len(passage.text) for passage in long] == [citing.LONGEST_SENTENCE]
    assert citing.passages_of(call_of(messages=asking(block_document("a" * 100_000))).echo) == []
    quoted = call_of(messages=asking(*[block_document("a" * 20_000)] * 20), max_tokens=2000)
    size = sum(len(json.dumps(each.model_dump())) for each in citations_in(answered(quoted)))
    assert size < 200_000


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (pdf("One.", "Two."), ["One.", "Two."]),
        (pdf("One.", packed=False), ["One."]),
        (b"stream\nBT [(Hel) -20 (lo)] TJ T* <576f726c64> Tj ET\nendstream", ["Hello World"]),
        (b"stream\nBT (a\\101\\n\\)\\\nb) Tj ET", ["aA )b"]),
        (b"stream\nno text\nendstream", []),
        (b"stream\nBT (\x80\x81\x82\x83) Tj ET\nendstream", []),
        (b"", []),
        (b"stream\n" * 1000, []),
    ],
)
def test_the_text_of_a_pdf(data, texts) -> None:
    assert page_texts(data) == texts


@given(st.binary(max_size=200))
def test_any_bytes_have_text_or_none(data) -> None:
    assert isinstance(page_texts(b"%PDF stream\nBT Tj " + data), list)
    assert isinstance(page_texts(b"stream\n" + zlib.compress(b"BT Tj " + data)), list)


def test_a_small_file_does_not_unpack_to_a_large_one() -> None:
    bomb = b"stream\n" + zlib.compress(b"BT (" + b"a" * 50_000_000 + b") Tj ET") + b"\nendstream\n"
    assert sum(map(len, page_texts(bomb * 20))) < 10_000_000
