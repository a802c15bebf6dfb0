"""What the market feed does: prices, rules and regimes into the store that gates read."""
