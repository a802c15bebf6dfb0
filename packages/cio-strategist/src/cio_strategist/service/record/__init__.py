"""What the recorder does: the audit chain, its verification, and accounting for every intent."""
