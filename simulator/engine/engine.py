"""The engine: a request and an address in, an immutable plan out.

Pure: no clock, no environment, no file, no socket, no randomness of its own. Two engines of one
configuration give the same plan for the same request and address, on any machine.
"""

from collections.abc import Callable, Mapping, Sequence

from simulator.config.catalogue import ModelCard
from simulator.config.resolve import EffectiveModel, aliases, known_models, unknown
from simulator.config.schema import Config
from simulator.engine.bounds import output_limit
from simulator.engine.circumstances import CALM, Candidate, Circumstances
from simulator.engine.composer import Composer, Forms, key_of
from simulator.engine.content.embedding import Embedder
from simulator.engine.content.prose import Prose
from simulator.engine.content.stop import cut
from simulator.engine.content.thinking import after, thought
from simulator.engine.errors import (
    EngineRefusal,
    UnknownModel,
    WrongDimensions,
    WrongKind,
)
from simulator.engine.faults.pipeline import Pipeline
from simulator.engine.faults.striking import Met, beyond, meet, steps_of
from simulator.engine.memo import Memo
from simulator.engine.model import Model, varies
from simulator.engine.plan import Address, Answer, Choice, Embedded, Fault, Finish, Plan, Synthetic, Usage
from simulator.engine.prompt_cache import Warm, warmed
from simulator.engine.request import Operation, Request
from simulator.engine.saying import Saying, answer_of
from simulator.engine.seeds import Draws, Purpose, SeedTree, digest_of, free, id_bits
from simulator.engine.tokens import Tokenizer, load, prompt_tokens

EPOCH = 1_767_225_600
"""2026-01-01: where the creation times of deterministic answers begin."""
YEAR = 31_536_000
WRITTEN = frozenset({Operation.CHAT, Operation.COMPLETION})
VECTORS = frozenset({Operation.EMBEDDING, Operation.RERANK})
SYNTHETIC = frozenset({Operation.MODERATION, Operation.IMAGE, Operation.SPEECH})
DIMENSIONS = 1_536
"""Of embeddings whose model's card names no size."""
UNIT = 2.0**-64
NOTHING = Synthetic(bytes(32), Usage(0, 0), 0)
"""The outcome of what needs no plan."""
STRANGERS = 256
"""How many models that no card knows are kept ready."""
KIND = {
    Operation.CHAT: "chat",
    Operation.COUNT: "chat",
    Operation.TOKENIZE: "chat",
    Operation.COMPLETION: "completion",
    Operation.EMBEDDING: "embedding",
    Operation.RERANK: "rerank",
    Operation.MODERATION: "moderation",
    Operation.IMAGE: "image",
    Operation.SPEECH: "speech",
    Operation.TRANSCRIPTION: "transcription",
}
"""The kind of model that an operation needs."""


class Engine:
    """Plans answers for every model of a configuration.

    One engine serves one thread: it moves its one `Draws` from address to address.
    """

    def __init__(
        self,
        config: Config,
        catalogue: Mapping[str, ModelCard],
        load_tokenizer: Callable[..., Tokenizer] = load,
        like: "Engine | None" = None,
    ) -> None:
        """Raises ValueError where `simulation.seed` is null: whoever starts the engine draws a seed.

        `like` is an engine whose tables of text may be shared; that makes another one in a tenth of the time.
        """
        simulation = config.simulation
        if simulation.seed is None:
            raise ValueError("the engine needs a seed; one is drawn when configuration is loaded")
        self.config = config
        self.seeds = SeedTree(simulation.seed)
        self.embedder = Embedder(simulation.seed)
        self._draws = Draws()
        self._memo = Memo()
        self._composer = Composer(self.seeds.content_key)
        self._free = not simulation.deterministic
        self._scale = 0.0 if simulation.latency == "none" else simulation.latency_scale
        self._exact = config.models.tokenizer == "exact"
        self.plain = Pipeline(config.errors)
        """The errors of requests that no model is asked for."""
        self._load = load_tokenizer
        self._prose: dict[str, Prose] = {} if like is None else like._prose  # noqa: SLF001 - of the same class
        self.effective = known_models(config, catalogue)
        self.models = {name: self._make(name, effective) for name, effective in self.effective.items()}
        self.varies = varies(config, self.effective)
        """Whether any model's delays depend on the load or on the time."""
        self.aliases = aliases(config, catalogue)
        for alias, name in self.aliases.items():
            self.models[alias] = self.models[name]
        self._strangers: dict[str, Model] = {}
        self._allow_unknown = config.models.allow_unknown or config.compat.contract

    def meet(self, digest: bytes, address: Address, candidates: Sequence[Candidate]) -> Met:
        """What a request meets that is answered without a plan; `digest` stands for it. Plain errors come first."""
        key, sequence = self.seeds.conditions(digest, address)
        if self.plain.active:
            self._draws.move(key, Purpose.FAULT, sequence)
            fault = self.plain.decide(self._draws.uniforms(self.plain.draws).tolist())
            if fault is not None:
                return Met(NOTHING, fault, (), ())
        return meet(self._draws, (key, sequence, address.key is not None), candidates, NOTHING, address.retry)

    def fit(self, request: Request) -> Model:
        """The model that a request is for. Raises an `EngineRefusal` if there is none, or it is another's."""
        model = self.models.get(request.model) or self._unknown(request.model)
        card = model.card
        if (card.provider != request.provider or card.kind != KIND[request.operation]) and not self._allow_unknown:
            raise self._unfit(request, card)
        return model

    def plan(
        self,
        request: Request,
        address: Address,
        now: int = 0,
        *,
        faultless: bool = False,
        warm: Warm | None = None,
        saying: Saying | None = None,
        circumstances: Circumstances = CALM,
        digest: bytes | None = None,
    ) -> Plan:
        """The whole response to a request that arrives at an address; one without a fault if asked for.

        `warm` tells what of the prompt is in the prompt cache: it is counted, and need not be prefilled. `saying` is
        what is said, or fails, in place of what the engine would choose. `circumstances` bring the configured failures
        that are for the request, and the fleet's load. `digest` is the request's, where somebody has it. `now` is the
        wall clock in Unix seconds; only answers that configuration frees from determinism read it. Raises an
        `EngineRefusal` for what no model could answer.
        """
        model = self.fit(request)
        card = model.card
        if digest is None:
            digest = digest_of(request)
        if saying is None:
            asked, outcome = self._memo.get(digest) or self._content(request, model, digest, address, now)
        else:
            faultless = True
            asked, outcome = self._said(saying, request, model, digest, address, now)
        if warm is not None and isinstance(outcome, Answer):
            outcome = warmed(outcome, warm)
            asked -= outcome.usage.cached_tokens
        fault = self._fault(model, digest, address) if model.faults.active and not faultless else None
        if saying is not None:
            fault = saying.fault
        met: Met | None = None
        if circumstances.candidates and fault is None:
            where = (*self.seeds.conditions(digest, address), address.key is not None)
            met = meet(self._draws, where, circumstances.candidates, outcome, address.retry)
            outcome = met.outcome
            fault = None if met.fault is None else beyond(met.fault, card.context_window, asked)
        offsets: list[float] = []
        if fault is None and not model.timeline.instant:
            steps = steps_of(outcome)
            offsets = model.timeline.fixed(steps, asked) or self._drawn(model, steps, asked, digest, address)
            if model.timeline.varies:
                offsets = model.timeline.stretched(offsets, circumstances.load, circumstances.age)
        return Plan(
            address,
            digest,
            model.shown,
            fault or outcome,
            offsets,
            self.seeds.request_bits(address),
            model.id_prefix,
            () if met is None else met.disturbances,
            () if met is None else met.names,
        )

    def _drawn(self, model: Model, steps: int, asked: int, digest: bytes, address: Address) -> list[float]:
        key, sequence = self.seeds.conditions(digest, address)
        self._draws.move(key, Purpose.LATENCY, sequence)
        offsets: list[float] = model.timeline.offsets(self._draws.uniforms(steps), asked).tolist()
        return offsets

    def _fault(self, model: Model, digest: bytes, address: Address) -> Fault | None:
        key, sequence = self.seeds.conditions(digest, address)
        self._draws.move(key, Purpose.FAULT, sequence)
        return model.faults.decide(self._draws.uniforms(model.faults.draws).tolist())

    def _content(
        self, request: Request, model: Model, digest: bytes, address: Address, now: int
    ) -> tuple[int, Answer | Embedded | Synthetic]:
        """The prompt's size and what is said; the same for the same request, unless configuration frees it."""
        formed = bool(request.tools) or request.format.kind != "text"
        key = digest
        if formed:
            key = key_of(digest, request)
            kept = self._memo.get(key)
            if kept is not None:
                return kept
        asked = prompt_tokens(request, model.card, model.tokenizer)
        limit = output_limit(request, model, asked)
        if request.operation in VECTORS:
            return asked, self._embed(request, model, asked)
        if request.operation in SYNTHETIC:
            return asked, self._synthetic(digest, address, now, asked)
        if request.operation is Operation.TOKENIZE:
            pieces = tuple(model.tokenizer.pieces("".join(request.inputs)))
            return asked, Answer((Choice(pieces, Finish.STOP),), Usage(asked, 0), digest, 0)
        forms = self._composer.read(request) if formed else None
        if request.operation is Operation.COUNT:
            return asked, Answer(choices=(), usage=Usage(asked, 0), id_bits=digest, created=0)
        answer = self._answer(request, model, digest, address, now, asked, limit, forms)
        if not self._free:
            self._memo.keep(key, asked, answer)
        return asked, answer

    def _said(
        self, saying: Saying, request: Request, model: Model, digest: bytes, address: Address, now: int
    ) -> tuple[int, Answer | Embedded | Synthetic]:
        """The prompt's size and an answer in words that were chosen elsewhere; of what is no text, the usual one."""
        if request.operation not in WRITTEN:
            return self._content(request, model, digest, address, now)
        asked = prompt_tokens(request, model.card, model.tokenizer)
        limit = output_limit(request, model, asked)
        words = self.seeds.content(free(digest, address) if self._free else digest)
        created = now if self._free else EPOCH + words[4] % YEAR
        return asked, answer_of(saying, request, model.tokenizer, asked, limit, (id_bits(words), created))

    def _answer(
        self,
        request: Request,
        model: Model,
        digest: bytes,
        address: Address,
        now: int,
        asked: int,
        limit: int,
        forms: Forms | None,
    ) -> Answer:
        seeds = self.seeds
        what = free(digest, address) if self._free else digest
        words = seeds.content(what)
        created = now if self._free else EPOCH + words[4] % YEAR
        target = model.card.reasoning if request.reasoning is None else request.reasoning
        if target and request.operation is Operation.CHAT:
            return self._considered(request, model, what, asked, limit, forms, target, created)
        if forms is not None and (formed := forms.choices(what, model.tokenizer, limit)) is not None:
            return Answer(formed[0], Usage(asked, formed[1]), id_bits(words), created)
        choices = [self._choice(model, request.stop, limit, words[5], words[6])]
        written = len(choices[0].pieces)
        for index in range(1, request.choices * max(1, len(request.inputs))):
            size, start = seeds.content(what, index)[5:7]
            choices.append(self._choice(model, request.stop, limit, size, start))
            written += len(choices[index].pieces)
        return Answer(tuple(choices), Usage(asked, written), id_bits(words), created)

    def _considered(
        self,
        request: Request,
        model: Model,
        what: bytes,
        asked: int,
        limit: int,
        forms: Forms | None,
        target: int,
        created: int,
    ) -> Answer:
        """An answer before which the model thinks; both together keep the limit."""
        words = [self.seeds.content(what, index) for index in range(request.choices)]
        thoughts = [thought(model.prose, word[7], target, limit) for word in words]
        thinking = sum(map(len, thoughts))
        rest = limit - max(map(len, thoughts))
        formed = forms.choices(what, model.tokenizer, rest) if forms is not None and rest else None
        said: list[Choice | None]
        if formed is not None:
            said = list(formed[0])
            written = formed[1]
        else:
            said = [
                self._choice(model, request.stop, limit - len(before), word[5], word[6])
                if len(before) < limit
                else None
                for word, before in zip(words, thoughts, strict=True)
            ]
            written = sum([len(choice.pieces) for choice in said if choice is not None])
        choices = tuple([after(before, choice) for before, choice in zip(thoughts, said, strict=True)])
        usage = Usage(asked, written + thinking, reasoning_tokens=thinking)
        return Answer(choices, usage, id_bits(words[0]), created)

    def _choice(self, model: Model, stops: tuple[str, ...], limit: int, size: int, start: int) -> Choice:
        length = model.length
        pieces = model.prose.stretch(start, length.draw(size * UNIT), length.most)
        finish = Finish.STOP
        if len(pieces) > limit:
            pieces = pieces[:limit]
            finish = Finish.LENGTH
        if stops:
            pieces, found = cut(pieces, stops)
            if found is not None:
                return Choice(pieces, Finish.STOP_SEQUENCE, found)
        return Choice(pieces, finish)

    def _synthetic(self, digest: bytes, address: Address, now: int, asked: int) -> Synthetic:
        words = self.seeds.content(free(digest, address) if self._free else digest)
        return Synthetic(id_bits(words), Usage(asked, 0), now if self._free else EPOCH + words[4] % YEAR)

    def _embed(self, request: Request, model: Model, asked: int) -> Embedded:
        full = model.card.dimensions or DIMENSIONS
        dimensions = request.dimensions or full
        if dimensions != full and not model.card.shortenable:
            raise WrongDimensions(request.model, None, dimensions)
        if dimensions > full:
            raise WrongDimensions(request.model, full, dimensions)
        vectors = tuple([self.embedder.embed(text, dimensions, full) for text in request.inputs])
        return Embedded(vectors, dimensions, Usage(asked, 0))

    def _unfit(self, request: Request, card: ModelCard) -> EngineRefusal:
        """Why a model does not serve a request."""
        if card.provider != request.provider:
            return UnknownModel(request.model)
        return WrongKind(request.model, card.kind, KIND[request.operation])

    def _unknown(self, name: str) -> Model:
        """A model that no card knows."""
        if not self._allow_unknown:
            raise UnknownModel(name)
        stranger = self._strangers.get(name)
        if stranger is not None:
            return stranger
        effective = unknown(self.config, name)
        if not effective.enabled:
            raise UnknownModel(name)
        if len(self._strangers) >= STRANGERS:
            self._strangers.clear()
        model = self._strangers[name] = self._make(name, effective)
        return model

    def _make(self, name: str, effective: EffectiveModel) -> Model:
        tokenizer = self._load(effective.card.tokenizer, exact=self._exact)
        prose = self._prose.get(tokenizer.name)
        if prose is None:
            prose = self._prose[tokenizer.name] = Prose(tokenizer)
        return Model(name, effective, tokenizer, prose, scale=self._scale)
