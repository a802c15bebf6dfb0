"""The ledger's scripts: how claims are written for them, and how their answers are read."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from cio_decision.context import Reserved
from cio_decision.headroom import LARGEST, MILLION
from cio_decision.reservation import Entry, Reservation
from cio_nurse.ports import DUPLICATE_WINDOW, Claim, ClaimAnswer
from petrosa_contracts import rediskeys, reservations

_KEEP_TRADES = timedelta(days=3)
_GRANTED, _TAKEN = 0, 1
_NO_LIMIT = -1


class Script:
    """A script and the digest under which Redis keeps it once it has seen it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


CLAIM = Script(
    reservations.LIBRARY
    + f"""
local LARGEST = {LARGEST}
-- KEYS[6]: the day's trades; KEYS[7..]: one identity per claim.
-- ARGV: identity lifetime (ms), trades lifetime (s), reservation lifetime (ms; 0 if no claim reserves), then per claim:
--   decision id, limit (or -1), number of scopes, the limited scope first,
--   its order as it is kept (or empty), and with an order the revision of the portfolio that it was judged by, then
--     of an entry: notional, leverage and positions left (or -1), 1 if it may add to a position that is on its way,
--       the names of open positions, each between line ends;
--     of an exit: quantity left (or -1).
"""
    + """
local unseen_of = {}
local function unseen(revision)
  if not unseen_of[revision] then
    local orders = {}
    for _, decision in ipairs(redis.call('ZRANGEBYSCORE', SETTLED, '(' .. revision, '+inf')) do
      orders[#orders + 1] = redis.call('HGET', ORDERS, decision) or nil
    end
    unseen_of[revision] = orders
  end
  return unseen_of[revision]
end

local function within(left, value)
  left = tonumber(left)
  return left < 0 or value <= left
end

-- Each returns what is on its way beside an order, whether the order fits and is to be reserved, and where its
-- arguments end.
local function judge_entry(order, at)
  local own_notional, own_leverage, opens, _, own_name = parts(order)
  local open = ARGV[at + 5]
  local sums = redis.call('HMGET', SUMS, 'notional', 'leverage')
  local notional, leverage = tonumber(sums[1] or '0'), tonumber(sums[2] or '0')
  local openings, positions = {}, 0
  for _, name in ipairs(redis.call('HKEYS', OPENINGS)) do openings[name] = true end
  for _, other in ipairs(unseen(ARGV[at])) do
    local its_notional, its_leverage, _, exiting, name = parts(other)
    if exiting == '0' then
      notional, leverage = notional + its_notional, leverage + its_leverage
      openings[name] = true
    end
  end
  for name in pairs(openings) do
    if name ~= own_name and not string.find(open, '\\n' .. name .. '\\n', 1, true) then positions = positions + 1 end
  end
  local fits = within(ARGV[at + 1], notional + own_notional) and within(ARGV[at + 2], leverage + own_leverage)
    and (opens == '0' or within(ARGV[at + 3], positions + 1)) and (ARGV[at + 4] == '1' or not openings[own_name])
  return {notional, leverage, positions, openings[own_name] and 1 or 0, 0}, fits, true, at + 5
end

local function judge_exit(order, at)
  local _, _, _, own, symbol = parts(order)
  local counted = tonumber(redis.call('HGET', SUMS, 'exit:' .. symbol) or '0')
  local exiting = counted
  for _, other in ipairs(unseen(ARGV[at])) do
    local _, _, _, quantity, name = parts(other)
    if name == symbol then exiting = exiting + quantity end
  end
  -- Beyond LARGEST more would not be exact, and nothing fits beside it anyway.
  return {0, 0, 0, 0, exiting}, within(ARGV[at + 1], exiting + own), counted < LARGEST, at + 1
end

local function judge(order, at)
  local _, _, _, exiting = parts(order)
  return (exiting == '0' and judge_entry or judge_exit)(order, at)
end

local now, expires
if ARGV[3] ~= '0' then
  now = milliseconds()
  expires = now + ARGV[3]
  end_expired(now)
end
local answers, at, nothing = {}, 4, {}
for i = 7, #KEYS do
  local decision, limit, scopes = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local order = ARGV[at + 3 + scopes]
  local beside, fits, reserves, last = nothing, true, false, at + 3 + scopes
  if order ~= '' then beside, fits, reserves, last = judge(order, at + 4 + scopes) end
  local holder = redis.call('GET', KEYS[i])
  local trades = 0
  if scopes > 0 then trades = tonumber(redis.call('HGET', KEYS[6], ARGV[at + 3]) or '0') end
  local outcome = 0
  if holder then
    outcome = 1
    if holder == decision and reserves then reserve(decision, order, expires) end
  elseif limit >= 0 and trades >= limit then
    outcome = 2
  elseif not fits then
    outcome = 3
  else
    redis.call('SET', KEYS[i], decision, 'PX', ARGV[1])
    for scope = at + 3, at + 2 + scopes do redis.call('HINCRBY', KEYS[6], ARGV[scope], 1) end
    if scopes > 0 then redis.call('EXPIRE', KEYS[6], ARGV[2]) end
    if reserves then reserve(decision, order, expires) end
  end
  answers[#answers + 1] = {outcome, holder or '', trades, unpack(beside)}
  at = last + 1
end
return answers
"""
)

RELEASE = Script(
    reservations.LIBRARY
    + """
-- KEYS as for a claim; ARGV: per claim its decision id, 1 if it reserved something, number of scopes, scopes.
-- Only what the decision itself holds is undone.
local at = 1
for i = 7, #KEYS do
  local scopes = tonumber(ARGV[at + 2])
  if redis.call('GET', KEYS[i]) == ARGV[at] then
    redis.call('DEL', KEYS[i])
    for scope = at + 3, at + 2 + scopes do redis.call('HINCRBY', KEYS[6], ARGV[scope], -1) end
  end
  if ARGV[at + 1] == '1' then unreserve(ARGV[at]) end
  at = at + 3 + scopes
end
return 0
"""
)


def keys_of(claims: Sequence[Claim], day: date) -> list[str]:
    """Return the keys of either script."""
    identities = (rediskeys.ledger_identity(claim.identity) for claim in claims)
    return [*reservations.KEYS, rediskeys.ledger_trades(day), *identities]


def claim_arguments(claims: Sequence[Claim], reservation_seconds: float) -> list[str | int]:
    """Return the arguments of `CLAIM`."""
    reserving = any(claim.reserves is not None for claim in claims)
    arguments: list[str | int] = [
        int(DUPLICATE_WINDOW.total_seconds() * 1000),
        int(_KEEP_TRADES.total_seconds()),
        int(reservation_seconds * 1000) if reserving else 0,
    ]
    for claim in claims:
        scopes = _scopes(claim)
        arguments += [claim.decision_id, _or_no_limit(claim.limit), len(scopes), *scopes, *_order(claim.reserves)]
    return arguments


def release_arguments(claims: Sequence[Claim]) -> list[str | int]:
    """Return the arguments of `RELEASE`."""
    arguments: list[str | int] = []
    for claim in claims:
        scopes = _scopes(claim)
        arguments += [claim.decision_id, int(claim.reserves is not None), len(scopes), *scopes]
    return arguments


def answer_to(claim: Claim, outcome: int, holder: bytes, trades: int, *beside: int) -> ClaimAnswer:
    """Return what one answer of `CLAIM` means."""
    taken_by = holder.decode() if outcome == _TAKEN else None
    reserved = _reserved(*beside) if beside else Reserved()
    if outcome == _GRANTED or taken_by == claim.decision_id:
        return ClaimAnswer(granted=True, trades=trades, reserved=reserved)
    return ClaimAnswer(granted=False, taken_by=taken_by, trades=trades, reserved=reserved)


def _scopes(claim: Claim) -> tuple[str, ...]:
    limited = () if claim.limited_scope is None else (claim.limited_scope,)
    return (*limited, *(scope for scope in claim.scopes if scope != claim.limited_scope))


def _order(reserves: Reservation | None) -> tuple[str | int, ...]:
    if reserves is None:
        return ("",)
    if isinstance(reserves, Entry):
        return (
            f"{reserves.notional} {reserves.leverage} {int(reserves.opens)} 0 {reserves.name}",
            reserves.revision,
            _or_no_limit(reserves.notional_left),
            _or_no_limit(reserves.leverage_left),
            _or_no_limit(reserves.positions_left),
            int(reserves.may_add),
            "\n".join(("", *reserves.open_names, "")),
        )
    kept = f"0 0 0 {reserves.quantity} {reserves.symbol}"
    return (kept, reserves.revision, _or_no_limit(reserves.quantity_left))


def _or_no_limit(limit: int | None) -> int:
    return _NO_LIMIT if limit is None else limit


def _reserved(notional: int, leverage: int, positions: int, opens_this: int, exiting: int) -> Reserved:
    return Reserved(
        notional=Decimal(notional) / MILLION,
        leverage=Decimal(leverage) / MILLION,
        positions=positions,
        opens_this=bool(opens_this),
        exiting=Decimal(exiting) / MILLION,
    )
