"""What gates read, in Redis."""
