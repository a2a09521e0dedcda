"""Timed sessions: latency beside the bare forward pass, and throughput. See docs/protocol.md."""
