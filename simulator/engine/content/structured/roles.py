"""What a field asks for, read from its name and description. Pure.

A field's role decides which made-up words suit it and which parts of a conversation may fill it. Names are taken apart
at case changes and separators (`departureCity`, `user_id`); the last part says what it is, the others whose or which.
Names in other languages are looked up as they are, and piece by piece in scripts without spaces.
"""

import enum
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from simulator.engine.content.structured.listing import listed


class Role(enum.StrEnum):
    """The kinds of content that are told apart."""

    TEXT = "text"
    CITY = "city"
    COUNTRY = "country"
    STATE = "state"
    PLACE = "place"
    ADDRESS = "address"
    POSTAL = "postal"
    PERSON = "person"
    FIRST_NAME = "first name"
    LAST_NAME = "last name"
    COMPANY = "company"
    VENUE = "venue"
    PRODUCT = "product"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    FILE = "file"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "date-time"
    DAY = "day"
    MONTH = "month"
    DURATION = "duration"
    TIMEZONE = "timezone"
    TITLE = "title"
    DESCRIPTION = "description"
    REASON = "reason"
    STEP = "step"
    QUERY = "query"
    MESSAGE = "message"
    EXPRESSION = "expression"
    ID = "id"
    CODE = "code"
    CURRENCY = "currency"
    LANGUAGE = "language"
    COLOUR = "colour"
    STATUS = "status"
    CATEGORY = "category"
    TAG = "tag"
    UNIT = "unit"
    JOB = "job"
    SENTIMENT = "sentiment"
    AGE = "age"
    YEAR = "year"
    PRICE = "price"
    COUNT = "count"
    PERCENT = "percent"
    RATING = "rating"
    SCORE = "score"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    TEMPERATURE = "temperature"
    LIMIT = "limit"
    PAGE = "page"
    MEASURE = "measure"


_WORDS: Final[dict[Role, str]] = {
    Role.CITY: "city town ciudad ville stadt cidade città şehir miasto город 城市 都市 市 도시 مدينة πόλη शहर เมือง",
    Role.COUNTRY: "country nation país pays land страна 国家 国 국가 나라 دولة बلد देश ประเทศ",
    Role.STATE: "state province region county",
    Role.PLACE: "location place area destination origin departure arrival source target stop station airport port lugar"
    " lieu ort luogo место 地点 場所 地名 장소 위치 موقع مكان स्थान สถานที่ 出発地 目的地 出发地 출발지 도착지",
    Role.ADDRESS: "address street adresse dirección адрес 地址 住所 주소 عنوان",
    Role.POSTAL: "zip zipcode postal postcode plz",
    Role.PERSON: "name person user customer client guest recipient author contact passenger patient employee assignee"
    " attendee participant people member owner sender nombre nom имя 姓名 名前 氏名 이름 اسم नाम ชื่อ",
    Role.FIRST_NAME: "firstname first given givenname vorname prénom forename",
    Role.LAST_NAME: "lastname last surname family familyname nachname",
    Role.COMPANY: "company organization organisation employer business vendor brand firma empresa",
    Role.VENUE: "restaurant venue hotel cafe bar shop store theater theatre museum restaurante レストラン 餐厅"
    " 餐馆 식당",
    Role.PRODUCT: "product item article goods sku producto produit produkt товар 商品 产品 제품",
    Role.EMAIL: "email mail e-mail correo",
    Role.PHONE: "phone telephone mobile fax tel",
    Role.URL: "url uri link website homepage webpage href site",
    Role.FILE: "file filename path filepath directory folder document",
    Role.DATE: "date deadline birthday due checkin checkout dob fecha datum дата 日期 日付 날짜 تاريخ तारीख วันที่",
    Role.TIME: "time hora heure uhrzeit zeit время 时间 時間 時刻 시간 وقت समय เวลา",
    Role.DATE_TIME: "datetime timestamp created updated at when",
    Role.DAY: "day weekday",
    Role.MONTH: "month",
    Role.DURATION: "duration interval period",
    Role.TIMEZONE: "timezone tz zone",
    Role.TITLE: "title subject headline heading topic theme label caption titel título titre название 标题 題名"
    " タイトル 제목 عنوانه",
    Role.DESCRIPTION: "description summary details overview abstract note notes comment comments text content body bio"
    " paragraph answer review feedback opinion conclusion context background beschreibung descripción описание"
    " 描述 説明"
    " 概要 摘要 설명 요약 وصف ملخص विवरण",
    Role.REASON: "reason reasoning explanation rationale justification evidence thought why grund motivo raison"
    " причина 原因 理由 이유",
    Role.STEP: "step steps task tasks action actions instruction todo goal plan requirement",
    Role.QUERY: "query search keyword keywords term q question prompt pregunta запрос 查询 検索 질문 검색어",
    Role.MESSAGE: "message msg reply response greeting output",
    Role.EXPRESSION: "expression formula equation calculation math",
    Role.ID: "id ids identifier uuid guid key number no num ref reference ticket token",
    Role.CODE: "code symbol ticker iata icao isbn abbreviation",
    Role.CURRENCY: "currency moneda devise währung 通貨 货币",
    Role.LANGUAGE: "language locale lang idioma langue sprache язык 语言 言語 언어",
    Role.COLOUR: "color colour farbe couleur цвет 颜色 色",
    Role.STATUS: "status phase stage",
    Role.CATEGORY: "category type kind genre class group department",
    Role.TAG: "tag tags hashtag labels skill skills interest interests",
    Role.UNIT: "unit units scale einheit",
    Role.JOB: "job occupation profession role position",
    Role.SENTIMENT: "sentiment mood tone emotion",
    Role.AGE: "age alter edad âge возраст 年龄 年齢 나이",
    Role.YEAR: "year jahr año année год 年",
    Role.PRICE: "price cost amount total fee budget salary revenue balance sum subtotal precio preis prix цена"
    " 价格 価格 가격",
    Role.COUNT: "count quantity qty size guests persons seats rooms adults children passengers nights copies servings"
    " quantité anzahl cantidad количество 数量 人数 인원 수량",
    Role.PERCENT: "percent percentage rate discount tax",
    Role.RATING: "rating stars priority level",
    Role.SCORE: "score confidence probability likelihood relevance similarity weighting",
    Role.LATITUDE: "latitude lat",
    Role.LONGITUDE: "longitude lon lng long",
    Role.TEMPERATURE: "temperature temp celsius fahrenheit",
    Role.LIMIT: "limit max top n k maximum minimum min",
    Role.PAGE: "page offset index",
    Role.MEASURE: "weight height width length distance depth radius speed volume minutes hours days seconds"
    " weeks value",
}
_ROLE_OF: Final = {word: role for role, words in _WORDS.items() for word in words.split()}
_FROM: Final = listed("from origin source departure start depart starting begin desde origen de von von出发 sender")
_TO: Final = listed("to destination target arrival end arrive ending hasta destino nach recipient")
_DIRECTED: Final = {"出発地": "from", "出发地": "from", "출발지": "from", "目的地": "to", "도착지": "to"}
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_DESCRIBED: Final = re.compile(r"[^\W\d_]+")
_NAMED: Final = {
    "first": Role.FIRST_NAME,
    "given": Role.FIRST_NAME,
    "last": Role.LAST_NAME,
    "family": Role.LAST_NAME,
    "sur": Role.LAST_NAME,
    "file": Role.FILE,
    "display": Role.PERSON,
    "full": Role.PERSON,
    "middle": Role.FIRST_NAME,
}
_TAKE_ROLE: Final = frozenset({"name", "names", "value", "string", "text", "label", "title"})
"""Last parts of a name that leave it to the part before them what the field is."""
_WEAK: Final = frozenset({Role.TEXT, Role.PERSON, Role.ID, Role.CATEGORY, Role.DATE_TIME, Role.LIMIT})
"""Roles that a whole description is not taken for because of one word in it."""
_STOP: Final = listed("the a an of or and to in on for is be this that with by as e g eg such from at")


@dataclass(frozen=True, slots=True)
class Field:
    """What a property is about. `direction` is `from`, `to` or empty; `script` names the script of its name."""

    name: str
    role: Role
    parts: frozenset[str]
    described: frozenset[str]
    direction: str
    script: str
    owner: str
    """Whose: the part of the name before the last (`order` of `order_id`), or empty."""


@lru_cache(maxsize=4096)
def field_of(name: str, about: str = "") -> Field:
    """The field of a property with that name; `about` is its title and description."""
    parts = [part.lower() for part in _PARTS.findall(name[:200])]
    words = [word.lower() for word in _DESCRIBED.findall(about[:400])]
    role = _role(parts)
    if role in (Role.TEXT, Role.QUERY) and words:
        told = [_known(word) for word in words if word not in _STOP]
        found = next((each for each in told if each is not Role.TEXT and each not in _WEAK), role)
        role = found if role is Role.TEXT else role
    direction = next((_DIRECTED[part] for part in parts if part in _DIRECTED), "")
    if not direction:
        for part in parts:
            direction = direction or ("from" if part in _FROM else "to" if part in _TO else "")
    if direction and len(parts) == 1 and parts[0] in {"from", "to", "start", "end"}:
        role = _from_words(words, parts[0])
    return Field(
        name,
        role,
        frozenset(parts),
        frozenset(words) - _STOP,
        direction,
        script_of(name),
        parts[-2] if len(parts) > 1 else "",
    )


def _from_words(words: list[str], part: str) -> Role:
    if "email" in words or "mail" in words:
        return Role.EMAIL
    for word in words:
        role = _known(word)
        if role in (Role.CITY, Role.COUNTRY, Role.PLACE, Role.DATE, Role.TIME, Role.EMAIL, Role.PERSON, Role.LANGUAGE):
            return role
        if role in (Role.CURRENCY, Role.UNIT):
            return role
    return Role.DATE if part in {"start", "end"} else Role.PLACE


def _known(word: str) -> Role:
    role = _ROLE_OF.get(word)
    if role is None and len(word) > 3 and word.endswith("s"):
        role = _ROLE_OF.get(word[:-1])
        if role is None and word.endswith("ies"):
            role = _ROLE_OF.get(word[:-3] + "y")
    return role or Role.TEXT


def _role(parts: list[str]) -> Role:
    if not parts:
        return Role.TEXT
    role = _of_two(parts[-2], parts[-1]) if len(parts) > 1 else Role.TEXT
    for part in reversed(parts):
        role = _known(part) if role is Role.TEXT else role
    last = parts[-1]
    if role is Role.TEXT and not last.isascii():  # scripts without spaces: the longest known word in the name
        inside = [word for word in _ROLE_OF if not word.isascii() and word in last]
        return _ROLE_OF[max(inside, key=len)] if inside else Role.TEXT
    return role


def _of_two(before: str, last: str) -> Role:
    """The role that the last two parts of a name have together; TEXT where they say no more than each alone."""
    pair = _PAIRS.get((before, last))
    if pair is None and last in _TAKE_ROLE:
        pair = _NAMED.get(before) or _known(before)
    return pair or Role.TEXT


_PAIRS: Final = {
    **{(before, last): Role.PHONE for before in ("phone", "telephone", "mobile") for last in ("number", "no")},
    **{(before, "size"): Role.LIMIT for before in ("page", "batch", "chunk")},
    **{(before, "at"): Role.DATE_TIME for before in ("created", "updated", "start", "end", "published", "sent", "due")},
    **{(before, "time"): Role.TIME for before in ("start", "end")},
    **{(before, "code"): Role.POSTAL for before in ("zip", "postal", "post")},
    ("date", "time"): Role.DATE_TIME,
    ("time", "zone"): Role.TIMEZONE,
    ("currency", "code"): Role.CURRENCY,
    ("language", "code"): Role.LANGUAGE,
    ("country", "code"): Role.COUNTRY,
}


_SCRIPTS: Final = (
    ("kana", 0x3041, 0x30FF),
    ("han", 0x3400, 0x9FFF),
    ("hangul", 0xAC00, 0xD7A3),
    ("cyrillic", 0x400, 0x52F),
    ("greek", 0x370, 0x3FF),
    ("hebrew", 0x590, 0x5FF),
    ("arabic", 0x600, 0x6FF),
    ("devanagari", 0x900, 0x97F),
    ("thai", 0xE00, 0xE7F),
)


def script_of(text: str) -> str:
    """The script of the first character beyond Latin; empty where there is none."""
    if not text.isascii():
        for character in text:
            code = ord(character)
            for name, low, high in _SCRIPTS:
                if low <= code <= high:
                    return name
    return ""
