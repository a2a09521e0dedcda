"""What methods that read a few heads share: naming them, published sets, score tables, detection. Not a method itself."""
