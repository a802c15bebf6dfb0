"""Use cases of policy and control, and the projection of both to Redis."""
