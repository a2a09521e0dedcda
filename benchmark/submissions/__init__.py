"""Results that others send: packed, checked without trusting their author, and re-run in part."""
