"""MCP: tools, prompts and resources for language models."""
