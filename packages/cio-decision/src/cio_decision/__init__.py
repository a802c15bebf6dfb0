"""The decision itself: an intent and what is known, in; a verdict, out. Pure, so that it can be replayed."""
