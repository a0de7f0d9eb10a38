"""The official Gemini client, strict about every response: a field that its types do not know is an error."""

import contextlib
import copy

from google import genai
from google.genai import _common, types

FLASH, OLD, EMBEDDER = "gemini-3.8-flash", "gemini-2.5-flash", "gemini-embedding-001"
KEY = "simulated-key-1"


class UnknownFieldError(AssertionError):
    """A response has a field that the client would drop without a word."""


DROP = _common._remove_extra_fields
"""What the client does with fields that it does not know."""


def refuse(model, response):
    """Raise where the client would drop."""
    before = copy.copy(response)
    DROP(model, response)
    dropped = before.keys() - response.keys()
    # The client itself puts the whole of a model where only a tuned one says more of itself.
    if dropped and model is not types.TunedModelInfo:
        raise UnknownFieldError(f"{model.__name__} has no {sorted(dropped)}")


OPEN = []
"""The strict clients that are open; they need not be closed in the order of their opening."""


@contextlib.contextmanager
def strict():
    """While any such context lasts, every client raises `UnknownFieldError`."""
    OPEN.append(None)
    _common._remove_extra_fields = refuse
    try:
        yield
    finally:
        OPEN.pop()
        if not OPEN:
            _common._remove_extra_fields = DROP


@contextlib.contextmanager
def gemini(url, version=None, **settings):
    """A client of the simulator at `url`; of the API version that it calls by itself unless another is given."""
    options = {"base_url": url, **({} if version is None else {"api_version": version}), **settings}
    with strict(), genai.Client(api_key=KEY, http_options=options) as client:
        yield client


@contextlib.asynccontextmanager
async def gemini_aio(url):
    """The asynchronous client, for one event loop."""
    with gemini(url) as client:
        async with client.aio as there:
            yield there
