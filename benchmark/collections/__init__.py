"""Collections: topics, documents, judgements and first-stage runs, read when they are needed."""
