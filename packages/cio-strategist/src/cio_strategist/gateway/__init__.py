"""What callers reach over the network: HTTP for people and bots, MCP for language models."""
