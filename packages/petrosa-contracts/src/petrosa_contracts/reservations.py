"""Reservations: what approved orders take up until the portfolio shows them, as gates and tracker keep it in Redis.

Gates reserve in the same script in which they claim an approval. The tracker settles: once it has published a portfolio
that shows what became of an order (filled, refused, cancelled), it runs `SETTLE` with that portfolio's revision and
the order's decision id. From then on a reservation counts only for gates whose portfolio is of an earlier revision,
and after `SETTLE_SECONDS` for none, since no gate opens anything on a portfolio as old as that by then. So an order is
counted twice by nobody, and by nobody not at all. What is never settled ends when the gate said it would.

This needs of the tracker that revisions only ever grow, also over its restarts, and that it publishes before it
settles. An order filled in part is settled when nothing more can come of it.

All amounts are whole millionths (of a USD, of a base asset, of a unit of leverage), which the numbers of a Lua script
hold exactly up to 2^53. An order is kept as text, `notional leverage opens exiting name`: of an entry, `opens` is 1 if
its position was not open yet, `exiting` is 0 and `name` is the position (`BTCUSDT:LONG`); of an exit, `exiting` is the
quantity on its way out of the symbol `name`, and the first three are 0.
"""

from collections.abc import Iterable
from typing import Final

from petrosa_contracts import rediskeys
from petrosa_contracts.portfolio import SETTLE_SECONDS

KEYS: Final = (
    rediskeys.RESERVED,
    rediskeys.RESERVED_ORDERS,
    rediskeys.RESERVED_SUMS,
    rediskeys.RESERVED_OPENINGS,
    rediskeys.RESERVED_SETTLED,
)
"""The keys of every script that touches reservations, as its first ones and in this order."""

LIBRARY: Final = """
local RESERVED, ORDERS, SUMS, OPENINGS, SETTLED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local AT_ONCE = 100

local function milliseconds()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function parts(order)
  return string.match(order, '^(%d+) (%d+) ([01]) (%d+) (.*)$')
end

local function add(field, sign, amount)
  if amount ~= '0' and redis.call('HINCRBY', SUMS, field, sign .. amount) == 0 then redis.call('HDEL', SUMS, field) end
end

local function count(order, sign)
  local notional, leverage, _, exiting, name = parts(order)
  if exiting ~= '0' then
    add('exit:' .. name, sign, exiting)
  else
    add('notional', sign, notional)
    add('leverage', sign, leverage)
    if redis.call('HINCRBY', OPENINGS, name, sign .. '1') == 0 then redis.call('HDEL', OPENINGS, name) end
  end
end

local function reserve(decision, order, expires)
  if redis.call('HSETNX', ORDERS, decision, order) == 1 then
    redis.call('ZADD', RESERVED, expires, decision)
    count(order, '')
  end
end

local function unreserve(decision)
  local order = redis.call('HGET', ORDERS, decision)
  redis.call('ZREM', RESERVED, decision)
  if order then
    redis.call('HDEL', ORDERS, decision)
    if redis.call('ZREM', SETTLED, decision) == 0 then count(order, '-') end
  end
end

local function end_expired(now)
  for _, decision in ipairs(redis.call('ZRANGEBYSCORE', RESERVED, '-inf', now, 'LIMIT', 0, AT_ONCE)) do
    unreserve(decision)
  end
end
"""
"""Lua functions over the keys. `end_expired` ends at most 100 reservations a call, oldest first: the rest still counts,
which errs on the safe side, and has its turn with the next call."""

SETTLE: Final = (
    LIBRARY
    + """
-- ARGV: revision of the portfolio, how long from now the reservation is still kept (ms), decision ids.
local now = milliseconds()
local settled = 0
for i = 3, #ARGV do
  local order = redis.call('HGET', ORDERS, ARGV[i])
  if order and redis.call('ZADD', SETTLED, 'NX', ARGV[1], ARGV[i]) == 1 then
    count(order, '-')
    redis.call('ZADD', RESERVED, 'XX', now + ARGV[2], ARGV[i])
    settled = settled + 1
  end
end
end_expired(now)
return settled
"""
)
"""The script by which the tracker settles. Returns how many reservations it found; a decision may be named again."""


def settle_arguments(revision: int, decision_ids: Iterable[str]) -> list[str | int]:
    """Return the arguments of `SETTLE` (its keys are `KEYS`) for orders that this revision is the first to show."""
    return [revision, SETTLE_SECONDS * 1000, *decision_ids]
