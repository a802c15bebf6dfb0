"""What the portfolio tracker does."""
