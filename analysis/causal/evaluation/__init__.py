"""One outcome evaluated: the leading effect, the estimates beside it, and its checks."""
