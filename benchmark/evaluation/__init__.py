"""From run files and judgements to numbers."""
