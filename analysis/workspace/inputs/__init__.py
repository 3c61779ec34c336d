"""What steps are given: frames and estimates made from the client's tables."""
