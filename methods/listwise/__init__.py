"""What methods share that rank a window of passages in one prompt. Not a method itself."""
