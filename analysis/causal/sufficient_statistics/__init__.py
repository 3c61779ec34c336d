"""Large micro-data through counts, means and products by cell."""
