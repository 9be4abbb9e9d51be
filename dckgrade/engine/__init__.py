"""What is outside: the engine, its containers' services. The port says what may be asked of it."""
