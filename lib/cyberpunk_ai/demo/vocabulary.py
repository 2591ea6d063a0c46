"""The words of the demo company: where it sells, to whom, through what, and its invented names. No numbers over time live here."""

from __future__ import annotations

REGIONS = ("North America", "EMEA", "APAC", "LATAM")
REGION_SHARES = (0.42, 0.30, 0.20, 0.08)
COUNTRIES = {
    "North America": ("United States", "Canada"),
    "EMEA": ("Germany", "United Kingdom", "France", "Netherlands", "Spain", "Italy", "Sweden", "South Africa"),
    "APAC": ("Japan", "Australia", "India", "Singapore", "South Korea"),
    "LATAM": ("Brazil", "Mexico", "Chile", "Colombia"),
}
HOLIDAY_CALENDARS = {"North America": "US", "EMEA": "DE", "APAC": "JP", "LATAM": "BR"}
"""Lead country of each region, whose public holidays the region keeps."""

DIAL_CODES = {
    "United States": "1", "Canada": "1", "Germany": "49", "United Kingdom": "44", "France": "33", "Netherlands": "31", "Spain": "34",
    "Italy": "39", "Sweden": "46", "South Africa": "27", "Japan": "81", "Australia": "61", "India": "91", "Singapore": "65",
    "South Korea": "82", "Brazil": "55", "Mexico": "52", "Chile": "56", "Colombia": "57",
}  # fmt: skip

SEGMENTS = ("Enterprise", "SMB", "Consumer")
SEGMENT_SHARES = (0.08, 0.27, 0.65)

CHANNELS = ("Web", "Retail", "Mobile", "Partner")
ONLINE = ("Web", "Mobile")
CATEGORIES = ("Electronics", "Furniture", "Office Supplies", "Apparel", "Home & Garden")

CAMPAIGNS = ("Spring Launch", "Summer Sale", "Back to School", "Black Friday")
MARKETING_CHANNELS = ("Email", "Paid Search", "Social", "Display", "Affiliate")
TRAFFIC_SOURCES = ("Organic", "Paid", "Direct", "Referral", "Email")
DEVICES = ("Desktop", "Mobile", "Tablet")

ASSET_TYPES = ("Pump", "Motor", "Compressor", "Conveyor")
SITES = ("Hamburg", "Austin", "Osaka")

SOURCES = ("crm", "erp", "web_analytics", "iot_telemetry", "marketing_ads")
CURRENCY = "USD"

FIRST_NAMES = (
    "Ada", "Akira", "Amara", "Anton", "Beatriz", "Bruno", "Carmen", "Chen", "Clara", "Dario", "Dilara", "Elena", "Elif", "Emeka", "Esra",
    "Farah", "Felix", "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Kaito", "Kira", "Lars", "Leila", "Lucia", "Malik",
    "Maren", "Mateo", "Mina", "Nadia", "Nils", "Noor", "Olga", "Omar", "Paula", "Priya", "Quinn", "Rafael", "Rosa", "Sana", "Sofia",
    "Tariq", "Tessa", "Uma", "Viktor", "Wanda", "Ximena", "Yara", "Yuki", "Zane", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Almeida", "Bauer", "Bianchi", "Castillo", "Chandra", "Dubois", "Eriksen", "Fontaine", "Fujita", "Garcia", "Haas", "Ibarra",
    "Ito", "Jansen", "Kaya", "Keller", "Kowalski", "Laurent", "Lindqvist", "Marek", "Mbeki", "Moreau", "Nakano", "Novak", "Okafor",
    "Osei", "Park", "Pereira", "Quist", "Rao", "Ricci", "Rossi", "Sato", "Schultz", "Silva", "Tanaka", "Teixeira", "Ueda", "Vargas",
    "Vogel", "Weber", "Wong", "Yamada", "Yilmaz", "Zeller",
)  # fmt: skip
COMPANY_FIRST = (
    "Amber", "Axon", "Blue Harbor", "Chrome", "Cobalt", "Delta", "Echo", "Fern", "Glass", "Halcyon", "Indigo", "Juniper", "Kestrel",
    "Lumen", "Meridian", "Nimbus", "Onyx", "Prism", "Quartz", "Raven", "Solstice", "Tidal", "Umbra", "Vector", "Willow", "Zenith",
)  # fmt: skip
COMPANY_SECOND = (
    "Analytics", "Builders", "Clinics", "Dynamics", "Foods", "Freight", "Galleries", "Hotels", "Interiors", "Kitchens", "Labs",
    "Logistics", "Machines", "Networks", "Partners", "Press", "Schools", "Studios", "Systems", "Textiles", "Works",
)  # fmt: skip
