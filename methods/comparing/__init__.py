"""What methods share that show a few passages at a time and ask which is best. Not a method itself.

`Comparing` cuts the passages and hands out sets of them; a judge says how each set is ranked: by what the model writes,
by its next token, or by its attention. What is asked, and how an answer is read, is a `Question`.
"""
