"""Read attention rows of chosen tokens, heads and layers out of any transformers decoder.

Nothing of a model is copied or patched. transformers lets an attention function be registered by name
(``AttentionInterface``, and ``AttentionMaskInterface`` for its mask); ours hands the forward pass on to the
framework's own function and, for a few rows, computes ``softmax(scaling * q k^T + mask)`` beside it.

One reading is two forward passes: the prefix (everything up to the tail) through the fast attention, then all tails
(query, content-free query) in one pass over its cache, each blind to the others. The pass ends inside the deepest
layer that is wanted, before that layer's own attention; logits are never computed.

``prompt`` holds what methods ask, ``reader`` what they call, ``interface`` what transformers calls, ``rows`` the
arithmetic. Nothing is imported here: planning a run needs ``prompt`` alone, and transformers takes seconds.
"""
