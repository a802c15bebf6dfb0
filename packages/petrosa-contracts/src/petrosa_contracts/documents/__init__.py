"""Documents about the wire, derived from the models: who says what to whom, as data, AsyncAPI and JSON Schema."""
