"""What methods that read a few heads share: names, published sets, score tables, detection. Not a method itself."""
