"""Re-ranking methods: one folder each, found by looking."""
