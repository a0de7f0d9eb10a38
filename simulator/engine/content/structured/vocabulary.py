"""The words that made-up values are taken from, by what a field asks for. Pure data.

Plain and harmless: real places, ordinary names, no brands. Fields in other scripts take their words from the lists of
that script where there is one.
"""

from typing import Final

FIRST_NAMES: Final = (
    "Amara", "Ben", "Chloe", "Daniel", "Elena", "Farid", "Grace", "Hana", "Ivan", "Julia", "Kenji", "Lina", "Mateo",
    "Nora", "Omar", "Priya", "Rosa", "Samuel", "Tara", "Victor",
)  # fmt: skip
LAST_NAMES: Final = (
    "Alvarez", "Bauer", "Chen", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jensen", "Kowalski",
    "Lopez", "Moreau", "Novak", "Okafor", "Patel", "Rossi", "Silva", "Tanaka", "Weber",
)  # fmt: skip
CITIES: Final = (
    "Lisbon", "Toronto", "Nairobi", "Kyoto", "Oslo", "Buenos Aires", "Vienna", "Melbourne", "Seoul", "Chicago",
    "Prague", "Cape Town", "Montreal", "Porto", "Denver", "Hanoi",
)  # fmt: skip
COUNTRIES: Final = (
    "Portugal", "Canada", "Kenya", "Japan", "Norway", "Argentina", "Austria", "Australia", "South Korea", "Brazil",
    "Czechia", "South Africa",
)  # fmt: skip
COUNTRY_CODES: Final = ("PT", "CA", "KE", "JP", "NO", "AR", "AT", "AU", "KR", "BR", "CZ", "ZA")
STATES: Final = ("Oregon", "Ontario", "Bavaria", "Victoria", "Catalonia", "Hokkaido", "Texas", "Tuscany")
STREETS: Final = (
    "12 Maple Street",
    "48 Harbour Road",
    "7 Station Square",
    "230 Park Avenue",
    "5 Mill Lane",
    "91 Hill Road",
)
POSTAL_CODES: Final = ("10115", "94107", "75011", "60614", "28013", "30301")
COMPANIES: Final = (
    "Northgate Traders",
    "Bluebird Labs",
    "Harbour Foods",
    "Cedar Analytics",
    "Meridian Travel",
    "Larkspur Books",
)
TITLES: Final = (
    "Weekly status update", "Plan for the coming quarter", "A short guide to getting started", "Notes from the meeting",
    "Review of the first results", "Ideas for a better routine", "Summary of open questions",
    "Checklist for the launch",
)  # fmt: skip
SENTENCES: Final = (
    "The main points are clear, and the next step is agreed.",
    "It covers the essentials and leaves room for questions.",
    "Everything that was asked for is included.",
    "The details fit together and nothing important is missing.",
    "A simple approach is enough to begin with.",
    "The result is good, with a few things left to improve.",
    "It is easy to follow and can be done in a day.",
    "The figures agree with what was expected.",
)
REASONS: Final = (
    "It fits the request best.",
    "The other options leave out something that was asked for.",
    "It is the simplest choice that meets every condition.",
    "The evidence points in this direction.",
    "It follows from what was said before.",
)
STEPS: Final = (
    "Collect what is needed", "Check the facts", "Compare the options", "Write down the result",
    "Ask for a second opinion", "Agree on the next step",
)  # fmt: skip
SLUGS: Final = ("alpha", "harbor", "maple", "north", "orbit", "river", "signal", "summit", "violet", "willow")
TAGS: Final = (
    "planning", "travel", "research", "support", "design", "finance", "health", "learning", "team", "update",
)  # fmt: skip
CATEGORIES: Final = ("general", "travel", "technology", "finance", "education", "health", "food", "support")
PRODUCTS: Final = (
    "Desk lamp",
    "Travel mug",
    "Notebook",
    "Wireless mouse",
    "Rain jacket",
    "Coffee grinder",
    "Garden chair",
)
COLOURS: Final = ("blue", "green", "red", "yellow", "black", "white", "orange", "purple")
STATUSES: Final = ("active", "pending", "completed", "open", "in progress")
CURRENCIES: Final = ("EUR", "USD", "GBP", "JPY", "CAD", "CHF")
LANGUAGES: Final = ("English", "Spanish", "French", "German", "Japanese", "Portuguese")
LANGUAGE_CODES: Final = ("en", "es", "fr", "de", "ja", "pt")
UNITS: Final = ("kg", "km", "pieces", "hours", "litres")
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
TIMEZONES: Final = ("UTC", "Europe/Lisbon", "America/New_York", "Asia/Tokyo", "Europe/Oslo")
JOBS: Final = ("Engineer", "Teacher", "Designer", "Nurse", "Analyst", "Editor", "Architect", "Cook")
SENTIMENTS: Final = ("positive", "neutral", "negative")
VENUES: Final = ("Blue Harbour", "The Green Table", "Corner Bistro", "Lantern House", "Olive Court", "Cafe Aurora")
FILES: Final = ("report.txt", "notes.md", "data.csv", "summary.pdf", "main.py", "photo.jpg")
QUERIES: Final = (
    "best practices",
    "getting started",
    "recent results",
    "opening hours",
    "user guide",
    "common questions",
)
PHRASES: Final = (
    "clear and simple",
    "as requested",
    "ready to use",
    "a good start",
    "worth a look",
    "well balanced",
    "in short",
)

BY_SCRIPT: Final = {
    "han": ("北京", "上海", "计划", "说明", "结果", "更新", "重点", "建议"),
    "kana": ("東京", "大阪", "さくら", "まとめ", "おすすめ", "ポイント", "お知らせ", "メモ"),
    "hangul": ("서울", "부산", "계획", "설명", "결과", "요약", "안내"),
    "cyrillic": ("Москва", "План", "Описание", "Итог", "Пример", "Заметка", "Совет"),
    "arabic": ("القاهرة", "خطة", "وصف", "نتيجة", "ملخص", "مثال"),
    "hebrew": ("ירושלים", "תכנית", "תיאור", "סיכום", "דוגמה"),
    "greek": ("Αθήνα", "Σχέδιο", "Περιγραφή", "Σύνοψη", "Παράδειγμα"),
    "devanagari": ("दिल्ली", "योजना", "विवरण", "सारांश", "उदाहरण"),
    "thai": ("กรุงเทพ", "แผนงาน", "สรุป", "ตัวอย่าง", "คำอธิบาย"),
}
"""Words for fields named in another script."""
