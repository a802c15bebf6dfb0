"""Policy and control: what is stored, what a change makes of it, and what a caller is told."""
