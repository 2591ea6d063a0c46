"""Live events of a demo company: orders, visits and readings that go on where its history ends. Pacing and sending are not done here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.demo.catalogue import PRODUCTS
from cyberpunk_ai.demo.draws import pick, pick_by_group, stream
from cyberpunk_ai.demo.effects.working_campaign import BURSTS
from cyberpunk_ai.demo.machines import readings
from cyberpunk_ai.demo.order_lines import EXTRA_UNITS, LINES_PER_ORDER, SEGMENT_PRICE
from cyberpunk_ai.demo.people import COUNTRY_NAMES
from cyberpunk_ai.demo.purchases import CHANNELS_AT_END, CREDITED_ALWAYS, CREDITED_IN_BURST, MEDIUM_SHARES
from cyberpunk_ai.demo.seasons import HOURS
from cyberpunk_ai.demo.vocabulary import CAMPAIGNS, CHANNELS, CURRENCY, DEVICES, ONLINE, REGIONS, TRAFFIC_SOURCES
from cyberpunk_ai.demo.web import BOUNCE, KNOWN_VISITOR, SOURCE_OF_MEDIUM, SOURCES_OF_BUYERS, SOURCES_OF_VISITORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cyberpunk_ai.demo.company import DemoCompany
    from cyberpunk_ai.demo.draws import FloatArray, IntArray

ORDERS, SESSIONS, TELEMETRY = "orders", "web_sessions", "telemetry"
READING_SHARE = 0.35
BUYING_SHARE = 0.16
"""Share of visits that end in an order at the busiest hour; higher than in history, so that a short demo shows orders."""
REFUND_SHARE = 0.04
NUMBERS_FROM, NUMBERS_PER_SECOND = 10_000_000, 100_000
"""Ids go on behind those of any history, and with the seconds since it ended, so that two runs never share one."""


@dataclass(frozen=True)
class LiveEvent:
    """One event.

    Attributes:
        topic: `orders` (one event per order line), `web_sessions` or `telemetry`.
        key: Order, session or asset: events of one key stay in order.
        value: The canonical columns and `event_id`, JSON-ready.
        due_s: Seconds after the first event at which this one should be sent.
    """

    topic: str
    key: str
    value: dict[str, Any]
    due_s: float


def live_events(company: DemoCompany, rate_per_s: float, seed: int, *, clock: Callable[[], datetime]) -> Iterator[LiveEvent]:
    """Yield live events without end.

    The same company, rate, seed and clock give the same events. Nothing sleeps: the caller sends each event when it is due.

    Args:
        company: Whose events; living customers buy what sells this month, and drifting machines drift on.
        rate_per_s: Events per second, over all topics.
        seed: Seed of the live draws.
        clock: Says what time it is; asked once per event, its answer is the event's timestamp.
    """
    # One block a second keeps what changes slowly (hour of the day, drift) fresh and the draws vectorised.
    block = int(np.clip(rate_per_s, 16, 2048))
    live = _Live(company, stream(seed, "live"), clock)
    sent = 0
    while True:
        for topic, key, value in live.block(block):
            yield LiveEvent(topic, key, value, sent / rate_per_s)
            sent += 1


class _Live:
    """What goes on: the living customers, this month's shelf, the next number, the machine whose turn it is."""

    def __init__(self, company: DemoCompany, rng: np.random.Generator, clock: Callable[[], datetime]) -> None:
        self.company, self.rng, self.clock = company, rng, clock
        people, history = company.people, company.history
        alive = (people.leaves > history.days) & (people.first_order < history.days) & (people.rate > 0.0)
        self.living = np.flatnonzero(alive)
        self.rates = people.rate[self.living]
        self.shelf = company.market.appeal[-1]
        self.price = company.market.price[-1]
        self.unit_cost = company.market.unit_cost[-1]
        self.drifts = {drift.asset: drift for drift in company.effects.drifts}
        elapsed = _naive(clock()) - datetime.combine(company.end, time())
        self.number = company.dimensions.orders + NUMBERS_PER_SECOND * max(int(elapsed.total_seconds()), 0) + NUMBERS_FROM
        self.turn = 0
        self.sold: deque[dict[str, Any]] = deque(maxlen=200)

    def block(self, size: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield what happens in about a second: `size` readings and visits, and the orders that follow from visits."""
        rng, now = self.rng, _naive(self.clock())
        # At night fewer of the events are people; the machines fill the rest.
        busy = float(HOURS[now.hour] / HOURS.max())
        is_reading = rng.random(size) < 1.0 - (1.0 - READING_SHARE) * (0.3 + 0.7 * busy)
        readings_now = self._readings(int(is_reading.sum()), now)
        visits = self._visits(int((~is_reading).sum()), now.date())
        for is_machine in is_reading.tolist():
            yield from next(readings_now) if is_machine else next(visits)

    def _readings(self, count: int, now: datetime) -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
        plant = self.company.plant
        stamp = np.array([now], dtype="datetime64[us]")
        per_machine = -(-count // len(plant))
        shown = [readings(machine, self.drifts.get(machine.asset), np.repeat(stamp, per_machine), self.rng).round(3) for machine in plant]
        for _ in range(count):
            machine = plant[self.turn % len(plant)]
            row = shown[self.turn % len(plant)][(self.turn // len(plant)) % per_machine]
            self.turn += 1
            value = {
                "event_id": f"TM-{self._next()}", "asset": machine.asset, "ts": (moment := self._moment()),
                "vibration_mm_s": float(row[0]), "temperature_c": float(row[1]), "pressure_bar": _or_none(row[2]), "rpm": float(row[3]),
                "source": "iot_telemetry", "updated_at": moment,
            }  # fmt: skip
            yield [(TELEMETRY, machine.asset, value)]

    def _visits(self, count: int, today: date) -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
        rng, people = self.rng, self.company.people
        who = self.living[pick(rng, self.rates, count)]
        buys = rng.random(count) < BUYING_SHARE
        channel = pick_by_group(rng, CHANNELS_AT_END, people.segment[who])
        shares = np.array([_credited(campaign, today) for campaign in CAMPAIGNS])
        campaign = pick(rng, np.append(shares, 1.0 - shares.sum()), count)
        medium = pick_by_group(rng, MEDIUM_SHARES, np.minimum(campaign, len(CAMPAIGNS) - 1))
        source = np.where(buys, pick(rng, SOURCES_OF_BUYERS, count), pick(rng, SOURCES_OF_VISITORS, count))
        source = np.where(campaign < len(CAMPAIGNS), SOURCE_OF_MEDIUM[medium], source)
        device = np.where(channel == CHANNELS.index("Mobile"), 1, pick(rng, (0.6, 0.32, 0.08), count))
        bounced = ~buys & (rng.random(count) < BOUNCE[device])
        pages = np.where(bounced, 1, 2 + rng.poisson(np.where(buys, 6.0, 2.2), count))
        seconds = np.where(bounced, rng.uniform(1.0, 20.0, count), rng.gamma(np.where(buys, 3.0, 1.3), 150.0, count)).round(1)
        known = buys | (rng.random(count) < KNOWN_VISITOR)
        lines = self._lines(who[buys])
        for n in range(count):
            customer, through = int(who[n]), CHANNELS[channel[n]]
            tagged = CAMPAIGNS[campaign[n]] if campaign[n] < len(CAMPAIGNS) and (not buys[n] or through in ONLINE) else None
            order = next(lines) if buys[n] else None
            order_id = f"ORD-{self._next():08d}" if order else None
            events = []
            if order is None or through in ONLINE:
                session = {
                    "event_id": (session_id := f"WS-{self._next()}"), "session_id": session_id, "started_at": (moment := self._moment()),
                    "customer_id": str(people.crm_id[customer]) if known[n] else None, "country": COUNTRY_NAMES[people.country[customer]],
                    "region": REGIONS[people.region[customer]], "traffic_source": TRAFFIC_SOURCES[source[n]], "device": DEVICES[device[n]],
                    "campaign": tagged, "page_views": int(pages[n]), "duration_seconds": float(seconds[n]), "bounced": bool(bounced[n]),
                    "converted": order is not None, "order_id": order_id, "source": "web_analytics", "updated_at": moment,
                }  # fmt: skip
                events.append((SESSIONS, session_id, session))
            if order is not None and order_id is not None:
                events += [(ORDERS, order_id, self._line(order_id, customer, through, tagged, *line)) for line in order]
                if self.rng.random() < REFUND_SHARE:
                    events += self._refund()
            yield events

    def _lines(self, buyers: IntArray) -> Iterator[list[tuple[int, int, float]]]:
        """Yield per buyer the lines of one order: line number, product, quantity."""
        rng, people = self.rng, self.company.people
        count = 1 + pick(rng, LINES_PER_ORDER, len(buyers))
        buyer = np.repeat(buyers, count)
        product = pick_by_group(rng, self.shelf, people.region[buyer])
        quantity = 1.0 + rng.poisson(EXTRA_UNITS[people.segment[buyer]])
        start = 0
        for lines in count.tolist():
            yield [(number + 1, int(product[start + number]), float(quantity[start + number])) for number in range(lines)]
            start += lines

    def _line(
        self, order_id: str, customer: int, channel: str, campaign: str | None, number: int, product: int, quantity: float
    ) -> dict[str, Any]:
        people, item = self.company.people, PRODUCTS[product]
        unit_price = round(float(self.price[people.region[customer], product] * SEGMENT_PRICE[people.segment[customer]]), 2)
        value = {
            "event_id": f"{order_id}-{number}", "order_id": order_id, "line_id": str(number), "ordered_at": (moment := self._moment()),
            "customer_id": str(people.crm_id[customer]), "product_id": item.product_id, "product": item.name, "category": item.category,
            "channel": channel, "campaign": campaign, "country": COUNTRY_NAMES[people.country[customer]],
            "region": REGIONS[people.region[customer]], "quantity": quantity, "unit_price": unit_price,
            "amount": round(quantity * unit_price, 2), "cost": round(quantity * float(self.unit_cost[product]), 2), "is_refund": False,
            "currency": CURRENCY, "source": "erp", "updated_at": moment,
        }  # fmt: skip
        self.sold.append(value)
        return value

    def _refund(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Take back the oldest line that is still remembered, once."""
        sale = self.sold.popleft()
        moment = self._moment()
        taken_back = {name: -sale[name] for name in ("quantity", "amount", "cost")}
        line = f"R{sale['line_id']}"
        identity = {
            "event_id": f"{sale['order_id']}-{line}",
            "line_id": line,
            "is_refund": True,
            "ordered_at": moment,
            "updated_at": moment,
        }
        return [(ORDERS, sale["order_id"], sale | taken_back | identity)]

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _moment(self) -> str:
        return _naive(self.clock()).isoformat(timespec="microseconds")


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _credited(campaign: str, day: date) -> float:
    start, end = BURSTS[campaign]
    return CREDITED_IN_BURST if start <= (day.month, day.day) <= end else CREDITED_ALWAYS


def _or_none(value: FloatArray) -> float | None:
    return None if np.isnan(value) else float(value)
