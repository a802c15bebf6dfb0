"""Names of the collections. The only place that spells them."""

GLOBAL = "trading_configs_global"
"""One document, `_id` "global"."""

SYMBOLS = "trading_configs_symbols"
"""One document per symbol."""

OLDER_SYMBOLS = "trading_configs_symbol"
"""The same under the name that older engines used; read where `SYMBOLS` has no document."""

SYMBOL_SIDES = "trading_configs_symbol_side"
"""One document per symbol and side."""

STRATEGIES = "trading_configs_strategy"
"""One document per strategy."""

CONFIGS = (GLOBAL, SYMBOLS, OLDER_SYMBOLS, SYMBOL_SIDES, STRATEGIES)
"""All config collections; of two that hold the same scope, the earlier one counts."""

AUDIT = "trading_configs_audit"
"""The trail, append only."""

STATE = "cio_policy_state"
"""One document, `_id` "policy", with the revision: the count of all writes. Every write changes it, so that writers
come one after the other; `_id` "tokens" does the same for tokens."""

VERSIONS = "cio_policy_versions"
"""`_id` scope key, the last version given to that scope; outlives the config."""

CONTROL = "cio_control"
"""`_id` scope key, the fields of a control entry, times as ISO text as in Redis."""

PROPOSALS = "cio_proposals"
"""`_id` proposal id."""

ANSWERS = "cio_answers"
"""`_id` caller and idempotency key; kept for a day."""

TOKENS = "cio_tokens"
"""`_id` token id; the secret is not in it."""

SECOND_FACTOR = "cio_second_factor"
"""`_id` "spent" with the last time step used, and one document per wrong code."""

AUDIT_CHAIN = "audit_chain"
"""The chain of audit records: `_id` sequence. Insert only."""

AUDIT_LEASE = "audit_lease"
"""`_id` "recorder": which recorder leads, and until when."""

OURS = (STATE, VERSIONS, CONTROL, PROPOSALS, ANSWERS, TOKENS, SECOND_FACTOR)
"""The collections that no engine knows."""
