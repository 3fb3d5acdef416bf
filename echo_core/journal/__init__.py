"""The durable record: a protocol, and its implementation in files."""
