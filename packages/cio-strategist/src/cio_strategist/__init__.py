"""The slow, thoughtful side of governance: who sets policy, who halts, and how it is written down."""
