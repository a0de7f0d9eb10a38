"""Words of grammar in several languages: what stands before a value and what is none. Pure data.

Small lists, enough for requests as people type them; a word that is not in them costs a less fitting value, never an
error.
"""

# ruff: noqa: RUF001 - letters of other scripts are meant

from typing import Final

from simulator.engine.content.structured.listing import listed


def _senses(**words: str) -> dict[str, str]:
    return {word: sense.rstrip("_") for sense, listed in words.items() for word in listed.split()}


PREPOSITIONS: Final = _senses(
    in_="in near within inside around en à au aux dans em no na w v в во bei nel nella",
    at="at @ chez um",
    to="to into towards toward nach zu zum zur hacia hasta vers para till until bis do к на",
    from_="from desde von vom ab de da depuis z из от since starting",
    for_="for für pour por per для za pro",
    of="of about regarding concerning on del du des über sobre sur о об",
    with_="with mit avec con com s с",
    by="by via through durch",
    named="named called titled heißt namens llamado llamada appelé appelée for:",
)
"""A word before a value, and its sense in English. `at` stands for what is visited, `on` for a day or a topic."""

NOT_NAMES: Final = listed(
    "a an the this that these those my your our his her its their i you he she it we they me us them and or",
    "but if then so what whats what's which who whom whose where when why how is are was were be been do does",
    "did can could would should will shall may might must have has had please thanks thank hi hello hey ok",
    "okay yes no not dear find get give show tell look search check fetch list book reserve order buy sell",
    "add create make write send draft schedule set plan remind compare calculate compute convert translate",
    "summarize summarise explain describe call use open close read delete remove update change cancel track",
    "start stop run help need want let i'm i'd i'll i've it's also next first second finally now today",
    "tomorrow tonight yesterday return answer respond using generate extract classify analyze analyse solve",
    "multiply divide subtract sum weather forecast temperature flight flights hotel time date price user",
    "system assistant json email message id number name city country monday tuesday wednesday thursday friday",
    "saturday sunday january february march april june july august september october november december am pm",
    "wie wer wo wann warum welche welches ist sind bitte buche finde zeige gib suche das der die den ein eine",
    "einen ich du wir und oder wetter qué que cuál cual cómo como cuándo dónde quién el la los las un una es",
    "son por favor busca dame reserva muestra quiero necesito clima tiempo quel quelle quels quelles est sont",
    "le les une je tu il nous vous et ou trouve cherche montre réserve donne météo qual quais o os as um uma",
    "é são eu você e какая какой какое какие что где когда как покажи найди закажи погода мне и или я в reply",
    "produce output invite visit travel fly drive walk play pause turn switch ship deliver pay transfer text",
    "ping notify contact ask meet arrange organize organise prepare provide suggest recommend review verify",
    "confirm submit post publish share save store upload download export import log record count estimate",
    "measure draw paint rename move copy merge split sort filter group rank rate evaluate simplify factor",
    "append insert replace assign approve reject enable disable lock unlock hotels restaurants events tickets",
    "trains train lade erstelle berechne übersetze sende schicke traduce envía calcula traduis envoie calcule",
    "celsius fahrenheit kelvin",
)
"""Words that are no name even with a capital: a sentence has to begin with something."""

NO_VALUE: Final = listed(
    "a an the this that these those my your our his her its their me us them it him you all any some each",
    "every least most more less now once moment same order case general particular detail details today",
    "tomorrow tonight yesterday morning afternoon evening night week month year weekend noon midnight what",
    "which who where when how please next last tomorrow's der die das den dem ein eine einen einem meine mein",
    "la el los las un una mi le les des une mon ma example instance help sure me. be do have get find make",
    "use see know go monday tuesday wednesday thursday friday saturday sunday",
)
"""Words after a preposition that are not what is asked about."""

ENDINGS: Final = listed(
    "and or but then please with without in at on for to from of by via near about now today tomorrow tonight",
    "yesterday is are was were be using as if that which who where when i you we they it right this next last",
    "und oder bitte y o por et ou s'il e",
)
"""Words that end a value written without capitals."""

ENDS_A_NAME: Final = listed(
    "i i'm i'd i'll i've please thanks and or but the is are for with what how when where who if monday",
    "tuesday wednesday thursday friday saturday sunday january february march april june july august",
    "september october november december today tomorrow",
)
"""Words that are not part of a name that stands before them, even with a capital."""

BEFORE_PLAIN: Final = listed(
    "in at for to from of about near with by en à nach für para desde into around um bei в на из для named",
    "called",
)
"""Prepositions after which a word without a capital is taken for a value."""

LINKS: Final = listed("de da do dos das del della di du des la le el al von van der den of the y")
"""Lower-case words inside a name: Rio de Janeiro."""

AND: Final = (
    r"(?:\s*(?:,|;|、|،|，|&|\+)\s*(?:and|or)?\s*|\s+(?:and|or|und|oder|y|et|e|и|или|plus|vs\.?|versus)\s+|和|与|및|と)"
)
"""What joins the members of an enumeration."""

RELATIVE_DAYS: Final = {
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "heute": 0, "morgen": 1, "gestern": -1, "hoy": 0,
    "mañana": 1, "ayer": -1, "aujourd'hui": 0, "demain": 1, "hier": -1, "hoje": 0, "amanhã": 1, "ontem": -1, "oggi": 0,
    "domani": 1, "сегодня": 0, "завтра": 1, "вчера": -1, "今日": 0, "明日": 1, "昨日": -1, "今天": 0, "明天": 1,
    "昨天": -1,
    "오늘": 0, "내일": 1, "어제": -1, "اليوم": 0, "غدا": 1, "غدًا": 1,
}  # fmt: skip

NUMBER_WORDS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "zwei": 2, "drei": 3,
    "vier": 4,
    "fünf": 5, "sechs": 6, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5,
}  # fmt: skip

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip

PARTICLES: Final = {
    "kana": (
        r"から|まで|での|では|には|での|です|ます|ください|教えて|の|は|が|を|に|で|へ|と|も|か|や|？|どう|何",
        {"から": "from", "まで": "to", "へ": "to", "に": "to", "で": "in", "の": "in"},
    ),
    "hangul": (
        r"(?:에서|부터|까지|으로|에게|의|에|로|은|는|이|가|을|를|와|과)(?=\s|$|[?？.!,])",
        {"에서": "from", "부터": "from", "까지": "to", "으로": "to", "로": "to", "의": "in", "에": "in"},
    ),
}
"""Particles that follow a value, and their senses."""

CHINESE: Final = (
    r"怎么样|怎么|什么|多少|如何|请问|帮我|查询|查一下|告诉|预订|预定|我想|我要|需要|可以|天气|机票|航班|的|在|从|從|到|去|飞|是|吗|呢|了|我|想|要|请|帮|查|给|把|和|与|跟|有|订|张|个|今天|明天|昨天|后天",
    {"在": "in", "从": "from", "從": "from", "到": "to", "去": "to", "飞": "to", "给": "to"},
)
"""Function words between values, and the senses of those that stand before one."""

ARABIC: Final = {"في": "in", "من": "from", "إلى": "to", "الى": "to", "عن": "of", "مع": "with", "لـ": "for"}
HINDI: Final = {"में": "in", "से": "from", "तक": "to", "का": "in", "के": "in", "की": "in", "को": "to"}
THAI: Final = (
    r"ใน|จาก|ไป|ที่|ถึง|อากาศ|เป็น|อย่างไร|ยังไง|วันนี้|พรุ่งนี้|ช่วย|หา|เที่ยวบิน",
    {"ใน": "in", "ที่": "in", "จาก": "from", "ไป": "to", "ถึง": "to"},
)
HEBREW: Final = {"ב": "in"}
