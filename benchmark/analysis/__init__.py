"""What a backbone's layers and heads know: analyses over a whole collection."""
