"""MongoDB: the authority's own store of policy, control, their trail, proposals, tokens and second factors."""

from cio_strategist.adapters.mongo.authority import Authority, open_authority
from cio_strategist.adapters.mongo.policy_store import MongoPolicyStore
from cio_strategist.adapters.mongo.second_factor_store import MongoSecondFactorStore
from cio_strategist.adapters.mongo.token_store import MongoTokenStore

__all__ = ["Authority", "MongoPolicyStore", "MongoSecondFactorStore", "MongoTokenStore", "open_authority"]
