"""How well a tool fits what was asked. Pure.

Points for words that a request shares with a tool: most for the tool's name, some for its description and its
parameters. Words are compared without their endings, and by topic where a small table knows several languages' words
for one. Where a request is in a language that a tool is not described in, what it offers for the tool's required
parameters counts instead.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from simulator.engine.content.structured.listing import listed
from simulator.engine.request import Tool

ENOUGH: Final = 2
"""Points from which a tool fits."""
_NAME: Final = 3
_ACTION: Final = 2
_WORD: Final = 1

_WORDS: Final = re.compile(r"[^\W\d_]+")
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
_LONGEST: Final = 2_000

_SILENT: Final = listed(
    "get fetch list show find lookup retrieve query check set do run make tool function api call use using",
    "used given data information info value values result results return returns current currently specific",
    "based provided user users name names the a an and or of to in on for with from by is are be this that it",
    "its as at if your you can will what which who when where how please me my i we want need would like",
    "could about into not no all any some one new number string text input output example e g eg such etc via",
    "per more most other also then perform performs provides allow allows item items object type",
)
"""Words that say nothing about what a tool is for."""
_ACTIONS: Final = listed(
    "search book send create add delete remove update convert translate schedule cancel calculate compute",
    "multiply divide subtract sum order buy sell pay play stop start open close write read summarize move",
    "rename turn reserve remind email invite post publish upload download extract classify analyze record",
    "save submit log count compare execute evaluate browse transfer track rate",
)
_TOPICS: Final = (
    "weather forecast temperature rain sunny snow umbrella wetter clima météo погода 天气 天気 날씨 الطقس मौसम อากาศ",
    "time clock uhrzeit hora heure 时间 時間 시간 время الوقت",
    "flight flights fly airline plane flug vuelo vol volo рейс 航班 机票 フライト 항공편 رحلة",
    "hotel hotels accommodation room lodging stay отель 酒店 ホテル 호텔 فندق",
    "restaurant table dinner lunch reservation tisch mesa ресторан 餐厅 レストラン 식당 مطعم",
    "book reserve booking buche reserva réserve забронируй 预订 予約 예약 احجز",
    "email mail correo courriel 邮件 メール 이메일 بريد",
    "calculate calculator compute math arithmetic sum multiply divide plus minus times berechne calcula 计算 計算 계산",
    "translate translation übersetze traduce traduis перевод переведи 翻译 翻訳 번역 ترجم",
    "search look google web internet suche busca cherche найди 搜索 検索 검색 ابحث",
    "stock share ticker price quote aktie acción börse 股票 株価 주식",
    "news headlines nachrichten noticias actualités новости 新闻 ニュース 뉴스 أخبار",
    "currency exchange convert dollar dollars euro euros usd eur gbp yen währung moneda 汇率 為替 환율",
    "order orders bestellung pedido commande заказ 订单 注文 주문 طلب",
    "remind reminder erinnere recordatorio rappel напомни 提醒 リマインド 알림",
    "calendar meeting appointment event schedule termin reunión réunion встреча 会议 会議 회의 اجتماع",
    "music song play playlist lied canción chanson песня 音乐 音楽 음악",
    "train trains rail zug tren 火车 列車 電車 기차 поезд",
    "file document folder datei archivo fichier файл 文件 ファイル 파일",
    "map route direction directions distance navigate weg ruta itinéraire маршрут 路线 道順 길",
    "population inhabitants einwohner población habitants население 人口 인구",
)
_LATIN_FOREIGN: Final = listed(
    "wie ist das der die und ein eine für nach bitte mir es qué que cuál el la los las una por para está hace",
    "quel quelle le les des est une pour dans il fait qual o os um uma em como che lo gli per è sono wat het",
    "een van hur är det",
)
_ENGLISH: Final = listed(
    "the is are what what's how of and to for with please can you me tell a an i my book find get show"
)


def stem(word: str) -> str:
    """A word in lower case without its English ending."""
    word = word.casefold()
    for ending, least in (("ing", 6), ("ied", 5), ("ies", 5), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and word.isascii() and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending in {"ied", "ies"} else "")
            break
    return word.rstrip("e") if len(word) > 4 and word.isascii() else word


_TOPIC_OF: Final = {stem(word): number for number, topic in enumerate(_TOPICS) for word in topic.split()}
_UNSPACED: Final = tuple(
    [(word, number) for word, number in _TOPIC_OF.items() if not word.isascii() and word[0] > "\u0590"]
)
_SILENT_STEMS: Final = frozenset([stem(word) for word in _SILENT])
_ACTION_STEMS: Final = frozenset([stem(word) for word in _ACTIONS])


@dataclass(frozen=True, slots=True)
class Profile:
    """What a tool is about: points by word and by topic."""

    words: dict[str, int]
    topics: dict[int, int]


@lru_cache(maxsize=512)
def _profile(name: str, description: str, parameters: tuple[str, ...]) -> Profile:
    words: dict[str, int] = {}
    for text, points in (
        (description[:_LONGEST], _WORD),
        (" ".join(parameters)[:_LONGEST], _WORD),
        (name[:200], _NAME),
    ):
        for word in _PARTS.findall(text):
            stemmed = stem(word)
            if stemmed in _SILENT_STEMS or (len(stemmed) < 3 and stemmed.isascii()):
                continue
            worth = min(points, _ACTION) if stemmed in _ACTION_STEMS else points
            words[stemmed] = max(words.get(stemmed, 0), worth)
    topics: dict[int, int] = {}
    for word, points in words.items():
        topic = _TOPIC_OF.get(word)
        if topic is not None:
            topics[topic] = max(topics.get(topic, 0), points, _ACTION)
    return Profile(words, topics)


def profile_of(tool: Tool) -> Profile:
    """What a tool is about, from its name, its description and the names of its parameters."""
    properties = tool.schema.get("properties") if tool.schema else None
    return _profile(tool.name, tool.description, tuple(properties) if isinstance(properties, dict) else ())


@dataclass(frozen=True, slots=True)
class Asked:
    """The words and topics of a request. `foreign` says that it does not look like English."""

    words: frozenset[str]
    topics: frozenset[int]
    foreign: bool


def asked_of(text: str) -> Asked:
    """What a text asks about."""
    text = text[:_LONGEST]
    found = [word.casefold() for word in _WORDS.findall(text)]
    stems = frozenset([stem(word) for word in found])
    topics = {_TOPIC_OF[word] for word in stems if word in _TOPIC_OF}
    if not text.isascii():
        folded = text.casefold()
        topics.update([number for word, number in _UNSPACED if word in folded])
    beyond = any(ord(character) > 0x24F and character.isalpha() for character in text)
    told = set(found)
    foreign = (beyond or not told.isdisjoint(_LATIN_FOREIGN)) and told.isdisjoint(_ENGLISH - {"a"})
    return Asked(stems - _SILENT_STEMS, frozenset(topics), foreign)


def points(profile: Profile, asked: Asked) -> int:
    """How well a tool fits; from `ENOUGH` on it does."""
    words = profile.words
    score = sum([words[word] for word in asked.words if word in words])
    by_topic = [worth for topic, worth in profile.topics.items() if topic in asked.topics]
    return max(score, score + max(by_topic) - 1) if by_topic else score
