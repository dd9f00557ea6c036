"""The table of topics, and the way between bytes and the model. Never raises on bad input."""
