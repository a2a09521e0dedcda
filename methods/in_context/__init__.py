"""What the in-context re-rankers share: prompts, token spans, calibration. Not a method itself."""
