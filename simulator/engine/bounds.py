"""How much a model reads and writes at the most. Pure."""

from simulator.engine.errors import ContextExceeded, OutputExceeded
from simulator.engine.model import Model
from simulator.engine.request import Operation, Request


def output_limit(request: Request, model: Model, asked: int) -> int:
    """The most tokens of an answer to a prompt of `asked` tokens.

    Raises ContextExceeded for a prompt that the model does not take, OutputExceeded for more than it ever writes.
    """
    card = model.card
    if asked > card.context_window and not _fit_alone(request, model):
        raise ContextExceeded(request.model, card.context_window, asked)
    limit = card.max_output_tokens or card.context_window
    room = min(limit, max(1, card.context_window - asked))
    if request.max_tokens is None:
        return room
    if request.max_tokens > limit:
        raise OutputExceeded(request.model, limit, request.max_tokens)
    return min(room, request.max_tokens)


def _fit_alone(request: Request, model: Model) -> bool:
    """Whether each text of a request for vectors fits into the window; a reranker cuts its documents by itself."""
    if request.operation is not Operation.EMBEDDING:
        return request.operation is Operation.RERANK
    counted = request.token_inputs or [()] * len(request.inputs)
    sizes = [len(ids) or model.tokenizer.count(text) for text, ids in zip(request.inputs, counted, strict=True)]
    return max(sizes) <= model.card.context_window
