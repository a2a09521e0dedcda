"""A ledger of what methods gave, so that no change moves a number silently."""
