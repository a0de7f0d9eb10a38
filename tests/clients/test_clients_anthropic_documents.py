"""Documents, citations and files through the official Anthropic client."""

import asyncio
import base64
import io

import anthropic
import pytest
from anthropic.types.file_not_downloadable_error import FileNotDownloadableError
from client_checks import TINY_PNG, strangers, turn

TEXT = "The grass is green. The sky is blue. Water is clear."
ON = {"enabled": True}
QUESTION = {"type": "text", "text": "What color is the sky?"}
ASK = {"model": "claude-haiku-4-5", "max_tokens": 600}
PDF = (
    b"%PDF-1.4\n1 0 obj << /Type /Page >> endobj\n2 0 obj << /Length 60 >>\nstream\n"
    b"BT /F1 12 Tf 72 700 Td (The sky is blue. So it is.) Tj ET\nendstream\nendobj\n"
)


def document(**source):
    return {"type": "document", "source": source, "citations": ON, "title": "Nature"}


TEXT_SOURCE = document(type="text", media_type="text/plain", data=TEXT)
BLOCKS = document(type="content", content=[{"type": "text", "text": part} for part in TEXT.split(". ")])
PDF_SOURCE = document(type="base64", media_type="application/pdf", data=base64.b64encode(PDF).decode())
RESULT = {
    "type": "search_result",
    "source": "https://example.com",
    "title": "Nature",
    "content": [{"type": "text", "text": TEXT}],
    "citations": ON,
}


def cited_in(message):
    assert strangers(message) == []
    return [citation for block in message.content for citation in block.citations or ()]


@pytest.mark.parametrize(
    ("block", "kind", "whole"),
    [
        (TEXT_SOURCE, "char_location", TEXT),
        (BLOCKS, "content_block_location", TEXT),
        (PDF_SOURCE, "page_location", PDF.decode()),
        (RESULT, "search_result_location", TEXT),
    ],
)
def test_citations(claude, block, kind, whole):
    ask = {**ASK, "messages": [turn([block, QUESTION])]}
    message = claude.messages.create(**ask)
    cited = cited_in(message)
    assert cited
    assert {citation.type for citation in cited} == {kind}
    for citation in cited:
        assert citation.cited_text.strip() in whole
    assert "The sky is blue" in cited[0].cited_text
    with claude.messages.stream(**ask) as stream:
        events = list(stream)
        final = stream.get_final_message()
    assert final.model_dump(exclude={"content": {"__all__": {"parsed_output"}}}) == message.model_dump()
    assert [event.citation for event in events if event.type == "citation"] == cited
    assert cited_in(claude.messages.create(**{**ASK, "messages": [*ask["messages"], message.to_param(), turn("?")]}))
    count = claude.messages.count_tokens(model=ask["model"], messages=ask["messages"])
    assert count.input_tokens == message.usage.input_tokens


def test_a_file_from_upload_to_deletion(claude):
    file = claude.files.upload(file=("notes.txt", io.BytesIO(TEXT.encode()), "text/plain"), expires_in_seconds=3600)
    assert strangers(file) == []
    assert (file.filename, file.mime_type, file.size_bytes, file.downloadable) == (
        "notes.txt",
        "text/plain",
        len(TEXT),
        False,
    )
    assert (file.expires_at - file.created_at).total_seconds() == 3600
    assert claude.files.retrieve_metadata(file.id) == file
    assert file in list(claude.files.list(limit=1))
    message = claude.messages.create(**ASK, messages=[turn([document(type="file", file_id=file.id), QUESTION])])
    for citation in cited_in(message):
        assert citation.file_id == file.id
        assert TEXT[citation.start_char_index : citation.end_char_index] == citation.cited_text
    with pytest.raises(FileNotDownloadableError):
        claude.files.download(file.id)
    deleted = claude.files.delete(file.id)
    assert (deleted.id, deleted.type) == (file.id, "file_deleted")
    with pytest.raises(anthropic.NotFoundError, match="File not found"):
        claude.files.retrieve_metadata(file.id)
    with pytest.raises(anthropic.NotFoundError, match="File not found"):
        claude.messages.create(**ASK, messages=[turn([document(type="file", file_id=file.id), QUESTION])])


def test_files_belong_to_their_key(claude, make_anthropic):
    other = make_anthropic(api_key="sk-ant-other")
    file = claude.files.upload(file=("a.txt", b"a", "text/plain"))
    assert file.id not in [each.id for each in other.files.list()]
    with pytest.raises(anthropic.NotFoundError):
        other.files.retrieve_metadata(file.id)
    assert [each.id for each in claude.files.list(ids=[file.id])] == [file.id]


def test_all_files_are_listed_once(make_anthropic):
    client = make_anthropic(api_key="sk-ant-many")
    names = [client.files.upload(file=(f"{number}.txt", b"x", "text/plain")).id for number in range(5)]
    assert [file.id for file in client.files.list(limit=2)] == names[::-1]


def test_images_by_file(claude):
    picture = base64.b64decode(TINY_PNG.partition(",")[2])
    file = claude.beta.files.upload(file=("a.png", picture, "image/png"), betas=["files-api-2025-04-14"])
    assert strangers(file) == []
    image = {"type": "image", "source": {"type": "file", "file_id": file.id}}
    message = claude.messages.create(**ASK, messages=[turn([image, QUESTION])])
    plain = claude.messages.create(**ASK, messages=[turn([QUESTION])])
    assert message.usage.input_tokens - plain.usage.input_tokens == 1
    with pytest.raises(anthropic.BadRequestError, match="Unsupported document file format: image/png"):
        claude.messages.create(**ASK, messages=[turn([document(type="file", file_id=file.id), QUESTION])])


def test_the_prompt_cache_is_counted(claude):
    """A text that is marked is written once and read from then on; a conversation that grows reads what it left."""
    long = [{"type": "text", "text": f"Rule {number}: be kind. " * 800} for number in range(2)]
    ask = {**ASK, "system": long, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    first = claude.messages.create(**ask, messages=[turn("Hello")])
    assert first.usage.cache_read_input_tokens == 0
    written = first.usage.cache_creation_input_tokens
    assert written == first.usage.cache_creation.ephemeral_1h_input_tokens > 4096
    again = claude.messages.create(**ask, messages=[turn("Hello")])
    assert (again.usage.cache_read_input_tokens, again.usage.cache_creation_input_tokens) == (written, 0)
    grown = [turn("Hello"), first.to_param(), turn("Go on")]
    with claude.messages.stream(**ask, messages=grown) as stream:
        usage = stream.get_final_message().usage
    assert usage.cache_read_input_tokens == pytest.approx(written, rel=0.05)
    assert usage.cache_creation_input_tokens > 0


def test_the_async_client(fleet):
    async def ask():
        async with anthropic.AsyncAnthropic(
            base_url=fleet.url, api_key="sk-ant-async", max_retries=0, _strict_response_validation=True
        ) as client:
            file = await client.files.upload(file=("a.txt", TEXT.encode(), "text/plain"))
            found = [each.id async for each in client.files.list()]
            blocks = [document(type="file", file_id=file.id), QUESTION]
            async with client.messages.stream(**ASK, messages=[turn(blocks)]) as stream:
                message = await stream.get_final_message()
        return file, found, message

    file, found, message = asyncio.run(ask())
    assert found == [file.id]
    assert {citation.file_id for citation in cited_in(message)} == {file.id}
